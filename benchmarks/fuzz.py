"""Fuzz: what becomes of real files that are damaged by chance, from the examination to the first encoded chunk.

    .millrace/venv/bin/python -m benchmarks.fuzz [--cases 3000] [--seed 1]

Each case has the limits of the workflow. It ends well when the film plays, when the file is refused in a sentence,
or when the encoder finds a part damaged; anything else is a fault of ours, and named with the seed that repeats it.
"""

import argparse
import statistics
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.table import print_table
from tests.media_fixtures.fuzzing import FINE, Case, fuzz, make_seeds


def main() -> None:
    """Run and print the table; exit with 1 where something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=3000, help="how many files to damage (default 3000)")
    parser.add_argument("--seed", type=int, default=1, help="the first case's seed (default 1)")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="fuzz_seeds_") as folder:
        cases = list(fuzz(make_seeds(Path(folder)), arguments.cases, arguments.seed))
    _print(cases)
    wrong = [case for case in cases if case.ending not in FINE]
    for case in wrong:
        print(f"{case.name} seed {case.seed}: {case.ending}: {case.told}")
    raise SystemExit(bool(wrong))


def _print(cases: list[Case]) -> None:
    by_name: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_name[case.name].append(case)
    rows = [_row(name, of_name) for name, of_name in [*sorted(by_name.items()), ("all", cases)]]
    header = ["film", "cases", *FINE, "went wrong", "median s", "longest s"]
    print_table("Damaged files", header, rows)
    reasons = Counter(case.told for case in cases if case.ending == "refused")
    print_table("Refused as", ["code", "cases"], [[code, str(count)] for code, count in reasons.most_common()])


def _row(name: str, cases: list[Case]) -> list[str]:
    endings = Counter(case.ending for case in cases)
    wrong = len(cases) - sum(endings[ending] for ending in FINE)
    times_s = [case.took_s for case in cases]
    counts = [str(endings[ending]) for ending in FINE]
    return [name, str(len(cases)), *counts, str(wrong), f"{statistics.median(times_s):.2f}", f"{max(times_s):.1f}"]


if __name__ == "__main__":
    main()
