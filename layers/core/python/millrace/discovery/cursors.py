"""Where a list goes on. What is added meanwhile neither repeats what was shown nor hides what was not."""

import base64
import binascii
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from millrace.discovery.model import Hit
from millrace.platform.errors import Invalid
from millrace.platform.http import decode_cursor, encode_cursor
from millrace.platform.http.cursors import FOREIGN
from millrace.platform.ids import VideoId

_MARK_BYTES = 4
# A mark for each of the videos that a search can show, the question's own, and a third more for base64.
MAX_CHARS = 1700


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody has seen of a list that is ordered by more than time: the marks of its videos.

    Scores differ a little between two functions and change with every new video, so "behind this score" would skip
    and repeat. Instead the best that were not shown come next. A mark has 32 bits: among 300 videos one in a hundred
    thousand lists loses a video to another's mark.
    """

    question: int
    marks: frozenset[int] = frozenset()

    def has(self, video_id: VideoId) -> bool:
        """Whether the video was shown already."""
        return _mark(video_id) in self.marks

    def with_these(self, video_ids: Iterable[VideoId]) -> "Shown":
        """Return what will have been shown after these."""
        return Shown(self.question, self.marks | {_mark(video_id) for video_id in video_ids})

    def cursor(self) -> str:
        """Write it down."""
        numbers = (self.question, *sorted(self.marks))
        raw = b"".join(number.to_bytes(_MARK_BYTES, "big") for number in numbers)
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_shown(question: str, cursor: str | None) -> Shown:
    """Return what was shown of the answers to this question; raises Invalid for a cursor of any other."""
    mark = _mark(question)
    if cursor is None:
        return Shown(mark)
    try:
        raw = base64.b64decode((cursor + "=" * (-len(cursor) % 4)).encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise Invalid("cursor", FOREIGN) from error
    numbers = [int.from_bytes(raw[at : at + _MARK_BYTES], "big") for at in range(0, len(raw), _MARK_BYTES)]
    if len(cursor) > MAX_CHARS or len(raw) % _MARK_BYTES or numbers[:1] != [mark]:
        raise Invalid("cursor", FOREIGN)
    return Shown(mark, frozenset(numbers[1:]))


def _mark(text: str) -> int:
    return zlib.crc32(text.encode())


def read_position(cursor: str | None) -> int | None:
    """Return the place in time behind which a list goes on; raises Invalid."""
    key = decode_cursor(cursor)
    return None if key is None else _number(key.get("before"))


def write_position(last: Hit | None) -> str | None:
    """Return the cursor of the page behind that video; None, the end, stays None."""
    return encode_cursor({"before": last.position} if last else None)


@dataclass(frozen=True, slots=True)
class RankingPlace:
    """A place in one ranking, which does not change while its pages are turned."""

    ranking_id: str
    rank: int

    def cursor(self) -> str | None:
        """Write it down."""
        return encode_cursor({"ranking": self.ranking_id, "rank": self.rank})


def read_ranking_place(cursor: str | None) -> RankingPlace | None:
    """Return the place; raises Invalid."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    return RankingPlace(_text(key.get("ranking")), _number(key.get("rank")))


@dataclass(frozen=True, slots=True)
class HomePlace:
    """A place in each of the lists that make the home feed; None is its beginning."""

    ranking_id: str = ""
    rank: int = 0
    followed_before: int | None = None
    newest_before: int | None = None

    def cursor(self) -> str | None:
        """Write it down."""
        numbers = {"rank": self.rank, "followed": self.followed_before, "newest": self.newest_before}
        return encode_cursor({"ranking": self.ranking_id, **numbers})


def read_home_place(cursor: str | None) -> HomePlace | None:
    """Return the place; raises Invalid."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    followed, newest = (None if key.get(name) is None else _number(key[name]) for name in ("followed", "newest"))
    return HomePlace(_text(key.get("ranking")), _number(key.get("rank")), followed, newest)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Invalid("cursor", FOREIGN)
    return value


def _number(value: object) -> int:
    # What an index can compare with.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise Invalid("cursor", FOREIGN)
    return value
