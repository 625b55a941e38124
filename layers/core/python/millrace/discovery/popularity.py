"""How popular videos are: views that weigh less the longer they are ago.

A score halves in a fixed time, so an hour of new views is added to what is left of the old ones, and no view has to
be kept. Two half-lives: a day for what is trending, a month for search.
"""

import gzip
import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict

from millrace.discovery.errors import DiscoveryUnavailable
from millrace.platform import clients, settings
from millrace.platform.ids import VideoId

TREND_HALF_LIFE_H = 24.0
LASTING_HALF_LIFE_H = 30 * 24.0
# Less than this is forgotten: a single view, some nine months ago.
LEAST = 0.002
KEY = "popularity.json.gz"


@dataclass(frozen=True, slots=True)
class Popularity:
    """The scores of all videos that somebody watched, at the end of an hour counted from 1970."""

    hour: int
    trend: Mapping[VideoId, float] = field(default_factory=dict)
    lasting: Mapping[VideoId, float] = field(default_factory=dict)
    indexed: Mapping[VideoId, int] = field(default_factory=dict)
    """What the index holds: the binary logarithm, since it is only told when that changes."""

    def after(self, hour: int, views: Mapping[VideoId, int]) -> "Popularity":
        """Return the scores after a later hour with these views."""
        passed = hour - self.hour
        trend = _decayed(self.trend, passed / TREND_HALF_LIFE_H, views)
        return Popularity(hour, trend, _decayed(self.lasting, passed / LASTING_HALF_LIFE_H, views), self.indexed)

    def trending(self, limit: int) -> list[VideoId]:
        """Return the videos that are watched most these days, first to last."""
        return heapq.nlargest(limit, self.trend, key=lambda video_id: (self.trend[video_id], video_id))

    def moved(self, limit: int) -> dict[VideoId, float]:
        """Return the scores that the index should be told of: those that doubled or halved, most popular first."""
        known = {*self.lasting, *self.indexed}
        changed = [video_id for video_id in known if self._magnitude(video_id) != self.indexed.get(video_id, 0)]
        first = heapq.nlargest(limit, changed, key=lambda video_id: self.lasting.get(video_id, 0.0))
        return {video_id: self.lasting.get(video_id, 0.0) for video_id in first}

    def told(self, video_ids: Mapping[VideoId, float]) -> "Popularity":
        """Return the same scores, the index knowing those."""
        indexed = {**self.indexed, **{video_id: self._magnitude(video_id) for video_id in video_ids}}
        kept = {video_id: magnitude for video_id, magnitude in indexed.items() if magnitude}
        return Popularity(self.hour, self.trend, self.lasting, kept)

    def _magnitude(self, video_id: VideoId) -> int:
        return round(math.log2(1 + self.lasting.get(video_id, 0.0)))


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True)

    hour: int
    trend: dict[VideoId, float]
    lasting: dict[VideoId, float]
    indexed: dict[VideoId, int]


def load() -> Popularity | None:
    """Return the scores as they were stored last; None if they never were."""
    try:
        answer = clients.s3().get_object(Bucket=settings.require("DISCOVERY_BUCKET"), Key=KEY)
        stored = _Stored.model_validate_json(gzip.decompress(answer["Body"].read()))
    except clients.s3().exceptions.NoSuchKey:
        return None
    except (BotoCoreError, ClientError) as error:
        raise DiscoveryUnavailable from error
    return Popularity(**dict(stored))


def save(popularity: Popularity) -> None:
    """Store the scores."""
    stored = _Stored(
        hour=popularity.hour,
        trend=dict(popularity.trend),
        lasting=dict(popularity.lasting),
        indexed=dict(popularity.indexed),
    )
    body = gzip.compress(stored.model_dump_json().encode(), compresslevel=3)
    try:
        clients.s3().put_object(Bucket=settings.require("DISCOVERY_BUCKET"), Key=KEY, Body=body)
    except (BotoCoreError, ClientError) as error:
        raise DiscoveryUnavailable from error


def _decayed(scores: Mapping[VideoId, float], half_lives: float, views: Mapping[VideoId, int]) -> dict[VideoId, float]:
    left = 0.5**half_lives
    decayed = {video_id: score * left for video_id, score in scores.items() if score * left >= LEAST}
    for video_id, count in views.items():
        decayed[video_id] = decayed.get(video_id, 0.0) + count
    return decayed
