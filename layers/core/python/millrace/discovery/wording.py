"""From what somebody typed to a query: every word, the last one perhaps not finished, small slips forgiven."""

from collections.abc import Iterable, Mapping

from tantivy import Occur, Query, Schema, Searcher

from millrace.discovery.words import words

# A hit in the title says most, one in a long description least.
WEIGHTS: Mapping[str, float] = {"title": 4.0, "channel": 3.0, "tags": 2.0, "description": 1.0}
# Long texts have every word's neighbour somewhere: slips are forgiven elsewhere only.
FORGIVING = ("title", "channel", "tags")
# What is typed beyond is not looked at: the work for one query is bounded, whatever its text.
MAX_WORDS = 10
MAX_FORGIVEN_WORDS = 4
MAX_FORGIVEN_CHARS = 20
# A word that so many videos have is spelt as it was meant.
KNOWN_FROM_VIDEOS = 3
PREFIX_WEIGHT = 0.5
FORGIVEN_WEIGHT = 0.2
# What a second field adds to the best one's score.
TIE_BREAKER = 0.1


class Wording:
    """One search text, read for one state of the index."""

    def __init__(self, text: str, schema: Schema, searcher: Searcher) -> None:
        """Read the text; `is_empty` if it has no word."""
        self._schema = schema
        self._searcher = searcher
        self._words = list(dict.fromkeys(words(text)))[:MAX_WORDS]
        self._forgiven = 0
        self._parts = [self._word(word, is_last=word is self._words[-1]) for word in self._words]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self._parts

    def strict(self) -> Query:
        """Ask for every word."""
        return Query.boolean_query([(Occur.Must, part) for part in self._parts])

    def relaxed(self) -> Query | None:
        """Ask for most of the words; None where that is no other question."""
        wanted = (len(self._parts) * 2 + 2) // 3
        if wanted >= len(self._parts):
            return None
        return Query.boolean_query([(Occur.Should, part) for part in self._parts], wanted)

    def _word(self, word: str, *, is_last: bool) -> Query:
        alternatives = [
            Query.boost_query(Query.term_query(self._schema, field, word, "freq"), weight)
            for field, weight in WEIGHTS.items()
        ]
        if is_last:
            alternatives += self._near(word, WEIGHTS, 0, PREFIX_WEIGHT, is_prefix=True)
        slips = _forgiven_slips(word)
        if slips and self._forgiven < MAX_FORGIVEN_WORDS and not self._is_known(word, is_last=is_last):
            self._forgiven += 1
            # One slip is likelier than two.
            for count in range(1, slips + 1):
                alternatives += self._near(word, FORGIVING, count, FORGIVEN_WEIGHT / count, is_prefix=is_last)
        return Query.disjunction_max_query(alternatives, TIE_BREAKER)

    def _near(self, word: str, fields: Iterable[str], slips: int, weight: float, *, is_prefix: bool) -> list[Query]:
        return [
            Query.boost_query(
                Query.fuzzy_term_query(
                    self._schema, field, word, distance=slips, transposition_cost_one=True, prefix=is_prefix
                ),
                weight * WEIGHTS[field],
            )
            for field in fields
        ]

    def _is_known(self, word: str, *, is_last: bool) -> bool:
        if any(self._searcher.doc_freq(field, word) >= KNOWN_FROM_VIDEOS for field in WEIGHTS):
            return True
        # The beginning of a known word is no slip either.
        return is_last and any(self._searcher.terms_with_prefix(field, word, limit=1) for field in WEIGHTS)


def _forgiven_slips(word: str) -> int:
    """Return how many letters may be wrong, missing, added or swapped: a short word would become any other."""
    if len(word) < 4 or len(word) > MAX_FORGIVEN_CHARS:
        return 0
    return 1 if len(word) < 8 else 2
