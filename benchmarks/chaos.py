"""Chaos: how many videos come through when encoders and functions are killed and events are sent again.

    .millrace/venv/bin/python -m benchmarks.chaos [--videos 30] [--seed 7]

Runs tests/e2e/chaos on a platform of its own, with more videos and more harm than the suite does, and prints what was
done to them and how they ended.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.table import print_table

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run and print the table; exit with the tests' code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=30, help="how many videos to upload (default 30)")
    parser.add_argument("--seed", type=int, default=7, help="what the order of harm comes from (default 7)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "MILLRACE_CHAOS_VIDEOS": str(arguments.videos),
            "MILLRACE_CHAOS_SEED": str(arguments.seed),
            "MILLRACE_CHAOS_REPORT": str(report),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/e2e/chaos"]
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if report.is_file():
            _print(json.loads(report.read_text()))
    raise SystemExit(ended.returncode)


def _print(report: dict[str, dict[str, int]]) -> None:
    rows = [[name, str(count)] for part in ("done", "ended") for name, count in sorted(report[part].items())]
    print_table("What was done, and how the videos ended", ["", "times"], rows)


if __name__ == "__main__":
    main()
