"""Follow a live stream as players do, and let the validator say what is wrong with it.

    ./millrace up && .millrace/venv/bin/python -m benchmarks.live_validate [--minutes 10] [--size 360p] [--fps 30]

The test pattern is published; in the middle its encoder is killed, and comes back four seconds later with the same key.
All the while the low-latency playlists of all tracks, the plain ones and the manifest are read again and again, each
answer is compared with the one before (`./millrace validate --follow`), and at the end every segment of the stream is
looked into. The one thing that has to be found is that nothing new came while the encoder was away.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from benchmarks.live_stage import Live, Stage
from benchmarks.processes import descendants
from benchmarks.table import print_table
from millrace.media.validate import Finding, Findings, Severity, validate
from scripts.millrace_cli.following import Follower
from scripts.millrace_cli.following_dash import follow_manifest
from scripts.millrace_cli.reading import Web
from scripts.millrace_cli.stream import BITRATES_BPS, SIZES
from scripts.streaming.encoder import Source

BEFORE_S = 8.0
AWAY_S = 4.0
# Longer than the break: nothing new for so long is what it looks like from outside.
EXPECTED = "live-stalled"
Check = Callable[[Web, Findings], int]


def checks(live: Live, seconds: float) -> dict[str, Check]:
    """Return what is done beside each other; each says how many answers it looked at."""
    return {
        "HLS, low latency": lambda web, found: Follower(web, found).follow(f"{live.media_url}/main.m3u8", seconds),
        "HLS, plain": lambda web, found: Follower(web, found).follow(f"{live.media_url}/plain.m3u8", seconds),
        "DASH": lambda web, found: follow_manifest(web, f"{live.media_url}/manifest.mpd", found, seconds),
    }


def run(check: Check) -> tuple[int, Findings]:
    """Run one of them with a connection of its own."""
    found = Findings()
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as client:
        return check(Web(client), found), found


def whole(live: Live, name: str) -> tuple[int, Findings]:
    """Look into every segment that a playlist or manifest leads to."""
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as client:
        return 1, validate(f"{live.media_url}/{name}", Web(client))


def cut_off(stage: Stage, live: Live, after_s: float) -> None:
    """Kill the encoder without a word to the server, and bring it back with the same key."""
    time.sleep(after_s)
    for pid in descendants(os.getpid()):
        if Path(f"/proc/{pid}/comm").read_text().strip() == "ffmpeg":
            os.kill(pid, signal.SIGKILL)
    time.sleep(AWAY_S)
    stage.come_back(live)


def cells(name: str, looks: int, found: Findings) -> list[str]:
    """Write a row; `looks` are answers that were compared with the one before."""
    expected = sum(each.code == EXPECTED for each in found)
    counts = [found.count(severity) for severity in Severity]
    counts[list(Severity).index(Severity.WARNING)] -= expected
    return [name, str(looks), *map(str, counts), str(expected)]


def main(arguments: Sequence[str]) -> None:
    """Follow and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--size", choices=SIZES, default="360p")
    parser.add_argument("--fps", type=int, default=30)
    options = parser.parse_args(arguments)
    width, height = SIZES[options.size]
    seconds = options.minutes * 60
    stage = Stage()
    rows: list[list[str]] = []
    found: list[Finding] = []
    with stage.live(Source(None, width, height, options.fps, BITRATES_BPS[height]), stage.way) as live:
        time.sleep(BEFORE_S)
        with ThreadPoolExecutor(4) as threads:
            following = {name: threads.submit(run, check) for name, check in checks(live, seconds).items()}
            threads.submit(cut_off, stage, live, seconds / 2).result()
            results = {f"{name}, followed": each.result() for name, each in following.items()}
        live.check()
        for name in ("main.m3u8", "plain.m3u8", "manifest.mpd"):
            results[f"{name}, every segment"] = whole(live, name)
    for name, (looks, each) in results.items():
        rows.append(cells(name, looks, each))
        found += each
    header = ("", "answers", *(f"{severity}s" for severity in Severity), "nothing new while the encoder was away")
    title = f"{options.minutes:.0f} minutes of {options.size}{options.fps} with a reconnect, validated"
    print_table(title, header, rows)
    for finding in found:
        print(f"\n{finding.severity} {finding.code} {finding.place}\n    {finding.message}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
