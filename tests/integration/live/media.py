"""An ingest's media without an encoder: parts and segments of any bytes, stored and shown in the right order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from millrace.live.edge import store
from millrace.live.edge.model import Edge, Part, Period, Segment, Track, TrackKind, TrackSegment
from millrace.live.places import LivePlace
from millrace.platform.ids import LiveSessionId, VideoId
from millrace.videos.model import Home
from tests.integration.live.conftest import World

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
PARTS = 6
SOURCE = Track(
    name="video_source",
    kind=TrackKind.VIDEO,
    codec="avc1.64001f",
    timescale=90000,
    bandwidth_bps=3_000_000,
    width=1280,
    height=720,
    frame_rate=Fraction(30),
)
SMALL = SOURCE.model_copy(update={"name": "video_240p", "width": 426, "height": 240, "bandwidth_bps": 400_000})
AUDIO = Track(
    name="audio",
    kind=TrackKind.AUDIO,
    codec="mp4a.40.2",
    timescale=48000,
    bandwidth_bps=128_000,
    sample_rate_hz=48000,
    channels=2,
)
TRACKS = (SOURCE, SMALL, AUDIO)


@dataclass
class Film:
    """What an ingest writes for a session that the API gave it."""

    world: World
    grant: dict[str, Any]
    tracks: Sequence[Track] = TRACKS
    edges: dict[str, Edge] = field(default_factory=dict)
    segment: int = 0
    stream_key: str = ""

    @property
    def session_id(self) -> LiveSessionId:
        return LiveSessionId(self.grant["session_id"])

    @property
    def place(self) -> LivePlace:
        return LivePlace(Home(self.grant["home"]), VideoId(self.grant["video_id"]), self.session_id)

    @property
    def period(self) -> int:
        return int(self.grant["period"])

    def begin(self) -> None:
        """Store the init segments and name the tracks."""
        self.segment = self.grant["next_segment"] - 1
        shown = store.shown(self.session_id).edges
        for track in self.tracks:
            self.put(self.place.init_key(track.name, self.period), f"init {track.name}".encode())
            fresh = Edge(session_id=self.session_id, track=track.name, epoch=0)
            next_part = self.grant["next_part"].get(track.name, self.grant["first_part"])
            changes = {"epoch": self.grant["epoch"], "next_part": next_part}
            self.edges[track.name] = shown.get(track.name, fresh).model_copy(update=changes)
        store.put_period(self.session_id, self.grant["epoch"], Period(number=self.period, tracks=tuple(self.tracks)))

    def open(self, tracks: Sequence[Track] | None = None) -> None:
        """Begin the next segment, without showing it."""
        self.segment += 1
        for track in tracks or self.tracks:
            self.edges[track.name] = self.edges[track.name].opened(
                self.segment,
                self.period,
                decode_time=2 * (self.segment - 1) * track.timescale,
                program_date_time=BEGAN + timedelta(seconds=2 * (self.segment - 1)),
                unnamed_from=self.segment,
            )

    def part(self, tracks: Sequence[Track] | None = None) -> None:
        """Store and show a part of each track."""
        for track in tracks or self.tracks:
            edge = self.edges[track.name]
            is_first = not edge.tail[-1].parts
            body = f"[{track.name} {edge.next_part}]".encode()
            self.put(self.place.part_key(track.name, edge.next_part), body)
            self.edges[track.name] = edge.with_part(
                Part(
                    number=edge.next_part,
                    duration=track.timescale // 3,
                    size_bytes=len(body),
                    is_independent=is_first or track is AUDIO,
                ),
                key_frame_size_bytes=5 if is_first and track is not AUDIO else None,
            )
            store.put_edge(self.edges[track.name])

    def complete(self) -> None:
        """Store and name the segment in all tracks."""
        done: dict[str, TrackSegment] = {}
        for name, edge in self.edges.items():
            if edge.tail[-1].number != self.segment:
                continue
            body = b"".join(f"[{name} {part.number}]".encode() for part in edge.tail[-1].parts)
            self.put(self.place.segment_key(name, self.period, self.segment), body)
            self.edges[name] = edge.completed()
            store.put_edge(self.edges[name])
            done[name] = TrackSegment.of(edge.tail[-1])
        at = BEGAN + timedelta(seconds=2 * (self.segment - 1))
        segment = Segment(number=self.segment, period=self.period, program_date_time=at, tracks=done)
        store.put_segment(self.session_id, self.grant["epoch"], segment)

    def whole(self, count: int = 1, parts: int = PARTS) -> None:
        """Go through whole segments; of fewer parts where only their number matters."""
        for _ in range(count):
            self.open()
            for _ in range(parts):
                self.part()
            self.complete()

    def put(self, key: str, body: bytes) -> None:
        self.world.server.client("s3").put_object(Bucket=self.world.media, Key=key, Body=body)
