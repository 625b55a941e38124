"""What a film needs is predicted well from a second of it, and the ladder follows."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from millrace.media.complexity import complexity_of, fit_ladder, predicted_bps, read_sample, sample_places
from millrace.media.ffmpeg import complexity_argv, side_files
from millrace.media.plan import EncodePlan
from millrace.platform import process
from millrace.platform.steps import Deadline
from millrace.transcode import complexity as measuring
from millrace.transcode.source import Source
from tests.media_fixtures import FFMPEG, make_clip
from tests.media_fixtures.serving import serve
from tests.media_fixtures.transcoding import LOCAL, examine_file, transcode

SECONDS = 6
MOVING = f"mandelbrot=s=854x480:r=25:end_scale=0.2:maxiter=200,trim=end={SECONDS}"
FLAT = f"color=white:s=1280x720:r=25:d={SECONDS},drawbox=x=200:y=200:w=300:h=100:color=blue:t=fill"


def _make(path: Path, picture: str, *options: str) -> Path:
    source = [FFMPEG, "-y", "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture]
    subprocess.run([*source, "-c:v", "libx264", "-preset", "ultrafast", *options, str(path)], check=True, timeout=120)
    return path


def _fitted(source: Path, plan: EncodePlan, scratch: Path) -> tuple[EncodePlan, list[float]]:
    """Return the plan that fits the film, and the rates that were predicted for the one before."""
    for path, text in side_files(plan, str(scratch)).items():
        Path(path).write_text(text)
    samples = []
    for at_s in sample_places(plan):
        argv = complexity_argv(FFMPEG, plan, at_s, str(source), str(scratch), LOCAL)
        sample = read_sample(process.run(argv, timeout_s=120).stdout.decode(), plan)
        assert sample is not None
        samples.append(sample)
    complexity = complexity_of(plan, samples)
    assert complexity is not None
    means = [sum(rates) / len(rates) for rates in zip(*(sample.rates_bps for sample in samples), strict=True)]
    return fit_ladder(plan, complexity), [predicted_bps(complexity, each, means) for each in plan.renditions]


def test_predicted_rates_are_near_the_real_ones(tmp_path: Path) -> None:
    source = _make(tmp_path / "clip.mp4", MOVING, "-crf", "18", "-g", "50")
    result = transcode(source, tmp_path / "out")
    fitted, predicted = _fitted(source, result.plan, tmp_path)
    assert fitted.renditions[0].name == "video_480p"
    for rendition, rate_bps in zip(result.plan.renditions, predicted, strict=True):
        track = result.tracks[rendition.name]
        real_bps = sum(segment.size_bytes for segment in track.segments) * 8 / float(track.duration_s)
        expected_bps = min(rate_bps, rendition.maxrate_bps)
        assert 0.5 < expected_bps / real_bps < 2, (rendition.name, expected_bps, real_bps)


@pytest.mark.parametrize("name", ["flat.mp4", "flat.ts"])
def test_a_lecture_gets_fewer_rungs(name: str, tmp_path: Path) -> None:
    source = _make(tmp_path / name, FLAT)
    plan = transcode(source, tmp_path / "out").plan
    fitted, _ = _fitted(source, plan, tmp_path)
    names = [rendition.name for rendition in fitted.renditions]
    assert names[0] == "video_720p"
    assert names[-1] == "video_144p"
    assert len(names) < len(plan.renditions)


@dataclass(frozen=True)
class Served(Source):
    """A source on a server of the test's own."""

    address: str = ""

    def url(self) -> str:
        return self.address


@pytest.mark.parametrize("is_broken", [False, True], ids=["whole", "broken off"])
def test_a_source_is_measured_by_ranges_and_one_that_breaks_off_keeps_its_ladder(
    is_broken: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "tool", lambda _: FFMPEG)
    clip = make_clip(tmp_path / "clip.mp4", seconds=8, audio=False)
    examined = examine_file(clip)
    with serve(tmp_path, break_after_bytes=clip.stat().st_size // 4 if is_broken else None) as served:
        source = Served("clip.mp4", clip.stat().st_size, f"{served.base_url}/clip.mp4")
        found = measuring.measure(source, examined, Deadline.within(300))
    assert (found is None) == is_broken
