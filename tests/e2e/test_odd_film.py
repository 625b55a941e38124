"""A film in HDR with two languages, one in 5.1, becomes one that every browser plays, and its owner is told."""

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from millrace.media import dash, hls
from tests.e2e.conftest import Creator
from tests.media_fixtures import FFMPEG, FFPROBE

SECONDS = 9
TIMEOUT_S = 30


@pytest.fixture(scope="module")
def film(creator: Creator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The film, uploaded and ready."""
    path = tmp_path_factory.mktemp("odd") / "film.mkv"
    tags = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    command = [FFMPEG, "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s=320x180:r=25:d={SECONDS},{tags}"]
    command += ["-f", "lavfi", "-i", f"aevalsrc='0.5*sin(2*PI*400*t)|0|0|0|0|0':c=5.1:s=48000:d={SECONDS}"]
    command += ["-f", "lavfi", "-i", f"sine=700:d={SECONDS}", "-map", "0", "-map", "1", "-map", "2"]
    command += ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"]
    command += ["-c:a:0", "ac3", "-c:a:1", "aac", "-ac:a:1", "1", "-metadata:s:a:0", "language=eng"]
    command += ["-metadata:s:a:1", "language=swe", "-metadata:s:a:1", "title=Svenska", str(path)]
    subprocess.run(command, check=True, timeout=120)
    found = creator.wait(creator.upload(path, title="Odd"))
    assert found["state"] == "ready", found["failure"]
    return found


def _text(url: str) -> str:
    answer = requests.get(url, timeout=TIMEOUT_S)
    assert answer.status_code == 200, url
    return answer.text


def test_both_manifests_offer_both_languages(film: dict[str, Any]) -> None:
    main = hls.parse_multivariant(_text(film["playback"]["hls_url"]))
    offered = [(each.language, each.name, each.channels, each.is_default) for each in main.audio]
    assert offered == [("en", "English", 2, True), ("sv", "Svenska", 1, False)]
    manifest = dash.parse(_text(film["playback"]["dash_url"]))
    assert [each.language for each in manifest.adaptation_sets if each.content == "audio"] == ["en", "sv"]


def test_every_language_plays_in_ffmpeg(film: dict[str, Any]) -> None:
    main = hls.parse_multivariant(_text(film["playback"]["hls_url"]))
    for sound in main.audio:
        url = urljoin(film["playback"]["hls_url"], sound.uri)
        command = [FFPROBE, "-v", "error", "-count_packets", "-show_entries", "stream=channels,nb_read_packets"]
        told = subprocess.run([*command, "-of", "csv=p=0", url], check=True, capture_output=True, text=True, timeout=60)
        channels, packets = (int(number) for number in told.stdout.split()[0].split(",")[:2])
        assert channels == sound.channels
        assert packets * 1024 / 48_000 == pytest.approx(SECONDS, abs=0.05)


def test_the_picture_says_that_it_is_sdr(film: dict[str, Any], tmp_path: Path) -> None:
    main = hls.parse_multivariant(_text(film["playback"]["hls_url"]))
    media_url = urljoin(film["playback"]["hls_url"], main.variants[0].uri)
    segment = hls.parse_media(_text(media_url)).segments[0]
    assert segment.init is not None
    joined = tmp_path / "first.mp4"
    uris = (segment.init.uri, segment.uri)
    joined.write_bytes(b"".join(requests.get(urljoin(media_url, uri), timeout=TIMEOUT_S).content for uri in uris))
    fields = "stream=pix_fmt,color_space,color_transfer,color_primaries"
    command = [FFPROBE, "-v", "error", "-show_entries", fields, "-of", "csv=p=0", str(joined)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert told.strip() == "yuv420p,bt709,bt709,bt709"


def test_the_owner_reads_what_was_changed(film: dict[str, Any]) -> None:
    assert film["owner"]["notes"] == [
        "The file is in HDR (PQ); the film is shown in standard colours (SDR).",
        "Surround sound was mixed down to stereo.",
    ]
