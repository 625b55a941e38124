"""What the ingest tells of a session, and playlists are made of.

Times are ticks of the track's timescale. Segments have the same number in all tracks and begin with 1; a part belongs
to one segment, and a segment object is the exact concatenation of its parts. A period is what one encoder wrote without
a break: a publisher that comes back, another ingest, or another picture size begins the next one, with init segments of
its own and a discontinuity before its first segment.

The order that makes everything readable that is named: put the object on S3 first, then write what names it.

    init segments of a period → put_period
    a part                    → put_edge (the part is in the last segment of the tail)
    a segment of one track    → put_edge (it is complete); it stays in the tail until put_segment named it
    a segment of all tracks   → put_segment
"""

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from millrace.platform.ids import LiveSessionId, VideoId
from millrace.videos.model import Home

# Complete segments that an edge keeps with their parts: players want the parts of the last three target durations
# (RFC 8216bis 4.4.4.9), and a fourth for the segment that is longer than its target.
TAIL_SEGMENTS = 4
# A part number that a former ingest may still use is never used again: caches may have its part under that name.
PARTS_BETWEEN_INGESTS = 1000

FrameRate = Annotated[Fraction, BeforeValidator(Fraction), PlainSerializer(str)]


class EdgeFact(BaseModel):
    """Base of these values: they do not change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TrackKind(StrEnum):
    """What a track carries."""

    VIDEO = "video"
    AUDIO = "audio"


class Track(EdgeFact):
    """A rendition of the picture, or the sound, as one period has it."""

    name: str
    """`video_source`, `video_480p`, …, `audio`: the folder of its media and a part of its playlists' addresses."""
    kind: TrackKind
    codec: str
    """As in RFC 6381: `avc1.64001f`, `mp4a.40.2`."""
    timescale: int
    bandwidth_bps: int
    """The highest rate that a segment may have; for the source, what was measured so far with room above it."""
    width: int | None = None
    height: int | None = None
    frame_rate: FrameRate | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    dropped_at_segment: int | None = None
    """The first segment that it lacks: the encoder could not keep up, and this rendition had to go."""


class Period(EdgeFact):
    """The tracks between two discontinuities; they are ordered, best picture first."""

    number: int
    tracks: tuple[Track, ...]

    def without(self, track: str, from_segment: int) -> "Period":
        """Return the period with a track that ends before that segment."""
        return self.model_copy(
            update={
                "tracks": tuple(
                    each.model_copy(update={"dropped_at_segment": from_segment}) if each.name == track else each
                    for each in self.tracks
                )
            }
        )

    @property
    def running(self) -> tuple[Track, ...]:
        """The tracks that still grow."""
        return tuple(track for track in self.tracks if track.dropped_at_segment is None)


class Part(EdgeFact):
    """A part that is stored."""

    number: int
    duration: int
    size_bytes: int
    is_independent: bool
    """Whether it begins with a key frame; always so for sound."""


class EdgeSegment(EdgeFact):
    """A segment of one track at the edge, with its parts."""

    number: int
    period: int
    program_date_time: AwareDatetime
    """When the ingest received its first frame; the same in all tracks of the session."""
    decode_time: int
    parts: tuple[Part, ...] = ()
    is_complete: bool = False
    """The segment object is stored."""
    key_frame_size_bytes: int | None = None
    """How many bytes from the segment's beginning hold its first key frame: the fragment's header, then the frame."""

    @property
    def duration(self) -> int:
        """How long it is, in ticks."""
        return sum(part.duration for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return sum(part.size_bytes for part in self.parts)


class Edge(EdgeFact):
    """The newest segments of one track; the last one of the tail may be open."""

    session_id: LiveSessionId
    track: str
    epoch: int
    """Which of the ingests that held the session writes: see `store`."""
    version: int = 0
    """Counts the changes; an older one never replaces a newer one."""
    next_part: int = 0
    """The number that the next part will have."""
    tail: tuple[EdgeSegment, ...] = ()

    def opened(
        self, number: int, period: int, *, decode_time: int, program_date_time: datetime, unnamed_from: int
    ) -> "Edge":
        """Return the edge with a new, empty segment at its end.

        Complete segments leave the tail at its other end, but for those from `unnamed_from` on, the first number that
        put_segment has not named yet.
        """
        fresh = EdgeSegment(number=number, period=period, decode_time=decode_time, program_date_time=program_date_time)
        kept = tuple(
            segment
            for position, segment in enumerate(self.tail)
            if segment.number >= unnamed_from or position >= len(self.tail) - TAIL_SEGMENTS
        )
        return self._changed(tail=(*kept, fresh))

    def with_part(self, part: Part, key_frame_size_bytes: int | None = None) -> "Edge":
        """Return the edge with a part more in its open segment; the first part may tell of the segment's key frame."""
        last = self.tail[-1]
        changed = last.model_copy(
            update={
                "parts": (*last.parts, part),
                "key_frame_size_bytes": last.key_frame_size_bytes or key_frame_size_bytes,
            }
        )
        return self._changed(tail=(*self.tail[:-1], changed), next_part=part.number + 1)

    def completed(self) -> "Edge":
        """Return the edge with its last segment complete."""
        return self._changed(tail=(*self.tail[:-1], self.tail[-1].model_copy(update={"is_complete": True})))

    def _changed(self, **changes: object) -> "Edge":
        return self.model_copy(update={**changes, "version": self.version + 1})


class TrackSegment(EdgeFact):
    """A complete segment of one track."""

    duration: int
    size_bytes: int
    decode_time: int
    key_frame_size_bytes: int | None = None

    @classmethod
    def of(cls, segment: EdgeSegment) -> "TrackSegment":
        """Return what stays of a segment when it leaves the edge."""
        return cls(
            duration=segment.duration,
            size_bytes=segment.size_bytes,
            decode_time=segment.decode_time,
            key_frame_size_bytes=segment.key_frame_size_bytes,
        )


class Segment(EdgeFact):
    """A complete segment of all tracks; a track that it lacks has a gap there."""

    number: int
    period: int
    program_date_time: AwareDatetime
    tracks: dict[str, TrackSegment]

    @property
    def is_hole(self) -> bool:
        """Whether no track has it: its number was meant for what an encoder never made."""
        return not self.tracks


class Head(EdgeFact):
    """What holds for a session's media as a whole."""

    session_id: LiveSessionId
    video_id: VideoId
    home: Home
    epoch: int
    period: int = 0
    """The latest period that was begun, or is being begun by the ingest of this epoch."""
    last_segment: int = 0
    """The last one that put_segment named; 0 before the first."""
    part_target_ms: int
    segment_target_s: int
    has_ended: bool = False


class Shown(EdgeFact):
    """Everything at the edge in one moment: what all playlists but their long beginnings are made of."""

    head: Head
    periods: tuple[Period, ...] = ()
    edges: dict[str, Edge] = {}
