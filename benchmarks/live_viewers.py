"""Many viewers of one live stream on the edge: whether they miss parts, and what the origin notices of them.

    ./millrace up && .millrace/venv/bin/python -m benchmarks.live_viewers [--viewers 1 200 1000] [--seconds 20]

Scripted viewers (benchmarks/live_clients.py) hold requests for the next part of one track and download each part, all
from the edge of this machine, which they share it with. "Origin, per part" is how often the edge asked the origin for a
playlist, and for media, for each new part: CloudFront sends one request for all who wait, and so does our edge.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.live_browser import quantile
from benchmarks.live_stage import Live, Stage
from benchmarks.processes import tree_cpu_s
from benchmarks.table import print_table
from scripts.streaming.encoder import Source

ROOT = Path(__file__).parents[1]
TRACK = "video_source"
PLAYLISTS, MEDIA = "/live/public/*", "/media/public/*"
SOURCE = Source(None, 426, 240, 15, 300_000)


@dataclass(frozen=True, slots=True)
class Measured:
    """What so many viewers saw, and what the edge and the origin did for them."""

    viewers: int
    seen: dict[str, Any]
    new_parts: float
    playlist_requests: int
    media_requests: int
    requests_per_s: float
    edge_cpu: float


def measure(stage: Stage, live: Live, viewers: int, seconds: float) -> Measured:
    """Let them watch."""
    address = urlsplit(live.media_url)
    argv = [sys.executable, "-m", "benchmarks.live_clients", "127.0.0.1", str(address.port)]
    argv += [f"{address.path}/{TRACK}/media.m3u8", "--viewers", str(viewers), "--seconds", str(seconds)]
    before, before_s, began_s = _stats(live), tree_cpu_s(stage.way.edge_pid), time.monotonic()
    said = subprocess.run(argv, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    took_s = time.monotonic() - began_s
    used_s, after = tree_cpu_s(stage.way.edge_pid) - before_s, _stats(live)
    grown = {
        pattern: {
            name: after[pattern][name] - before.get(pattern, {}).get(name, 0)
            for name in ("origin_requests", "requests")
        }
        for pattern in (PLAYLISTS, MEDIA)
    }
    return Measured(
        viewers=viewers,
        seen=json.loads(said),
        # Parts are a third of a second.
        new_parts=3 * took_s,
        playlist_requests=grown[PLAYLISTS]["origin_requests"],
        media_requests=grown[MEDIA]["origin_requests"],
        requests_per_s=sum(each["requests"] for each in grown.values()) / took_s,
        edge_cpu=used_s / took_s,
    )


def cells(found: Measured) -> list[str]:
    """Write a row."""
    seen = found.seen
    late = sorted(seen["late_s"])
    times = [f"{quantile(late, share):.2f} s" if late else "none" for share in (0.5, 0.95)]
    failures = ", ".join(f"{count} x {name}" for name, count in seen["failures"].items()) or "0"
    origin = [f"{count / found.new_parts:.2f}" for count in (found.playlist_requests, found.media_requests)]
    counts = [str(found.viewers), str(seen["parts"]), str(seen["missed"]), failures]
    return [*counts, *times, *origin, f"{found.requests_per_s:.0f}", f"{found.edge_cpu:.0%}"]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, nargs="+", default=[1, 200, 1000])
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    stage = Stage()
    with stage.live(SOURCE, stage.way) as live:
        # Functions that have never run would be what the first viewer waits for.
        measure(stage, live, 1, 5.0)
        rows = [cells(measure(stage, live, viewers, options.seconds)) for viewers in options.viewers]
    header = ["viewers", "parts", "missed", "failures", "late p50", "late p95"]
    header += ["origin, playlists per part", "origin, media per part", "requests/s", "edge, of a core"]
    print_table(f"Viewers of one track, {options.seconds:.0f} s each", header, rows)


def _stats(live: Live) -> dict[str, Any]:
    report = httpx.get(f"{live.edge_url}/_edge/stats", trust_env=False).json()["distributions"]
    return dict(next(iter(report.values())))


if __name__ == "__main__":
    main(sys.argv[1:])
