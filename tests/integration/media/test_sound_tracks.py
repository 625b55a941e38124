"""Every sound track is kept, mixed down without harm, measured, and joined without a click."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from millrace.media import dash, hls
from millrace.media.ffmpeg import loudness_output
from millrace.media.loudness import programme_loudness
from millrace.transcode.loudness import loud_blocks
from tests.media_fixtures import FFMPEG, decode_errors
from tests.media_fixtures.transcoding import Transcoded, transcode

RATE_HZ = 48_000
TONES_HZ = (331, 1210, 3511)
# What AAC leaves of a tone's purity; a sample too many at a join leaves 5 dB, a cold encoder 8.
PURITY_MIN_DB = 25
SECONDS = 9


def _make(path: Path, *sounds: str, options: tuple[str, ...] = (), seconds: float = SECONDS) -> Path:
    """Write a film with these sound tracks."""
    command = [FFMPEG, "-y", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=160x90:r=25:d={seconds}"]
    for sound in sounds:
        command += ["-f", "lavfi", "-i", sound]
    maps = [part for index in range(len(sounds) + 1) for part in ("-map", str(index))]
    codec = ["libvpx", "-deadline", "realtime", "-cpu-used", "16"] if path.suffix == ".webm" else ["mpeg4", "-g", "50"]
    subprocess.run([*command, *maps, "-c:v", *codec, *options, str(path)], check=True, timeout=60)
    return path


def _tones(rate_hz: int, seconds: float = SECONDS) -> str:
    tones = "+".join(f"0.2*sin(2*PI*{tone}*t)" for tone in TONES_HZ)
    return f"aevalsrc='{tones}':s={rate_hz}:d={seconds}"


def _channels(path: Path) -> NDArray[np.float64]:
    """Decode a track; a column a channel."""
    count = int(_probe(path, "channels"))
    command = [FFMPEG, "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    return np.frombuffer(raw, np.float32).astype(np.float64).reshape(-1, count)


def _probe(path: Path, field: str) -> str:
    from tests.media_fixtures import FFPROBE

    command = [FFPROBE, "-v", "error", "-show_entries", f"stream={field}", "-of", "csv=p=0", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def _purity_db(samples: NDArray[np.float64], tones_hz: tuple[int, ...] = TONES_HZ) -> float:
    """Return how far all but these tones lies below them, whatever their phase."""
    times_s = np.arange(len(samples)) / RATE_HZ
    waves = [wave(2 * np.pi * tone * times_s) for tone in tones_hz for wave in (np.sin, np.cos)]
    basis = np.stack(waves, axis=1)
    weights, *_ = np.linalg.lstsq(basis, samples, rcond=None)
    rest = samples - basis @ weights
    return float(10 * np.log10((samples**2).mean() / (rest**2).mean()))


@dataclass(frozen=True)
class Case:
    name: str
    rate_hz: int
    codec: str


@pytest.mark.parametrize(
    "case",
    [
        Case("clip.mp4", 44_100, "aac"),
        Case("clip.mkv", 44_100, "aac"),
        Case("clip.mkv", 48_000, "libmp3lame"),
        Case("clip.webm", 48_000, "libopus"),
        Case("clip.ts", 32_000, "aac"),
        Case("clip.flv", 44_100, "aac"),
        Case("clip.mov", 96_000, "pcm_s16le"),
    ],
    ids=lambda case: f"{case.name} {case.codec} {case.rate_hz}",
)
def test_chunks_of_sound_meet_without_a_click(case: Case, tmp_path: Path) -> None:
    options = ("-c:a", case.codec, "-b:a", "160k")
    codec = ("-c:v", "flv1") if case.name.endswith("flv") else ()
    result = transcode(_make(tmp_path / case.name, _tones(case.rate_hz), options=(*options, *codec)), tmp_path / "out")
    assert len(result.plan.audio_chunks) == 2
    samples = _channels(result.joined("audio_und"))[:, 0]
    join = result.plan.audio_chunks[0].end_sample
    assert _purity_db(samples[join - 2048 : join + 2048]) > PURITY_MIN_DB
    assert decode_errors(result.joined("audio_und")) == ""
    assert len(result.inits["audio_und"]) == 1


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Transcoded:
    """English in mono, German in 5.1 with a full-scale tone of its own in every channel, and one without a name."""
    folder = tmp_path_factory.mktemp("several")
    surround = "|".join(f"sin(2*PI*{tone}*t)" for tone in (400, 500, 600, 50, 700, 800))
    source = _make(
        folder / "film.mkv",
        f"aevalsrc='0.5*sin(2*PI*300*t)':s=48000:d={SECONDS}",
        f"aevalsrc='{surround}':c=5.1:s=48000:d={SECONDS}",
        f"aevalsrc='0.5*sin(2*PI*900*t)|0':c=stereo:s=48000:d={SECONDS - 4}",
        options=(
            *("-c:a", "flac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"),
            *("-metadata:s:a:1", "title=Kino", "-disposition:a:0", "0", "-disposition:a:1", "default"),
        ),
    )
    return transcode(source, folder / "out")


def test_every_track_is_offered_with_its_language(several: Transcoded) -> None:
    main = hls.parse_multivariant((several.folder / "main.m3u8").read_text())
    offered = [(each.uri, each.name, each.language, each.channels, each.is_default) for each in main.audio]
    assert offered == [
        ("audio_eng/media.m3u8", "English", "en", 1, False),
        ("audio_deu/media.m3u8", "Kino", "de", 2, True),
        ("audio_und/media.m3u8", "Sound", None, 2, False),
    ]
    manifest = dash.parse((several.folder / "manifest.mpd").read_text())
    sounds = [each for each in manifest.adaptation_sets if each.content == "audio"]
    assert [each.representations[0].id for each in sounds] == ["audio_eng", "audio_deu", "audio_und"]


def test_every_track_sounds_like_itself(several: Transcoded) -> None:
    for name, tones in (("audio_eng", (300,)), ("audio_und", (900,))):
        samples = _channels(several.joined(name))[RATE_HZ : 3 * RATE_HZ, 0]
        assert _purity_db(samples, tones) > PURITY_MIN_DB


def test_mono_stays_mono_and_sides_stay_apart(several: Transcoded) -> None:
    assert _channels(several.joined("audio_eng")).shape[1] == 1
    sides = _channels(several.joined("audio_und"))[RATE_HZ : 2 * RATE_HZ]
    assert np.abs(sides[:, 0]).max() > 0.4
    assert np.abs(sides[:, 1]).max() < 0.01


def test_a_downmix_keeps_every_channel_and_never_clips(several: Transcoded) -> None:
    sides = _channels(several.joined("audio_deu"))[RATE_HZ : 3 * RATE_HZ]
    assert np.abs(sides).max() < 1.05  # all at full scale, and AAC's overshoot
    spectrum = np.abs(np.fft.rfft(sides, axis=0)) / len(sides) * 2
    left, right = (spectrum[:, side] for side in (0, 1))
    level = {tone: (left[tone * 2], right[tone * 2]) for tone in (400, 500, 600, 700, 800)}
    assert level[400][0] == pytest.approx(0.414, rel=0.05)
    assert level[400][1] < 0.01
    assert level[500][1] == pytest.approx(0.414, rel=0.05)
    # The voice, in the centre, is heard on both sides alike, 3 dB down.
    assert level[600][0] == pytest.approx(0.414 * 0.707, rel=0.05)
    assert level[600][1] == pytest.approx(level[600][0], rel=0.02)
    assert level[700][0] == pytest.approx(0.414 * 0.707, rel=0.05)
    assert level[800][1] == pytest.approx(0.414 * 0.707, rel=0.05)


def test_a_track_that_ends_early_goes_on_in_silence(several: Transcoded) -> None:
    samples = _channels(several.joined("audio_und"))
    assert len(samples) == pytest.approx(SECONDS * RATE_HZ, abs=2048)
    assert np.abs(samples[(SECONDS - 3) * RATE_HZ :]).max() < 0.001


def test_sixteen_loose_channels_become_the_first_two(tmp_path: Path) -> None:
    tones = "|".join(f"0.5*sin(2*PI*{300 + 100 * channel}*t)" for channel in range(16))
    clip = _make(
        tmp_path / "clip.mov", f"aevalsrc='{tones}':c=16c:s=48000:d=2", options=("-c:a", "pcm_s16le"), seconds=2
    )
    result = transcode(clip, tmp_path / "out")
    samples = _channels(result.joined("audio_und"))[12_000:60_000]
    assert _purity_db(samples[:, 0], (300,)) > PURITY_MIN_DB
    assert _purity_db(samples[:, 1], (400,)) > PURITY_MIN_DB


@pytest.mark.parametrize("codec", ["ac3", "aac"])
def test_a_broadcast_that_changes_to_stereo_stays_in_step(codec: str, tmp_path: Path) -> None:
    """A film in 5.1, then a break in stereo: both halves sound when the picture shows them."""
    halves = []
    for number, (layout, tones) in enumerate(
        [("5.1", "0.5*sin(2*PI*400*t)|0|0|0|0|0"), ("stereo", "0.5*sin(2*PI*900*t)|0")]
    ):
        offset = ("-output_ts_offset", str(5 * number))
        sound = f"aevalsrc='{tones}':c={layout}:s=48000:d=5"
        halves.append(_make(tmp_path / f"half_{number}.ts", sound, options=("-c:a", codec, *offset), seconds=5))
    whole = tmp_path / "whole.ts"
    whole.write_bytes(b"".join(half.read_bytes() for half in halves))
    result = transcode(whole, tmp_path / "out")
    assert result.plan.audio[0].may_change
    samples = _channels(result.joined("audio_und"))[:, 0]
    assert _purity_db(samples[int(4.1 * RATE_HZ) : int(4.9 * RATE_HZ)], (400,)) > PURITY_MIN_DB
    assert _purity_db(samples[int(5.3 * RATE_HZ) : int(6.3 * RATE_HZ)], (900,)) > PURITY_MIN_DB


@pytest.mark.parametrize(
    ("sound", "lufs", "peak_db"),
    [
        # EBU Tech 3341, test signal 1: a tone at -23 dBFS on both sides.
        ("aevalsrc='0.0708*sin(2*PI*1000*t)|0.0708*sin(2*PI*1000*t)':c=stereo:s=48000:d=9", -23.0, -23.0),
        # One channel is heard from two loudspeakers.
        ("aevalsrc='0.0708*sin(2*PI*1000*t)':c=mono:s=48000:d=9", -23.0, -23.0),
        # What lies more than 10 LU below the rest does not count.
        (
            "aevalsrc='0.0708*sin(2*PI*1000*t)*if(lt(t,6),1,0.05)':c=mono:s=48000:d=9,aformat=channel_layouts=mono",
            -23.0,
            -23.0,
        ),
    ],
    ids=["stereo", "mono", "gated"],
)
def test_loudness_is_measured_over_all_chunks(sound: str, lufs: float, peak_db: float, tmp_path: Path) -> None:
    result = transcode(_make(tmp_path / "clip.mov", sound, options=("-c:a", "pcm_s24le")), tmp_path / "out")
    assert len(result.plan.audio_chunks) == 2
    found = programme_loudness(
        loud_blocks(
            Path(loudness_output(str(result.folder / f"audio_chunk_{chunk.index}"), "audio_und")), result.plan, chunk
        )
        for chunk in result.plan.audio_chunks
    )
    assert found is not None
    assert found.integrated_lufs == pytest.approx(lufs, abs=0.2)
    assert found.true_peak_dbtp == pytest.approx(peak_db, abs=0.5)
