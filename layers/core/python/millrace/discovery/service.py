"""Use cases of discovery: one public function a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from millrace.channels import service as channels
from millrace.discovery import cursors, store
from millrace.discovery.catching_up import entries_of
from millrace.discovery.current import current
from millrace.discovery.errors import NoSuchCategory
from millrace.discovery.home import mixed
from millrace.discovery.index import MAX_RANKED, Narrowing
from millrace.discovery.model import Hit, Ranking
from millrace.discovery.showing import Card, cards
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import ChannelId, UserId, VideoId
from millrace.videos import service as videos
from millrace.videos.model import Category

# Asked for beyond a page, so that a few that may not be shown any more do not leave it short.
SPARE = 5
# Whoever follows more sees the videos of those that they followed last.
MAX_FOLLOWED = 500
RANKING_KEPT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a list, and where it goes on; None at its end."""

    cards: tuple[Card, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CategorySize:
    """A category, and about how many videos it has."""

    category: Category
    video_count: int


def search(text: str, cursor: str | None, limit: int) -> Found:
    """Return what the words find, best first."""
    shown = cursors.read_shown(f"search {text}", cursor)
    return _best(current().search(text, now()), shown, limit)


def related(video_id: VideoId, caller: Caller | None, cursor: str | None, limit: int) -> Found:
    """Return what else somebody who watches this video may like; raises VideoGone where the caller may not see it."""
    shown = cursors.read_shown(f"related {video_id}", cursor)
    (entry,) = entries_of([videos.visible(video_id, caller)])
    return _best(current().related(entry, now()), shown, limit)


def categories() -> tuple[CategorySize, ...]:
    """Return all categories."""
    index = current()
    return tuple(CategorySize(category, index.count_of_category(category.value)) for category in Category)


def by_category(name: str, cursor: str | None, limit: int) -> Found:
    """Return a category's videos, latest first; raises NoSuchCategory."""
    try:
        category = Category(name)
    except ValueError as error:
        raise NoSuchCategory(name) from error
    return _newest(Narrowing(category=category.value), cursor, limit)


def by_channel(channel: str, cursor: str | None, limit: int) -> Found:
    """Return the videos of a channel, named by its id or by an @ and its handle, latest first; raises ChannelGone."""
    return _newest(Narrowing(channel_ids=(channels.named(channel).channel_id,)), cursor, limit)


def following(user_id: UserId, cursor: str | None, limit: int) -> Found:
    """Return the videos of all channels that the person follows, latest first."""
    return _newest(Narrowing(channel_ids=_followed(user_id)), cursor, limit)


def trending(cursor: str | None, limit: int) -> Found:
    """Return what is watched most these days. The pages of one cursor are of one ranking, which lasts for a day."""
    place = cursors.read_ranking_place(cursor)
    ranking = store.ranking(place.ranking_id) if place else newest_ranking()
    if ranking is None:
        return Found((), None)
    first = place.rank if place else 0
    shown, considered = _shown(ranking.video_ids[first : first + limit + SPARE], limit)
    after = cursors.RankingPlace(ranking.ranking_id, first + considered)
    return Found(shown, after.cursor() if after.rank < len(ranking.video_ids) else None)


def home(user_id: UserId | None, cursor: str | None, limit: int) -> Found:
    """Return a mixture of what is trending, what followed channels published, and what is new."""
    place = cursors.read_home_place(cursor)
    if place is None:
        ranking = newest_ranking()
        place = cursors.HomePlace(ranking.ranking_id if ranking else "")
    else:
        ranking = store.ranking(place.ranking_id) if place.ranking_id else None
    followed = _followed(user_id) if user_id else ()
    slots = mixed(current(), ranking, followed, place, limit + SPARE)
    shown, considered = _shown([slot.video_id for slot in slots], limit)
    has_more = considered < len(slots) or len(slots) == limit + SPARE
    return Found(shown, slots[considered - 1].behind.cursor() if has_more else None)


def newest_ranking() -> Ranking | None:
    """Return what is trending, as it was a few seconds ago."""
    kept, at = _kept_ranking(), now()
    if not kept or at - kept[0][0] > RANKING_KEPT:
        kept[:] = [(at, store.newest_ranking())]
    return kept[0][1]


def forget() -> None:
    """Drop what the container keeps; tests need it."""
    _kept_ranking.cache_clear()


def _newest(narrowing: Narrowing, cursor: str | None, limit: int) -> Found:
    hits = current().newest(narrowing, cursors.read_position(cursor), limit + SPARE)
    shown, considered = _shown([hit.video_id for hit in hits], limit)
    has_more = considered < len(hits) or len(hits) == limit + SPARE
    return Found(shown, cursors.write_position(hits[considered - 1]) if has_more else None)


def _best(hits: Sequence[Hit], shown_before: cursors.Shown, limit: int) -> Found:
    waiting = [hit.video_id for hit in hits if not shown_before.has(hit.video_id)]
    shown, considered = _shown(waiting[: limit + SPARE], limit)
    after = shown_before.with_these(waiting[:considered])
    return Found(shown, after.cursor() if considered < len(waiting) and len(after.marks) < MAX_RANKED else None)


def _shown(video_ids: Sequence[VideoId], limit: int) -> tuple[tuple[Card, ...], int]:
    """Return the first that may be shown, up to a page, and how many videos had to be looked at for them."""
    known = cards(video_ids)
    shown: list[Card] = []
    for considered, video_id in enumerate(video_ids, start=1):
        if video_id in known:
            shown.append(known[video_id])
        if len(shown) == limit:
            return tuple(shown), considered
    return tuple(shown), len(video_ids)


def _followed(user_id: UserId) -> tuple[ChannelId, ...]:
    return tuple(follow.channel_id for follow in channels.followed_by(user_id, limit=MAX_FOLLOWED).follows)


@cache
def _kept_ranking() -> list[tuple[datetime, Ranking | None]]:
    return []
