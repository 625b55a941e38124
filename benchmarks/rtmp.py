"""Publishers per core: our RTMP server and nginx-rtmp receive the same streams, one after the other.

    .millrace/venv/bin/python -m benchmarks.rtmp [--publishers 50 200] [--seconds 15] [--chunk-bytes 4096]

Every publisher sends the same 720p stream of 3 Mb/s in real time, each at its own moment. Both servers only receive
and drop it. "Publishers per core" is an extrapolation: publishers divided by the share of a core that the server
used, CPU time by the kernel's count. nginx-rtmp is Debian's (apt-get install nginx libnginx-mod-rtmp, or --nginx-root
with the unpacked packages); without it that row is left out.
"""

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import tree_cpu_s
from benchmarks.table import print_table
from tests.media_fixtures.tools import FFMPEG

ROOT = Path(__file__).parents[1]
# Connecting takes a moment; the measured time begins when all publish.
WARM_UP_S = 5.0
NGINX_CONFIG = """
load_module {modules}/ngx_rtmp_module.so;
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 2048; }}
rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; chunk_size 4096; max_message 6M;
  application live {{ live on; }} }} }}
"""


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    pid: int


@dataclass(frozen=True)
class Measured:
    """What one server needed for some publishers."""

    publishers: int
    cpu_share: float
    memory_mb: float
    max_lag_s: float
    mbit_s: float


Start = Callable[[], AbstractContextManager[Server]]


@contextlib.contextmanager
def ours(*, is_piped: bool = False, has_uvloop: bool = True) -> Iterator[Server]:
    """Run our server in a process of its own."""
    flags = [flag for flag, is_set in (("--pipe", is_piped), ("--uvloop", has_uvloop)) if is_set]
    argv = [sys.executable, "-m", "benchmarks.rtmp_receiver", *flags]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), process.pid)
        assert process.stdin is not None
        process.stdin.close()


@contextlib.contextmanager
def nginx_rtmp(program: str, modules: Path) -> Iterator[Server]:
    """Run nginx-rtmp with one worker that only receives."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(modules=modules, folder=folder, port=port))
        with subprocess.Popen([program, "-p", folder, "-c", str(config)], stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port)
                yield Server(port, process.pid)
            finally:
                process.terminate()


def measure(start: Start, clip: Path, publishers: int, seconds: float, chunk_bytes: int) -> Measured:
    """Let publishers send to a server, and say what it used."""
    argv = [sys.executable, "-m", "benchmarks.rtmp_publishers", str(clip), "--publishers", str(publishers)]
    with start() as server:
        argv += ["--port", str(server.port), "--seconds", str(WARM_UP_S + seconds), "--chunk-bytes", str(chunk_bytes)]
        with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sending:
            time.sleep(WARM_UP_S)
            before_s, began_s = tree_cpu_s(server.pid), time.monotonic()
            time.sleep(seconds * 0.9)
            used_s, took_s = tree_cpu_s(server.pid) - before_s, time.monotonic() - began_s
            memory_mb = _memory_mb(server.pid)
            said, _ = sending.communicate()
    sent = json.loads(said)
    if sent["complete"] != publishers:
        raise SystemExit(f"only {sent['complete']} of {publishers} publishers got through")
    mbit_s = sent["sent_bytes"] * 8 / 1e6 / sent["took_s"]
    return Measured(publishers, used_s / took_s, memory_mb, sent["max_lag_s"], mbit_s)


def make_clip(path: Path, seconds: float) -> None:
    """Make a 720p stream of 3 Mb/s, whatever it shows."""
    picture = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30,noise=alls=30:allf=t"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
    rate = [
        "-b:v",
        "2870k",
        "-minrate",
        "2870k",
        "-maxrate",
        "2870k",
        "-bufsize",
        "1435k",
        "-x264-params",
        "nal-hrd=cbr",
    ]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-pix_fmt", "yuv420p", *rate]
    argv = [FFMPEG, "-nostdin", "-v", "error", "-y", *picture, *sound, "-t", str(seconds), *video]
    subprocess.run([*argv, "-c:a", "aac", "-b:a", "128k", "-f", "flv", str(path)], check=True)


def servers(nginx_root: Path) -> dict[str, Start]:
    """Return the servers that can be measured here."""
    found: dict[str, Start] = {
        "Millrace": ours,
        "Millrace, on asyncio's own loop": lambda: ours(has_uvloop=False),
        "Millrace, FLV handed to a child's pipe": lambda: ours(is_piped=True),
    }
    program = shutil.which("nginx", path=f"{nginx_root}/usr/sbin:/usr/sbin:/usr/local/sbin")
    modules = nginx_root / "usr/lib/nginx/modules"
    if program and (modules / "ngx_rtmp_module.so").exists():
        found["nginx-rtmp 1.2.2 (one worker)"] = lambda: nginx_rtmp(program, modules)
    return found


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publishers", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument(
        "--chunk-bytes", type=int, default=4096, help="OBS sends 4096, ffmpeg 60000, the default is 128"
    )
    parser.add_argument("--nginx-root", type=Path, default=Path("/"))
    options = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.flv"
        make_clip(clip, WARM_UP_S + options.seconds)
        for name, start in servers(options.nginx_root).items():
            for publishers in options.publishers:
                found = measure(start, clip, publishers, options.seconds, options.chunk_bytes)
                per_core = f"{found.publishers / found.cpu_share:.0f}"
                cells = (f"{found.mbit_s:.0f}", f"{found.cpu_share:.1%}", per_core, f"{found.memory_mb:.0f}")
                rows.append((name, str(publishers), *cells, f"{found.max_lag_s:.2f}"))
    header = ("server", "publishers", "Mb/s in all", "of a core", "publishers per core", "RSS MB", "longest lag s")
    print_table(f"RTMP in, 3 Mb/s each, chunks of {options.chunk_bytes} bytes", header, rows)


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


def _wait_for(port: int) -> None:
    deadline_s = time.monotonic() + 10
    while True:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > deadline_s:
            raise SystemExit("nginx did not start")
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1:])
