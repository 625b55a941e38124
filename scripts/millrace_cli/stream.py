"""`./millrace stream`: publish a file or a test pattern, as OBS would."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import typer

from scripts.checkout import ROOT
from scripts.deployer.layers import Runtime, unpack_layer
from scripts.millrace_cli.account import sign_in
from scripts.millrace_cli.api import Api, ApiRefused, Json
from scripts.millrace_cli.console import CommandFailed, err, out
from scripts.millrace_cli.home import Home, current_home
from scripts.millrace_cli.running import running_names
from scripts.streaming.encoder import Encoder, Source
from scripts.supervisor.client import current_report

KEY_LABEL = "millrace stream"
POLL_S = 1.0
# A machine that does much else may need a while for the first key frame, its parts and their upload.
START_S = 60
END_S = 30
# What is told of a test stream that has ended: nothing of it stays.
NOT_FOUND = 404
SIZES = {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480), "360p": (640, 360), "240p": (426, 240)}
BITRATES_BPS = {1080: 6_000_000, 720: 3_000_000, 480: 1_500_000, 360: 1_000_000, 240: 600_000}


def stream(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, readable=True, help="What to publish.")
    ] = None,
    test_pattern: Annotated[
        bool, typer.Option("--test-pattern", help="Publish a moving pattern with a clock instead of a file.")
    ] = False,
    title: Annotated[str | None, typer.Option(help="What the stream is called (default: the channel's title).")] = None,
    test: Annotated[bool, typer.Option("--test", help="Only you can watch it, and nothing is kept.")] = False,
    duration: Annotated[
        float | None, typer.Option(min=1, help="End after that many seconds (default: at the end, or with Ctrl+C).")
    ] = None,
    size: Annotated[str, typer.Option(help=f"Of the test pattern: {', '.join(SIZES)}.")] = "720p",
    fps: Annotated[int, typer.Option(min=1, max=60, help="Of the test pattern.")] = 30,
    bitrate: Annotated[int | None, typer.Option(min=100, help="Of the picture, in kbit/s.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="MILLRACE_STREAM_KEY", help="Your own stream key (default: one for this time).")
    ] = None,
    rtmp_url: Annotated[str | None, typer.Option(help="Where to publish (default: this machine's platform).")] = None,
    api_url: Annotated[
        str | None, typer.Option(envvar="MILLRACE_URL", help="Another platform's address (default: this machine's).")
    ] = None,
    email: Annotated[
        str | None, typer.Option(envvar="MILLRACE_EMAIL", help="Your account (default: the local one).")
    ] = None,
    password: Annotated[
        str | None, typer.Option(envvar="MILLRACE_PASSWORD", help="Its password; better in the environment.")
    ] = None,
) -> None:
    """Go live with a file or a test pattern, see how the stream is doing, and end it with Ctrl+C.

    The stream becomes a video as soon as it ends.
    """
    if (file is None) == (not test_pattern):
        raise CommandFailed("say what to publish: a file, or --test-pattern")
    source = _source(file, size, fps, bitrate)
    home = current_home()
    site_url, ingest_url = _addresses(home, api_url, rtmp_url)
    with Api(site_url) as api:
        sign_in(home, api, email, password)
        with _Stage(api, key) as stage:
            run = _Run(api, stage, site_url, title, is_test=test)
            run.publish(source, f"{ingest_url}/{stage.key}{'?test=1' if test else ''}", duration)


def _source(file: Path | None, size: str, fps: int, bitrate_kbps: int | None) -> Source:
    """Return what to publish; raises CommandFailed for a size that there is not."""
    if size not in SIZES:
        raise CommandFailed(f"--size is one of {', '.join(SIZES)}")
    width, height = SIZES[size]
    return Source(file, width, height, fps, bitrate_kbps * 1000 if bitrate_kbps else BITRATES_BPS[height])


@dataclass
class _Stage:
    """A channel of one's own, and a key that opens it; a key that we made is revoked behind us."""

    api: Api
    given_key: str | None
    channel_id: str = ""
    key: str = ""
    _made_id: str | None = None

    def __enter__(self) -> Self:
        self.channel_id = self._own_channel()
        if self.given_key:
            self.key = self.given_key
            return self
        path = f"/api/channels/{self.channel_id}/stream-keys"
        made = self.api.request("POST", path, {"label": KEY_LABEL})
        self.key, self._made_id = made["stream_key"], made["key"]["key_id"]
        return self

    def _own_channel(self) -> str:
        """Return the account's first channel, making one where there is none."""
        channels = self.api.request("GET", "/api/me/channels")["items"]
        if channels:
            return str(channels[0]["channel_id"])
        draft = {"handle": f"creator-{secrets.token_hex(4)}", "name": "My channel"}
        return str(self.api.request("POST", "/api/channels", draft)["channel_id"])

    def __exit__(self, *_: object) -> None:
        if self._made_id:
            self.api.request("DELETE", f"/api/channels/{self.channel_id}/stream-keys/{self._made_id}")


class _Run:
    """One stream from its first frame to its recording."""

    def __init__(self, api: Api, stage: _Stage, site_url: str, title: str | None, *, is_test: bool) -> None:
        self._api, self._stage, self._site_url, self._title = api, stage, site_url, title
        self._is_test = is_test

    def publish(self, source: Source, url: str, duration_s: float | None) -> None:
        """Publish until the end, and tell of it; raises CommandFailed where the platform or the encoder gave up."""
        encoder = Encoder(_ffmpeg(), source, url, self._stage.key)
        session: Json | None = None
        try:
            session = self._await_live(encoder)
            self._describe(session)
            self._watch(encoder, session, duration_s)
        except KeyboardInterrupt:
            err.print("Ending the stream …")
        finally:
            encoder.stop()
        if session is None:
            raise CommandFailed(f"the stream did not begin: {encoder.words or 'it was ended before'}")
        self._end(session)

    def _await_live(self, encoder: Encoder) -> Json:
        """Return the session as soon as viewers can see it."""
        until_s = time.monotonic() + START_S
        with err.status("Going live …"):
            while time.monotonic() < until_s and encoder.is_running():
                found = self._mine()
                if found and found["state"] == "live":
                    return found
                time.sleep(POLL_S / 4)
        reason = encoder.words or f"no picture arrived within {START_S} s"
        raise CommandFailed(f"the stream did not begin: {reason}")

    def _mine(self) -> Json | None:
        found = self._api.request("GET", f"/api/channels/{self._stage.channel_id}/live")[
            "test_stream" if self._is_test else "stream"
        ]
        return dict(found) if found else None

    def _describe(self, session: Json) -> None:
        if self._title:
            self._api.request("PATCH", f"/api/live/{session['session_id']}", {"title": self._title})
        out.print(f"[bold]{self._title or session['title']}[/]  {session['session_id']}  live")
        for name, value in (
            ("Watch", f"{self._site_url}/live/{session['session_id']}"),
            ("HLS", session["hls_url"]),
            ("DASH", session["dash_url"]),
        ):
            out.print(f"  {name:7} {value}")
        out.print("  Ctrl+C ends it.")

    def _watch(self, encoder: Encoder, session: Json, duration_s: float | None) -> None:
        """Show how it is doing until it is over."""
        until_s = time.monotonic() + duration_s if duration_s else float("inf")
        told: set[str] = set()
        with err.status("live") as line:
            while encoder.is_running() and time.monotonic() < until_s:
                report = self._tried(lambda: self._api.request("GET", f"/api/live/{session['session_id']}/health"))
                if report:
                    line.update(_summary(report))
                    self._advise(report, told)
                time.sleep(POLL_S)
        if encoder.exit_code not in {None, 0}:
            raise CommandFailed(f"the encoder gave up: {encoder.words or f'exit code {encoder.exit_code}'}")

    def _advise(self, report: Json, told: set[str]) -> None:
        for each in report["advice"]:
            if each["code"] not in told:
                told.add(each["code"])
                err.print(f"  [yellow]{each['message']}[/]" if each["is_warning"] else f"  {each['message']}")

    def _end(self, session: Json) -> None:
        """End it on the platform too, which would otherwise wait for the publisher to come back."""
        path = f"/api/live/{session['session_id']}"
        self._tried(lambda: self._api.request("POST", f"{path}/end"))
        until_s = time.monotonic() + END_S
        with err.status("Ending …"):
            ended = self._tried(lambda: self._api.request("GET", path))
            while (not ended or ended["state"] != "ended") and time.monotonic() < until_s:
                time.sleep(POLL_S / 4)
                ended = self._tried(lambda: self._api.request("GET", path))
        if ended and ended["state"] == "ended" and ended.get("is_kept"):
            out.print(f"It has ended; the recording: {self._site_url}/watch/{session['video_id']}")
        else:
            out.print("It has ended." if ended and ended["state"] == "ended" else "It is being ended.")

    def _tried(self, ask: Callable[[], Json]) -> Json | None:
        """Ask the platform, which may be restarting while the encoder goes on."""
        try:
            return ask()
        except ApiRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise
        except CommandFailed:
            return None


def _summary(report: Json) -> str:
    health = report["health"] or {}
    facts = [report["state"]]
    if health.get("bitrate_bps"):
        facts.append(f"{health['bitrate_bps'] / 1e6:.1f} Mb/s")
    if health.get("frame_rate"):
        facts.append(f"{health['frame_rate']:.0f} fps")
    if health.get("upload_lag_ms") is not None:
        facts.append(f"upload lag {health['upload_lag_ms']} ms")
    if health.get("encode_speed"):
        facts.append(f"encode speed {health['encode_speed']:.2f}")
    if health.get("renditions"):
        facts.append(f"{len(health['renditions'])} tracks")
    return "  ".join(facts)


def _addresses(home: Home, api_url: str | None, rtmp_url: str | None) -> tuple[str, str]:
    """Return the site's address and the ingest's."""
    if api_url and not rtmp_url:
        rtmp_url = f"rtmp://{urlsplit(api_url).hostname}/live"
    if api_url and rtmp_url:
        return api_url.rstrip("/"), rtmp_url.rstrip("/")
    if not {"edge", "ingest"} <= set(running_names(current_report(home.run_dir))):
        raise CommandFailed("the platform is not running: start it with ./millrace up")
    settings = home.settings()
    return settings.edge_url, (rtmp_url or settings.rtmp_url).rstrip("/")


def _ffmpeg() -> str:
    """Return the ffmpeg that the platform ships."""
    return str(unpack_layer("FfmpegLayer", ROOT / "layers" / "ffmpeg", Runtime.of_this_machine()) / "bin" / "ffmpeg")
