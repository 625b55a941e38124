"""One stream for a long time: how late it is seen all the while, and what memory it takes.

    ./millrace up && .millrace/venv/bin/python -m benchmarks.live_long [--minutes 60] [--size 360p]

The test pattern is published through an ingest of its own without a ladder, so the run may share a machine with other
work. Chromium watches by hls.js; each row of the table is a tenth of the run: how late pictures were seen, how often
the picture stood still, and the memory of the ingest, of its ffmpeg and of the edge at the end of that time. Drift is
the last row's median less the first one's.
"""

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from benchmarks.live_browser import CLOCK_READER, RECORDER, STALL_MS, chromium, page_server, quantile
from benchmarks.live_stage import Live, Stage, Way
from benchmarks.processes import descendants
from benchmarks.table import print_table
from scripts.millrace_cli.stream import BITRATES_BPS, SIZES
from scripts.streaming.encoder import Source

WARM_UP_S = 30.0
LOOK_EVERY_S = 20.0
ROWS = 10
HEADER = ("after", "late p50", "p95", "stalls", "ingest MB", "its ffmpeg MB", "edge MB", "page's heap MB", "load")
# Takes what was noted since the last time, so that the page does not grow by it.
TAKE = """
    () => ({ samples: measured.samples.splice(0), pauses: measured.pauses.splice(0), stalls: measured.stalls.splice(0),
             heap: measured.heap.splice(0), errors: measured.errors.splice(0) })
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident megabytes."""

    ingest: float
    ffmpeg: float
    edge: float


@dataclass(frozen=True, slots=True)
class Span:
    """What was seen in a part of the run."""

    minutes: float
    late_ms: list[int]
    stalls: int
    memory: Memory
    heap_mb: float
    errors: list[str]
    load: float


def spans(page: Page, live: Live, way: Way, minutes: float) -> Iterator[Span]:
    """Watch, and sum up each part of the run."""
    page.wait_for_timeout(WARM_UP_S * 1000)
    page.evaluate(TAKE)
    began_s = time.monotonic()
    for number in range(1, ROWS + 1):
        until_s = began_s + number * minutes * 60 / ROWS
        seen: defaultdict[str, list[Any]] = defaultdict(list)
        while (left_s := until_s - time.monotonic()) > 0:
            page.wait_for_timeout(min(left_s, LOOK_EVERY_S) * 1000)
            for name, values in page.evaluate(TAKE).items():
                seen[name].extend(values)
            if any(error.startswith("fatal") for error in seen["errors"][-5:]):
                # As a viewer does who sees nothing any more; the errors tell of it.
                seen["errors"].append("opened again")
                page.reload()
            live.check()
        yield _span(number * minutes / ROWS, seen, memory(way))


def _span(minutes: float, seen: Mapping[str, list[Any]], used: Memory) -> Span:
    pauses = [length for _, length in seen["pauses"] if length > STALL_MS]
    return Span(
        minutes=minutes,
        late_ms=sorted(late_ms for _, late_ms, _ in seen["samples"]),
        stalls=max(len(pauses), sum(1 for _, length in seen["stalls"] if length > 50)),
        memory=used,
        heap_mb=min((size for _, size in seen["heap"]), default=0) / 1e6,
        errors=seen["errors"],
        load=os.getloadavg()[0],
    )


def memory(way: Way) -> Memory:
    """Return what the processes hold now."""
    encoders = [pid for pid in descendants(way.ingest_pid) if "ffmpeg" in _name(pid)]
    return Memory(_resident_mb(way.ingest_pid), sum(map(_resident_mb, encoders)), _resident_mb(way.edge_pid))


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def _resident_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def cells(span: Span) -> list[str]:
    """Write a row."""
    late = [f"{quantile(span.late_ms, share) / 1000:.2f} s" if span.late_ms else "none" for share in (0.5, 0.95)]
    held = [f"{size:.1f}" for size in (span.memory.ingest, span.memory.ffmpeg, span.memory.edge, span.heap_mb)]
    return [f"{span.minutes:.0f} min", *late, str(span.stalls), *held, f"{span.load:.1f}"]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--size", choices=SIZES, default="360p")
    parser.add_argument("--fps", type=int, default=30)
    options = parser.parse_args(arguments)
    width, height = SIZES[options.size]
    source = Source(None, width, height, options.fps, BITRATES_BPS[height])
    stage, seen = Stage(), list[Span]()
    with (
        stage.own_ingest({"LIVE_LADDER": ""}) as way,
        stage.live(source, way) as live,
        chromium() as browser,
        page_server() as page_url,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        for script in (CLOCK_READER, RECORDER):
            page.add_init_script(path=script)
        page.goto(page_url + quote(f"{live.media_url}/main.m3u8", safe=""))
        for span in spans(page, live, way, options.minutes):
            seen.append(span)
            print(*cells(span), *dict.fromkeys(span.errors), sep="  ", file=sys.stderr, flush=True)
    title = f"{options.minutes:.0f} minutes of one stream, {options.size}{options.fps}, passed through"
    print_table(title, HEADER, [cells(span) for span in seen])
    medians = [statistics.median(span.late_ms) for span in seen if span.late_ms]
    if len(medians) > 1:
        print(f"\nDrift: {medians[-1] - medians[0]:+.0f} ms; stalls: {sum(span.stalls for span in seen)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
