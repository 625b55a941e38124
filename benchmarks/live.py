"""Live: how late viewers see what happens, ours against rivals, by a clock in the picture that Chromium reads.

    ./millrace up && .millrace/venv/bin/python -m benchmarks.live [--seconds 20] [--size 720p] [--only ours aws …]

- Glass to glass: the test pattern of `./millrace stream` is published, and a page in Chromium notes for each picture
  how old the clock in it is; the first seconds, in which players find their place, do not count. One row after the
  other, one viewer each, everything on this machine. "AWS" rows go through a second ingest and a second edge that
  reach storage, table and functions with delays (benchmarks/live_aws.py: assumed, not measured). Rivals are played by
  the same page with the same settings of hls.js.
- Part to viewer: from the last picture of a part at the ingest to the part downloaded from the edge.

nginx-rtmp is Debian's (apt-get install nginx-light libnginx-mod-rtmp); without it its rows are left out. The default
takes about four minutes. --full takes twelve: everything at 720p, then hls.js, dash.js and nginx-rtmp's short fragments
at 1080p, medians of three runs each. How it goes over an hour is told by benchmarks/live_long.py.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from playwright.sync_api import Browser

from benchmarks.live_browser import Watched, chromium, page_server, quantile, watch
from benchmarks.live_parts import Latencies, measure
from benchmarks.live_stage import Live, Stage, has_nginx_rtmp, nginx_rtmp
from benchmarks.table import print_table
from scripts.millrace_cli.stream import BITRATES_BPS, SIZES
from scripts.streaming.encoder import Source

WARM_UP_S = 12.0
PARTS_S = 15.0
# Twelve minutes hold eight rows of 720p and four of 1080p, three times.
FULL_RUNS, FULL_WARM_UP_S, FULL_SECONDS = 3, 7.0, 6.0
FULL_SIZE = "1080p"
GROUPS = ("ours", "aws", "nginx")
HEADER = ("", "p50", "p95", "stalls", "longest pause", "first picture", "times ours", "load")
PARTS_HEADER = ("from a part's last picture to", "parts", "named p50", "named p95", "downloaded p50", "downloaded p95")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; without a result nothing was seen."""

    name: str
    watched: Watched | None


class Run:
    """One run of the benchmark."""

    def __init__(self, stage: Stage, browser: Browser, page_url: str, options: argparse.Namespace, size: str) -> None:
        width, height = SIZES[size]
        self.source = Source(None, width, height, options.fps, BITRATES_BPS[height])
        self.rows: list[Row] = []
        self.parts: list[tuple[str, Latencies]] = []
        self._stage, self._browser, self._page_url = stage, browser, page_url
        self._seconds: float = options.seconds
        self._warm_up_s = FULL_WARM_UP_S if options.full else WARM_UP_S
        self._runs = FULL_RUNS if options.full else 1
        # The second size of a full run leaves out what the first one has told.
        self._is_short = options.full and size != options.size

    def ours(self) -> None:
        """Watch ours with all players."""
        with self._stage.live(self.source, self._stage.way) as live:
            # First, so that no row waits for functions that have never run.
            self._follow("source", live)
            ways = [
                ("LL-HLS, hls.js", live.page_url),
                ("DASH, dash.js", f"{live.page_url}?engine=dash"),
                ("LL-HLS, Shaka", f"{live.page_url}?engine=shaka-hls"),
                ("DASH, Shaka", f"{live.page_url}?engine=shaka"),
                ("plain HLS, hls.js", self._other(f"{live.media_url}/plain.m3u8")),
            ]
            for name, url in ways[:2] if self._is_short else ways:
                self._watch(f"Millrace, {name}", url)
                live.check()

    def aws(self) -> None:
        """Watch ours with delays like AWS's."""
        with self._stage.slow_way() as way, self._stage.live(self.source, way) as live:
            self._follow("source, delays like AWS's", live)
            # Not by our own page, which knows one edge only and forbids itself to load from another.
            self._watch("Millrace, LL-HLS, hls.js, delays like AWS's", self._other(f"{live.media_url}/main.m3u8"))
            live.check()

    def nginx(self) -> None:
        """Watch nginx-rtmp's HLS."""
        if not has_nginx_rtmp():
            print("nginx-rtmp is not installed: its rows are left out (apt-get install nginx-light libnginx-mod-rtmp)")
            return
        ways = [("short", "fragments of 2 s"), ("shipped", "as shipped")]
        for application, words in ways[:1] if self._is_short else ways:
            with nginx_rtmp(self._stage.ffmpeg, self.source, application) as url:
                self._watch(f"nginx-rtmp, HLS, {words}", self._other(url))

    def _other(self, url: str) -> str:
        return self._page_url + quote(url, safe="")

    def _watch(self, name: str, url: str) -> None:
        print(f"{name} …", file=sys.stderr)
        runs = []
        for _ in range(self._runs):
            watched = watch(self._browser, url, warm_up_s=self._warm_up_s, seconds=self._seconds)
            print(watched, file=sys.stderr)
            runs += [watched] if watched else []
        # Nothing in one of them is a result, too.
        self.rows.append(Row(name, together(runs) if len(runs) == self._runs else None))

    def _follow(self, name: str, live: Live) -> None:
        """Follow picture and sound, as a player does; the picture's times are told."""
        tracks = ("video_source", "audio")
        found = measure(live.edge_url, live.media_url, tracks, PARTS_S, 1 / self.source.frame_rate)
        self.parts.append((name, found[tracks[0]]))


def together(runs: Sequence[Watched]) -> Watched:
    """Return medians of some runs, all their stalls, and their longest pause."""
    return replace(
        runs[-1],
        p50_s=statistics.median(each.p50_s for each in runs),
        p95_s=statistics.median(each.p95_s for each in runs),
        first_picture_s=statistics.median(each.first_picture_s for each in runs),
        stalls=sum(each.stalls for each in runs),
        longest_pause_s=max(each.longest_pause_s for each in runs),
        load=statistics.median(each.load for each in runs),
    )


def cells(rows: Sequence[Row]) -> Iterator[list[str]]:
    """Write the rows; ratios are to the first one that was seen."""
    ours = next((row.watched for row in rows if row.watched), None)
    for row in rows:
        seen = row.watched
        if seen is None or ours is None:
            yield [row.name, "no picture", *[""] * (len(HEADER) - 2)]
            continue
        pause = f"{seen.longest_pause_s:.1f} s" if seen.longest_pause_s else "none"
        times = f"{seen.p50_s / ours.p50_s:.1f}"
        first = f"{seen.first_picture_s:.1f} s"
        late = [f"{seen.p50_s:.2f} s", f"{seen.p95_s:.2f} s"]
        yield [row.name, *late, str(seen.stalls), pause, first, times, f"{seen.load:.0f}"]


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    options = _options(arguments)
    stage = Stage()
    for size in (options.size, FULL_SIZE) if options.full else (options.size,):
        with chromium() as browser, page_server() as page_url:
            run = Run(stage, browser, page_url, options, size)
            steps: dict[str, Callable[[], None]] = {"ours": run.ours, "aws": run.aws, "nginx": run.nginx}
            for name in options.only:
                steps[name]()
        runs = f"medians of {FULL_RUNS} runs" if options.full else "one run"
        print_table(
            f"Glass to glass, {size}{options.fps}, {options.seconds:.0f} s each, {runs}", HEADER, [*cells(run.rows)]
        )
        print_table("Part to viewer", PARTS_HEADER, [part_cells(*each) for each in run.parts])


def part_cells(name: str, found: Latencies) -> list[str]:
    """Write what was measured of one track's parts."""
    times = [sorted(found.named_s), sorted(found.readable_s)]
    told = [f"{quantile(each, share) * 1000:.0f} ms" if each else "none" for each in times for share in (0.5, 0.95)]
    return [name, str(len(found.readable_s)), *told]


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="watched in each row, after the warm-up")
    parser.add_argument("--size", choices=SIZES, default="720p")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument("--full", action="store_true", help="720p and 1080p, medians of three runs: twelve minutes")
    options = parser.parse_args(arguments)
    if options.full:
        options.seconds = FULL_SECONDS
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
