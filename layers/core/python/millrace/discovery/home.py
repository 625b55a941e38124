"""The home feed: three lists in one, each read on from where it was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from millrace.discovery.cursors import HomePlace
from millrace.discovery.index import Index, Narrowing
from millrace.discovery.model import Ranking
from millrace.platform.ids import ChannelId, VideoId

Source = Literal["followed", "trending", "newest"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A video of the feed, and the place behind it."""

    video_id: VideoId
    behind: HomePlace


def mixed(
    index: Index, ranking: Ranking | None, followed: Sequence[ChannelId], place: HomePlace, limit: int
) -> list[Slot]:
    """Return the feed from a place on, the three lists by turns.

    A video belongs to the first that has it of trending, followed and new, so that no page has to know the others.
    """
    trending = ranking.video_ids if ranking else ()
    ranked = frozenset(trending)

    def newest(narrowing: Narrowing, before: int | None) -> Iterator[tuple[VideoId, int]]:
        hits = index.newest(narrowing, before, limit + len(ranked))
        return ((hit.video_id, hit.position) for hit in hits if hit.video_id not in ranked)

    sources: dict[Source, Iterator[tuple[VideoId, int]]] = {
        "followed": newest(Narrowing(channel_ids=followed), place.followed_before) if followed else iter(()),
        "trending": ((video_id, rank + 1) for rank, video_id in enumerate(trending) if rank >= place.rank),
        "newest": newest(Narrowing(without_channels=followed), place.newest_before),
    }
    return list(islice(_by_turns(sources, place), limit))


def _by_turns(sources: dict[Source, Iterator[tuple[VideoId, int]]], place: HomePlace) -> Iterator[Slot]:
    left = dict(sources)
    while left:
        for name, source in list(left.items()):
            found = next(source, None)
            if found is None:
                del left[name]
                continue
            video_id, mark = found
            place = _behind(place, name, mark)
            yield Slot(video_id, place)


def _behind(place: HomePlace, source: Source, mark: int) -> HomePlace:
    match source:
        case "followed":
            return replace(place, followed_before=mark)
        case "trending":
            return replace(place, rank=mark)
        case "newest":
            return replace(place, newest_before=mark)
