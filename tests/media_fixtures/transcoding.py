"""Transcode a local file with our plan and the real ffmpeg, as the workflow does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from millrace.media import cmaf, ffmpeg, package
from millrace.media.codecs import codec_of
from millrace.media.intake import Examined, ProbeFailed, examine
from millrace.media.plan import AudioChunk, Chunk, EncodePlan, make_plan
from millrace.media.probe import Limits, require_whole_input
from millrace.platform import process
from tests.media_fixtures.tools import FFMPEG, FFPROBE

LOCAL = Limits(allow_files=True)


@dataclass(frozen=True)
class Transcoded:
    """Hold a finished transcode: `files` below `folder`, as they would lie in the media bucket."""

    folder: Path
    plan: EncodePlan
    examined: Examined
    inits: dict[str, set[bytes]]
    tracks: dict[str, package.MeasuredTrack]

    def joined(self, name: str) -> Path:
        """Return init and segments of a track in one file."""
        path = self.folder / f"{name}.joined.mp4"
        parts = sorted((self.folder / name).glob("seg_*.m4s"))
        path.write_bytes(b"".join(part.read_bytes() for part in [self.folder / name / "init.mp4", *parts]))
        return path


def examine_file(path: Path, limits: Limits = LOCAL) -> Examined:
    """Examine a local file."""
    data = path.read_bytes()
    return examine(
        lambda offset, length: data[offset : offset + length],
        len(data),
        run=run_ffprobe,
        ffprobe=FFPROBE,
        url=str(path.absolute()),
        limits=limits,
    )


def run_ffprobe(argv: list[str]) -> str:
    """Run ffprobe as the workflow does."""
    try:
        finished = process.run(argv, timeout_s=30)
    except process.ToolFailed as error:
        raise ProbeFailed(error.stderr_tail) from error
    require_whole_input(finished.stderr_tail)
    return finished.stdout.decode()


def transcode(path: Path, folder: Path, *, parallelism: int = 8) -> Transcoded:
    """Transcode a local file into `folder`, every playlist included."""
    examined = examine_file(path)
    plan = make_plan(examined.source, examined.timeline, parallelism=parallelism)
    inits: dict[str, set[bytes]] = {rendition.name: set() for rendition in plan.renditions}
    measured: dict[str, list[cmaf.MeasuredSegment]] = {name: [] for name in inits}
    with ThreadPoolExecutor(2) as pool:
        cuts = list(pool.map(lambda chunk: _encode_chunk(path, folder, plan, chunk), plan.chunks))
    for cut_by_name in cuts:
        for name, cut in cut_by_name.items():
            inits[name].add(cut.init)
            measured[name] += _store(folder / name, cut)
    for chunk in plan.audio_chunks:
        for name, cut in _encode_sound(path, folder, plan, chunk).items():
            inits.setdefault(name, set()).add(cut.init)
            measured.setdefault(name, []).extend(_store(folder / name, cut))
    sound = {track.name: track.sample_rate_hz for track in plan.audio}
    tracks = {
        name: package.MeasuredTrack(
            name=name,
            codec=codec_of(next(iter(inits[name]))),
            timescale=sound.get(name, plan.timescale),
            segments=tuple(segments),
        )
        for name, segments in measured.items()
    }
    video = [tracks[rendition.name] for rendition in plan.renditions]
    for name, text in package.package(plan, video, [tracks[name] for name in sound]).items():
        (folder / name).write_text(text)
    return Transcoded(folder, plan, examined, inits, tracks)


def _encode_chunk(path: Path, folder: Path, plan: EncodePlan, chunk: Chunk) -> dict[str, cmaf.Cut]:
    work = folder / f"chunk_{chunk.index}"
    work.mkdir(parents=True)
    for name, text in ffmpeg.side_files(plan, str(work)).items():
        Path(name).write_text(text)
    finished = process.run(ffmpeg.chunk_argv(FFMPEG, plan, chunk, str(path), str(work), LOCAL), timeout_s=60)
    require_whole_input(finished.stderr_tail)
    outputs = ffmpeg.chunk_outputs(plan, str(work))
    return {
        rendition.name: cmaf.cut_chunk(Path(outputs[rendition.name]), plan, chunk, rendition)
        for rendition in plan.renditions
    }


def _encode_sound(path: Path, folder: Path, plan: EncodePlan, chunk: AudioChunk) -> dict[str, cmaf.Cut]:
    work = folder / f"audio_chunk_{chunk.index}"
    work.mkdir(parents=True)
    finished = process.run(ffmpeg.audio_argv(FFMPEG, plan, chunk, str(path), str(work), LOCAL), timeout_s=60)
    require_whole_input(finished.stderr_tail)
    outputs = ffmpeg.audio_outputs(plan, str(work))
    return {track.name: cmaf.cut_audio(Path(outputs[track.name]), plan, chunk, track) for track in plan.audio}


def _store(folder: Path, cut: cmaf.Cut) -> list[cmaf.MeasuredSegment]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "init.mp4").write_bytes(cut.init)
    for segment in cut.segments:
        (folder / segment.file_name).write_bytes(segment.data)
    return [segment.measure() for segment in cut.segments]
