"""Where live benchmarks happen: the running platform, a stream of the test pattern on it, and nginx-rtmp as a rival."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from scripts.deployer.layers import Runtime, unpack_layer
from scripts.millrace_cli.account import read_credentials
from scripts.millrace_cli.api import Api
from scripts.millrace_cli.console import CommandFailed
from scripts.millrace_cli.home import Settings, current_home, free_port
from scripts.millrace_cli.processes import PROCESSES
from scripts.streaming.encoder import Encoder, Source
from scripts.supervisor.client import current_report

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
DEADLINE_S = 120
FULL_PLAYLIST = 5
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
# The first application asks for fragments as short as ours; the second is as it is shipped.
NGINX_CONFIG = """
load_module {module};
{user}daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
rtmp {{ access_log off; server {{ listen 127.0.0.1:{rtmp_port}; chunk_size 4096; max_message 6M;
  application short {{ live on; hls on; hls_path {folder}/short; hls_fragment 2s; hls_playlist_length 12s; }}
  application shipped {{ live on; hls on; hls_path {folder}/shipped; }} }} }}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
  server {{ listen 127.0.0.1:{http_port}; root {folder}; add_header Access-Control-Allow-Origin *;
    add_header Cache-Control no-cache; }} }}
"""


@dataclass(frozen=True, slots=True)
class Way:
    """One way from an encoder to viewers: an ingest and an edge."""

    rtmp_url: str
    edge_url: str
    edge_pid: int
    ingest_pid: int


@dataclass(slots=True)
class Live:
    """A stream that is live, and its encoder, which may be another one later."""

    session_id: str
    edge_url: str
    encoder: Encoder
    again: Callable[[], Encoder]

    def check(self) -> None:
        """Stop the benchmark where the stream has broken off: nothing that comes after would mean anything."""
        if not self.encoder.is_running():
            raise SystemExit(f"the encoder ended: {self.encoder.words}")

    @property
    def page_url(self) -> str:
        """Return our own page of it."""
        return f"{self.edge_url}/live/{self.session_id}"

    @property
    def media_url(self) -> str:
        """Return what its playlists' addresses begin with."""
        return f"{self.edge_url}/live/public/{self.session_id}"


class Stage:
    """A running platform, signed in to the account of its owner."""

    def __init__(self) -> None:
        home = current_home()
        report = current_report(home.run_dir)
        account = read_credentials(home)
        if report is None or account is None:
            raise SystemExit("Millrace is not running: start it with ./millrace up")
        said = subprocess.run(
            [str(ROOT / "millrace"), "status", "--json"], check=True, cwd=ROOT, stdout=subprocess.PIPE
        ).stdout
        self.settings: Settings = home.settings()
        self.outputs: dict[str, str] = json.loads(said)["outputs"]
        pids = {
            name: child.identity.pid for name in ("edge", "ingest") if (child := report.child(name)) and child.identity
        }
        self.way = Way(self.settings.rtmp_url, self.settings.edge_url, pids["edge"], pids["ingest"])
        self.api = Api(self.settings.edge_url)
        self.api.sign_in(account.email, account.password)
        tools = unpack_layer("FfmpegLayer", ROOT / "layers" / "ffmpeg", Runtime.of_this_machine())
        self.ffmpeg = str(tools / "bin" / "ffmpeg")
        self.channel_id = self._own_channel()

    @contextlib.contextmanager
    def live(self, source: Source, way: Way) -> Iterator[Live]:
        """Publish the source while the block runs; nothing of it is kept."""
        if self.api.request("GET", f"/api/channels/{self.channel_id}/live")["stream"]:
            raise SystemExit("the channel is live already: end that stream first")
        path = f"/api/channels/{self.channel_id}/stream-keys"
        made = self.api.request("POST", path, {"label": "benchmark"})
        key = made["stream_key"]
        begin = partial(Encoder, self.ffmpeg, source, f"{way.rtmp_url}/{key}", key)
        live = Live("", way.edge_url, begin(), begin)
        session: dict[str, Any] | None = None
        try:
            session = eventually(lambda: self._live_now(live.encoder))
            live.session_id = str(session["session_id"])
            yield live
        finally:
            live.encoder.stop()
            if session is not None:
                path_of = f"/api/live/{session['session_id']}"
                eventually(lambda: self.api.request("POST", f"{path_of}/end"))
                eventually(lambda: self._state(str(session["session_id"])) == "ended")
            self.api.request("DELETE", f"{path}/{made['key']['key_id']}")

    def come_back(self, live: Live) -> None:
        """Publish again what was cut off, with the same key."""
        live.encoder.stop()
        live.encoder = live.again()
        eventually(lambda: self._state(live.session_id) == "live")

    def health(self, live: Live) -> dict[str, Any]:
        """Return how the ingest says that the stream is doing."""
        return dict(self.api.request("GET", f"/api/live/{live.session_id}/health")["health"] or {})

    @contextlib.contextmanager
    def slow_way(self) -> Iterator[Way]:
        """Run a second ingest and a second edge, with delays like AWS's between them and the emulator."""
        argv = [sys.executable, "-m", "benchmarks.live_aws", "--endpoint", self.settings.emulator_url]
        with contextlib.ExitStack() as stack:
            proxy = stack.enter_context(_process(argv, stdout=subprocess.PIPE))
            assert proxy.stdout is not None
            # The emulator's address, as the processes know it, is the proxy's.
            slow = replace(
                self.settings,
                emulator_port=int(proxy.stdout.readline()),
                edge_port=free_port(),
                rtmp_port=free_port(),
                ingest_port=free_port(),
            )
            pids = {name: stack.enter_context(self._own(name, slow, {})) for name in ("edge", "ingest")}
            yield Way(slow.rtmp_url, slow.edge_url, pids["edge"], pids["ingest"])

    @contextlib.contextmanager
    def own_ingest(self, environ: Mapping[str, str]) -> Iterator[Way]:
        """Run a second ingest beside the platform's, with settings of its own."""
        own = replace(self.settings, rtmp_port=free_port(), ingest_port=free_port())
        with self._own("ingest", own, environ) as pid:
            yield Way(own.rtmp_url, self.way.edge_url, self.way.edge_pid, pid)

    @contextlib.contextmanager
    def _own(self, name: str, settings: Settings, environ: Mapping[str, str]) -> Iterator[int]:
        """Run one of the platform's processes once more; return its id."""
        each = next(process for process in PROCESSES if process.name == name)
        spec = each.spec(current_home(), settings, self.outputs)
        own = {**os.environ, **spec.environ, **environ}
        with _process(list(spec.argv), env=own, stdout=subprocess.DEVNULL) as started:
            eventually(partial(_answers, each.health_url(settings)))
            yield started.pid

    def _live_now(self, encoder: Encoder) -> dict[str, Any] | None:
        if not encoder.is_running():
            raise SystemExit(f"the encoder ended: {encoder.words}")
        found = self.api.request("GET", f"/api/channels/{self.channel_id}/live")["stream"]
        return dict(found) if found and found["state"] == "live" else None

    def _state(self, session_id: str) -> str:
        return str(self.api.request("GET", f"/api/live/{session_id}")["state"])

    def _own_channel(self) -> str:
        channels = self.api.request("GET", "/api/me/channels")["items"]
        if channels:
            return str(channels[0]["channel_id"])
        draft = {"handle": f"bench-{os.getpid()}", "name": "Benchmark"}
        return str(self.api.request("POST", "/api/channels", draft)["channel_id"])


def has_nginx_rtmp() -> bool:
    """Tell whether Debian's nginx-rtmp is installed."""
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") is not None and NGINX_MODULE.exists()


@contextlib.contextmanager
def nginx_rtmp(ffmpeg: str, source: Source, application: str) -> Iterator[str]:
    """Run nginx-rtmp and publish the source to it while the block runs; return the HLS address."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "nginx"
    rtmp_port, http_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        user = "user root; " if os.geteuid() == 0 else ""
        config.write_text(
            NGINX_CONFIG.format(module=NGINX_MODULE, user=user, folder=folder, rtmp_port=rtmp_port, http_port=http_port)
        )
        with _process([program, "-p", folder, "-c", str(config)], stderr=subprocess.DEVNULL):
            eventually(lambda: _answers(f"http://127.0.0.1:{http_port}/nginx.conf"))
            encoder = Encoder(ffmpeg, source, f"rtmp://127.0.0.1:{rtmp_port}/{application}/stream", "stream")
            try:
                url = f"http://127.0.0.1:{http_port}/{application}/stream.m3u8"
                # A stream that has only begun has no past, and players begin nearer to its end than later on.
                eventually(lambda: _segment_count(url) >= FULL_PLAYLIST)
                yield url
            finally:
                encoder.stop()


def eventually(look: Callable[[], T | None]) -> T:
    """Return what `look` finds, once it finds something; a platform that is too busy to answer is asked again."""
    until_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < until_s:
        with contextlib.suppress(CommandFailed):
            found = look()
            if found:
                return found
        time.sleep(0.1)
    raise SystemExit(f"what the benchmark waits for did not happen within {DEADLINE_S} s")


def _segment_count(url: str) -> int:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5, trust_env=False).text.count("#EXTINF")
    return 0


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    return False


@contextlib.contextmanager
def _process(argv: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(argv, cwd=ROOT, text=True, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
