"""Playlists as players ask for them.

A container keeps the named segments of the sessions that it serves: they never change, so a playlist costs what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from millrace.live.edge import store
from millrace.live.edge.model import Segment, Shown
from millrace.live.errors import NotStarted, StreamGone
from millrace.live.playlists import main, manifest, media
from millrace.live.playlists.timeline import Clock, Row, clock_of, joined, past, track_of
from millrace.live.playlists.waiting import Directive, wait
from millrace.media import dash, hls
from millrace.platform.clock import now
from millrace.platform.ids import LiveSessionId
from millrace.videos.model import Home

# A container serves few streams at once: requests are spread by chance, and a busy platform has many containers.
SESSIONS_KEPT = 50
# How long caches may keep an answer, in seconds. One to a blocking request is right for ever, and wanted for six target
# durations (RFC 8216bis B.1); one that was held in vain is kept just long enough to serve all who wait.
SATISFIED_S, PRESENT_S, ENDED_S = 12, 1, 60


@dataclass(frozen=True, slots=True)
class Text:
    """A playlist, and how long caches may keep it."""

    body: str
    max_age_s: int


@dataclass(slots=True)
class _Past:
    """What a container knows of a session's named segments."""

    segments: list[Segment] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def up_to(self, shown: Shown) -> Sequence[Segment]:
        """Return the segments that the head tells of."""
        last = shown.head.last_segment
        # What no playlist lists any more is not read.
        known = self.segments[-1].number if self.segments else max(0, last - media.MAX_SEGMENTS)
        if known < last:
            read = store.all_segments if last - known > store.RUN else store.segments
            fresh = read(shown.head.session_id, since=known + 1)
            # What was named since the head was read comes with the next one.
            self.segments += [segment for segment in fresh if segment.number <= last]
        return self.segments

    def of(self, track: str, clock: Clock) -> list[Row]:
        """Return the rows of a track."""
        rows = self.rows.setdefault(track, [])
        rows += past(track, self.segments[len(rows) :], clock)
        return rows


def low_latency(home: Home, session_id: LiveSessionId, track: str, directive: Directive) -> Text:
    """Return a track's playlist, held until it has what the directive asks for; raises StreamGone or BadDirective."""
    is_satisfied = wait(session_id, track, directive)
    stream = _stream(home, session_id, track)
    playlist = media.low_latency(stream)
    if directive.skip:
        playlist = hls.make_delta(playlist)
    if stream.shown.head.has_ended:
        return Text(hls.write_media(playlist), ENDED_S)
    return Text(hls.write_media(playlist), SATISFIED_S if is_satisfied else PRESENT_S)


def plain(home: Home, session_id: LiveSessionId, track: str) -> Text:
    """Return a track's playlist for players without low latency; raises StreamGone."""
    stream = _stream(home, session_id, track)
    return _text(stream.shown, hls.write_media(media.plain(stream)))


def key_frames(home: Home, session_id: LiveSessionId, track: str) -> Text:
    """Return a track's playlist of key frames; raises StreamGone."""
    stream = _stream(home, session_id, track)
    return _text(stream.shown, hls.write_media(media.key_frames(stream)))


def multivariant(home: Home, session_id: LiveSessionId, playlist_name: str) -> Text:
    """Return what leads to the tracks' playlists of that name; raises StreamGone or NotStarted."""
    shown = _shown(home, session_id)
    playlist = main.multivariant(shown, playlist_name)
    if playlist is None:
        raise NotStarted
    return _text(shown, hls.write_multivariant(playlist))


def dash_manifest(home: Home, session_id: LiveSessionId, clock_url: str) -> Text:
    """Return the DASH manifest over the complete segments; raises StreamGone or NotStarted."""
    shown = _shown(home, session_id)
    found = _past(session_id).up_to(shown)
    made = manifest.growing(shown, found, now(), clock_url)
    if made is None:
        raise NotStarted
    return _text(shown, dash.write(made))


def _text(shown: Shown, body: str) -> Text:
    return Text(body, ENDED_S if shown.head.has_ended else PRESENT_S)


def _shown(home: Home, session_id: LiveSessionId) -> Shown:
    """Return the edge of a session whose media lies there: the address decides whether cookies were asked for."""
    shown = store.shown(session_id)
    if shown.head.home is not home:
        raise StreamGone(session_id)
    return shown


def _stream(home: Home, session_id: LiveSessionId, track: str) -> media.Stream:
    shown = _shown(home, session_id)
    found = track_of(shown.periods, track)
    # A track that was dropped goes on nowhere: its players find the others.
    if found is None or (found.dropped_at_segment is not None and not shown.head.has_ended):
        raise StreamGone(session_id)
    known = _past(session_id)
    clock = clock_of(shown, known.up_to(shown))
    return media.Stream(shown, track, clock, joined(known.of(track, clock), shown.edges.get(track), clock))


@lru_cache(SESSIONS_KEPT)
def _past(session_id: LiveSessionId) -> _Past:
    return _Past()
