"""How search and feeds grow: time of a query, of an update, bytes, and DynamoDB requests and units.

    .millrace/venv/bin/python -m benchmarks.discovery [--videos 1000 10000 100000]

The videos are made up: words by Zipf's law from a vocabulary of 120,000, titles of 3 to 9 words, descriptions of up
to 250, eight tags at most, one channel for twenty videos. The times are those of one core; the emulator stands in
for S3, and counts the requests of the functions' own code.
"""

import argparse
import itertools
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.discovery_requests import requests_per_route, storage
from benchmarks.table import print_table
from millrace.discovery.index import Index, Narrowing
from millrace.discovery.model import Entry
from millrace.platform.ids import ChannelId, VideoId

NOW = datetime(2026, 11, 22, tzinfo=UTC)
VOCABULARY = 120_000
CONSONANTS = (
    "b",
    "d",
    "f",
    "g",
    "h",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "br",
    "ch",
    "dr",
    "sh",
    "st",
    "tr",
)
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")
CATEGORIES = ("music", "news", "gaming", "science", "howto")
QUERIES = 200
UPDATES = 30
BATCH = 5000


class Words:
    """A vocabulary in which few words are frequent."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        found: dict[str, None] = {}
        while len(found) < VOCABULARY:
            syllables = self.random.choice((1, 2, 2, 3, 3, 4))
            found["".join(self.random.choice(part) for _ in range(syllables) for part in (CONSONANTS, VOWELS))] = None
        self._words = list(found)
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))

    def take(self, count: int) -> list[str]:
        """Return some words, each as often as it is used."""
        return self.random.choices(self._words, cum_weights=self._weights, k=count)


def entries(count: int, words: Words) -> Iterator[Entry]:
    """Return made-up videos."""
    draw = words.random
    names = [" ".join(words.take(2)) for _ in range(max(1, count // 20))]
    for number in range(count):
        channel = draw.randrange(len(names))
        yield Entry(
            video_id=VideoId(f"{number:026d}"),
            title=" ".join(words.take(draw.randint(3, 9))),
            tags=tuple(words.take(draw.randint(0, 8))),
            description=" ".join(words.take(draw.choice((0, 10, 40, 40, 100, 250)))),
            channel_id=ChannelId(f"{channel:026d}"),
            channel_name=names[channel],
            category=draw.choice(CATEGORIES),
            published_at=NOW - timedelta(seconds=draw.randrange(3 * 365 * 86400)),
        )


def with_slip(word: str, draw: random.Random) -> str:
    """Swap two letters, or lose one."""
    if len(word) < 4:
        return word
    place = draw.randrange(1, len(word) - 1)
    if draw.random() < 0.5:
        return word[:place] + word[place + 1 :]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def measure(count: int, fetch_ms: Callable[[Path], float]) -> tuple[list[list[str]], list[str]]:
    """Fill an index and return the rows of its queries, and the row of its growth."""
    words = Words(seed=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started_s = time.process_time()
        index, sample = _filled(folder, count, words)
        built_s = time.process_time() - started_s
        size_bytes = sum(path.stat().st_size for path in folder.iterdir())
        queries = [
            [kind, *_percentiles([_timed(partial(ask, index)) for ask in asked])]
            for kind, asked in _questions(words, sample).items()
        ]
        updates = _percentiles([_timed(partial(index.apply, [video], (), {})) for video in sample[:UPDATES]])
        fetched_ms = fetch_ms(folder)
        opened_ms = _timed(lambda: Index(folder).newest(Narrowing(), None, 20))
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    growth = [
        f"{size_bytes / 1e6:.1f} MB",
        f"{built_s:.1f} s",
        *updates[:2],
        f"{fetched_ms:.0f} ms",
        f"{opened_ms:.0f} ms",
        f"{memory_mb:.0f} MB",
    ]
    return queries, growth


def _filled(folder: Path, count: int, words: Words) -> tuple[Index, list[Entry]]:
    index, sample = Index(folder), []
    waiting = entries(count, words)
    while some := list(itertools.islice(waiting, BATCH)):
        index.apply(some, (), {entry.video_id: words.random.paretovariate(0.8) for entry in some[::3]})
        sample += some[:: max(1, count // QUERIES)]
    return index, sample


def _questions(words: Words, sample: Sequence[Entry]) -> dict[str, list[Callable[[Index], object]]]:
    draw = words.random

    def titles(count: int) -> list[list[str]]:
        return [draw.choice(sample).title.split()[:count] for _ in range(QUERIES)]

    slips = [" ".join(with_slip(word, draw) for word in title) for title in titles(3)]
    texts = {
        "one frequent word": words.take(QUERIES),
        "three words of a title": [" ".join(title) for title in titles(3)],
        "the same, each with a slip": slips,
        "first letter of a word": [word[:1] for word in words.take(QUERIES)],
        "two words, the last begun": [f"{title[0]} {title[1][:2]}" for title in titles(2)],
        "eight frequent words": [" ".join(words.take(8)) for _ in range(QUERIES)],
        "hostile: ten long words that nobody wrote": [
            "".join(f"{word}qq " for word in words.take(40)) for _ in range(20)
        ],
    }
    asked: dict[str, list[Callable[[Index], object]]] = {
        kind: [partial(Index.search, text=text, at=NOW) for text in found] for kind, found in texts.items()
    }
    followed = [ChannelId(f"{number:026d}") for number in range(500)]
    asked["related"] = [partial(Index.related, entry=video, at=NOW) for video in sample]
    asked["newest of a category"] = [lambda index: index.newest(Narrowing(category="music"), None, 25)] * 50
    asked["newest of 500 followed channels"] = [
        lambda index: index.newest(Narrowing(channel_ids=followed), None, 25)
    ] * 50
    return asked


def _timed(work: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    work()
    return (time.perf_counter() - started_s) * 1000


def _percentiles(times_ms: Sequence[float]) -> list[str]:
    ordered = sorted(times_ms)
    return [f"{ordered[int(len(ordered) * share)]:.1f} ms" for share in (0.5, 0.95)] + [f"{ordered[-1]:.1f} ms"]


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[1000, 10_000, 100_000])
    counts = parser.parse_args().videos
    growth = []
    with storage() as fetch_ms:
        for count in counts:
            queries, grown = measure(count, fetch_ms)
            growth.append([f"{count:,}", *grown])
            print_table(f"Queries over {count:,} videos", ["query", "p50", "p95", "worst"], queries)
    header = ["videos", "index", "built in (CPU)", "update p50", "update p95", "fetched", "opened", "peak memory"]
    print_table("Growth", header, growth)
    print_table("DynamoDB", ["route", "requests", "read units"], requests_per_route())


if __name__ == "__main__":
    main()
