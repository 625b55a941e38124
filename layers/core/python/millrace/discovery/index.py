"""The index: an inverted one of Tantivy's in a folder, with the orders that lists need.

It answers from the folder alone, within milliseconds, and is brought up to date in the same way wherever it lies.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from tantivy import Document, FieldType, Occur, Query, Schema, SchemaBuilder, Searcher
from tantivy import Index as Tantivy

from millrace.discovery.model import Entry, Hit, age_days
from millrace.discovery.wording import Wording
from millrace.discovery.words import words
from millrace.platform.ids import ChannelId, VideoId

# Counts changes of the fields below: a stored index of another layout is not read but made anew.
LAYOUT = "1"
# The least that Tantivy takes for one thread; what does not fit is written to the folder earlier.
WRITER_BYTES = 15_000_000
# So many of the best are put into their final order, and can be reached by cursors.
MAX_RANKED = 300
# What was published today counts double, what is a month old half of that more.
NEWNESS_WEIGHT = 1.0
NEWNESS_HALF_LIFE_DAYS = 30.0
MAX_RELATED_WORDS = 24


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which videos a list by time has; None does not narrow."""

    category: str | None = None
    channel_ids: Sequence[ChannelId] | None = None
    without_channels: Sequence[ChannelId] = ()


@cache
def schema() -> Schema:
    """Return the fields. Words are split before they come here, so that texts and queries are split alike."""
    builder = SchemaBuilder()
    builder.add_text_field("video_id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("channel_id", "category"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("title", "channel", "tags", "description"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field("position", indexed=True, fast=True)
    builder.add_float_field("quality", fast=True)
    return builder.build()


class Index:
    """An index in a folder, an empty one if there is none; nobody else may use the folder."""

    def __init__(self, folder: Path) -> None:
        self._tantivy = Tantivy(schema(), path=str(folder))
        self._searcher: Searcher = self._tantivy.searcher()

    @property
    def video_count(self) -> int:
        """Return how many videos it has."""
        return self._searcher.num_docs

    def apply(self, present: Iterable[Entry], absent: Iterable[VideoId], views: dict[VideoId, float]) -> None:
        """Hold these entries and not those videos. Popularity that is not told stays as it was. Natural to repeat."""
        entries = list(present)
        quality = self._qualities(entries) | {video_id: math.log2(1 + count) for video_id, count in views.items()}
        writer = self._tantivy.writer(WRITER_BYTES, num_threads=1)
        for video_id in (*absent, *(entry.video_id for entry in entries)):
            writer.delete_documents_by_term("video_id", video_id)
        for entry in entries:
            writer.add_document(_document(entry, quality.get(entry.video_id, 0.0)))
        writer.commit()
        # Merges go on in threads of their own, and Lambda stops threads between requests.
        writer.wait_merging_threads()
        self._tantivy.reload()
        self._searcher = self._tantivy.searcher()

    def search(self, text: str, at: datetime) -> list[Hit]:
        """Return what the words find, best first: by their places and rarity, popularity and newness."""
        wording = Wording(text, schema(), self._searcher)
        if wording.is_empty:
            return []
        found = self._ranked(wording.strict(), at)
        relaxed = None if found else wording.relaxed()
        return self._ranked(relaxed, at) if relaxed is not None else found

    def related(self, entry: Entry, at: datetime) -> list[Hit]:
        """Return videos that share tags, words of the title, the channel or the category, most alike first."""
        tagged = [(word, "tags", 3.0) for word in words(" ".join(entry.tags))]
        titled = [(word, field, 2.0) for word in words(entry.title) for field in ("title", "tags")]
        parts = [
            (Occur.Should, Query.boost_query(Query.term_query(schema(), field, word, "freq"), weight))
            for word, field, weight in [*tagged[:MAX_RELATED_WORDS], *titled[:MAX_RELATED_WORDS]]
        ]
        for field, value, score in (("channel_id", entry.channel_id, 3.0), ("category", entry.category, 1.0)):
            if value is not None:
                same = Query.term_query(schema(), field, value, "basic")
                parts.append((Occur.Should, Query.const_score_query(same, score)))
        itself = Query.term_query(schema(), "video_id", entry.video_id, "basic")
        return self._ranked(Query.boolean_query([*parts, (Occur.MustNot, itself)]), at)

    def newest(self, narrowing: Narrowing, before: int | None, limit: int) -> list[Hit]:
        """Return videos by time of publication, latest first, beginning behind the place `before`."""
        parts = [(Occur.Must, Query.all_query())]
        if narrowing.category is not None:
            parts.append((Occur.Must, Query.term_query(schema(), "category", narrowing.category, "basic")))
        if narrowing.channel_ids is not None:
            parts.append((Occur.Must, Query.term_set_query(schema(), "channel_id", list(narrowing.channel_ids))))
        if narrowing.without_channels:
            others = Query.term_set_query(schema(), "channel_id", list(narrowing.without_channels))
            parts.append((Occur.MustNot, others))
        if before is not None:
            below = Query.range_query(schema(), "position", FieldType.Unsigned, upper_bound=before, include_upper=False)
            parts.append((Occur.Must, below))
        found = self._searcher.search(
            Query.boolean_query(parts), limit=limit, count=False, order_by_field="position"
        ).hits
        return [Hit(self._video_id(address), int(position)) for position, address in found]

    def count_of_category(self, category: str) -> int:
        """Return how many videos a category has."""
        return self._searcher.doc_freq("category", category)

    def all_of_channel(self, channel_id: ChannelId) -> list[VideoId]:
        """Return every video of a channel."""
        query = Query.term_query(schema(), "channel_id", channel_id, "basic")
        found = self._searcher.search(query, limit=max(1, self.video_count), count=False).hits
        return [self._video_id(address) for _, address in found]

    def _ranked(self, query: Query, at: datetime) -> list[Hit]:
        found = self._searcher.search(query, limit=MAX_RANKED, count=False, weight_by_field="quality").hits
        positions = self._searcher.fast_field_values("position", [address for _, address in found])
        scored = []
        for (score, address), position in zip(found, positions, strict=True):
            place = int(position or 0)
            newness = NEWNESS_WEIGHT * 0.5 ** (age_days(place, at) / NEWNESS_HALF_LIFE_DAYS)
            scored.append((score * (1 + newness), Hit(self._video_id(address), place)))
        # The same score in the same order, whatever the order of segments.
        scored.sort(key=lambda pair: (pair[0], pair[1].position), reverse=True)
        return [hit for _, hit in scored]

    def _qualities(self, entries: Sequence[Entry]) -> dict[VideoId, float]:
        if not entries:
            return {}
        query = Query.term_set_query(schema(), "video_id", [entry.video_id for entry in entries])
        addresses = [address for _, address in self._searcher.search(query, limit=len(entries), count=False).hits]
        values = self._searcher.fast_field_values("quality", addresses)
        return {self._video_id(address): value or 0.0 for address, value in zip(addresses, values, strict=True)}

    def _video_id(self, address: object) -> VideoId:
        return VideoId(self._searcher.doc(address)["video_id"][0])  # type: ignore[arg-type]  # an address of its own


def _document(entry: Entry, quality: float) -> Document:
    document = Document()
    document.add_text("video_id", entry.video_id)
    for name, value in (("channel_id", entry.channel_id), ("category", entry.category)):
        if value is not None:
            document.add_text(name, value)
    texts = {
        "title": entry.title,
        "channel": entry.channel_name,
        "tags": " ".join(entry.tags),
        "description": entry.description,
    }
    for name, text in texts.items():
        document.add_text(name, " ".join(words(text)))
    document.add_unsigned("position", entry.position)
    document.add_float("quality", quality)
    return document
