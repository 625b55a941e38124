"""`./millrace validate` reads folders and addresses, follows a live stream, and says by its exit code what it found."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from typer.testing import CliRunner, Result

from millrace.media import hls
from millrace.media.hls import ByteRange
from millrace.media.validate import Findings, Unreadable
from scripts.millrace_cli.app import app
from scripts.millrace_cli.following import Follower
from scripts.millrace_cli.following_dash import follow_manifest
from scripts.millrace_cli.reading import Folder, Web
from tests.media_fixtures.streams import PARTS_A_SEGMENT, Files, a_film, a_live_stream, live_playlist


class _Site:
    """Files on loopback; live playlists go on by a part with each request for the next one."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.parts = 34
        self.fault = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, data = site.answer(self.path, self.headers.get("Range"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, address: str, byte_range: str | None) -> tuple[int, bytes]:
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = parts.path.lstrip("/")
        if "_HLS_msn" in query:
            return self._live(name, query)
        if name not in self.files:
            return 404, b""
        if byte_range:
            first, _, last = byte_range.removeprefix("bytes=").partition("-")
            return 206, self.files[name][int(first) : int(last) + 1]
        return 200, self.files[name]

    def _live(self, name: str, query: dict[str, str]) -> tuple[int, bytes]:
        asked = (int(query["_HLS_msn"]) - 1) * PARTS_A_SEGMENT + int(query.get("_HLS_part", 0)) + 1
        if asked > self.parts + 3 * PARTS_A_SEGMENT and self.fault != "future":
            return 400, b""
        self.parts = max(self.parts, asked)
        count, open_parts = divmod(self.parts, PARTS_A_SEGMENT)
        other = "../audio/media.m3u8" if name.startswith("video") else "../video/media.m3u8"
        playlist = live_playlist(count, open_parts, other, first=3 if self.fault == "back" and self.parts < 40 else 1)
        if "_HLS_skip" in query:
            playlist = hls.make_delta(playlist)
        return 200, hls.write_media(playlist).encode()


@pytest.fixture(scope="module")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("film")
    for name, data in a_film().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def site() -> Iterator[_Site]:
    site = _Site(a_live_stream())
    thread = Thread(target=site.server.serve_forever)
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["validate", *arguments])


def test_a_good_folder_ends_well(film_folder: Path) -> None:
    done = _run(str(film_folder))
    assert done.exit_code == 0
    assert "0 error, 0 warning, 0 info" in done.output


def test_an_error_is_printed_with_its_rule_and_place_and_fails(film_folder: Path, tmp_path: Path) -> None:
    text = (film_folder / "video_144p" / "media.m3u8").read_text()
    (tmp_path / "media.m3u8").write_text(text)
    done = _run(str(tmp_path / "media.m3u8"), "--json")
    assert done.exit_code == 1
    report = json.loads(done.output)
    assert report["counts"]["error"] > 0
    assert report["findings"][0] == {
        "code": "file-unreadable",
        "severity": "error",
        "place": "media.m3u8",
        "clause": "RFC 8216bis 6.2.1",
        "message": "seg_00001.m4s: seg_00001.m4s: No such file or directory.",
    }


@pytest.mark.parametrize("stream", ["nowhere", "."])
def test_what_is_no_stream_is_refused_in_a_sentence(stream: str, tmp_path: Path) -> None:
    done = _run(str(tmp_path / stream))
    assert done.exit_code == 1
    assert "no folder with one" in str(done.exception)


def test_an_address_is_read_and_followed(site: _Site) -> None:
    done = _run(f"{site.url}/main.m3u8", "--follow", "0.5")
    assert done.exit_code == 0, done.output
    assert "0 error" in done.output
    # The next part was asked for, and came.
    assert site.parts > 34


def _followed(site: _Site, location: str, seconds: float = 0.5) -> set[str]:
    found = Findings()
    with httpx.Client() as client:
        Follower(Web(client), found).follow(f"{site.url}/{location}", seconds)
    return {finding.code for finding in found}


def test_a_stream_that_goes_on_rightly_has_no_findings(site: _Site) -> None:
    assert _followed(site, "main.m3u8") == set()


def test_a_server_that_waits_for_what_is_far_off_is_found(site: _Site) -> None:
    site.fault = "future"
    assert "live-future" in _followed(site, "main.m3u8")


def test_a_media_sequence_that_goes_back_is_found(site: _Site) -> None:
    site.fault = "back"
    site.files["video/media.m3u8"] = hls.write_media(live_playlist(8, 2, "x", first=3)).encode()
    assert "live-sequence" in _followed(site, "video/media.m3u8")


def test_a_stream_that_stands_still_is_found(site: _Site) -> None:
    whole = hls.parse_media(site.files["video/media.m3u8"].decode())
    segments = tuple(replace(segment, parts=()) for segment in whole.segments)
    plain = hls.MediaPlaylist(whole.target_duration_s, segments)
    site.files["video/media.m3u8"] = hls.write_media(plain).encode()
    now = iter(range(1000))
    found = Findings()
    with httpx.Client() as client:
        follower = Follower(Web(client), found, clock=lambda: float(next(now)), sleep=lambda _: None)
        follower.follow(f"{site.url}/video/media.m3u8", 20)
    assert {finding.code for finding in found} == {"live-stalled"}


def test_a_manifest_is_followed_until_it_is_static(site: _Site) -> None:
    text = a_film()["manifest.mpd"].decode()
    clock = 'type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z" publishTime="2026-01-01T00:00:00Z"'
    growing = text.replace('type="static"', clock).replace('<S t="360000" d="30000" />', "")
    assert growing.count("<S ") < text.count("<S ")
    site.files["manifest.mpd"] = growing.encode()
    found = Findings()

    def end(_: float) -> None:
        site.files["manifest.mpd"] = text.encode()

    with httpx.Client() as client:
        reloads = follow_manifest(Web(client), f"{site.url}/manifest.mpd", found, 60, sleep=end)
    assert reloads == 1
    assert list(found) == []


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "http://127.0.0.1:9/x", "%2e%2e/secret"])
def test_a_folder_gives_nothing_from_outside(film_folder: Path, tmp_path: Path, location: str) -> None:
    (film_folder.parent / "secret").write_text("x")
    with pytest.raises(Unreadable, match="outside"):
        Folder(film_folder).read(location)


def test_ranges_are_read_from_both(film_folder: Path, site: _Site) -> None:
    wanted = ByteRange(4, 4)
    assert Folder(film_folder).read("video_144p/init.mp4", wanted) == b"ftyp"
    with pytest.raises(Unreadable, match="ends before"):
        Folder(film_folder).read("video_144p/init.mp4", ByteRange(10**6, 0))
    with httpx.Client() as client:
        assert Web(client).read(f"{site.url}/video/init.mp4", wanted) == b"ftyp"
        with pytest.raises(Unreadable, match="404"):
            Web(client).read(f"{site.url}/nothing")


def test_a_server_that_does_not_answer_is_a_finding(site: _Site) -> None:
    done = _run("http://127.0.0.1:9/main.m3u8")
    assert done.exit_code == 1
    assert "file-unreadable" in done.output
