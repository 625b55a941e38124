"""Follow a live HLS stream for a while, as a player does, and check how it changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

from millrace.media.hls import MediaPlaylist, PlaylistError, parse_media, parse_multivariant
from millrace.media.validate import Findings, Unreadable, rules
from millrace.media.validate.low_latency import check_low_latency
from millrace.media.validate.reader import resolve
from millrace.media.validate.reloads import (
    check_delta,
    check_held,
    check_length,
    check_reload,
    check_reports,
    next_part,
)
from scripts.millrace_cli.reading import Web

# Something new has to be there within this many target durations.
STALLED_AFTER_TARGETS = 1.5
# Further ahead than any server has to wait for.
FAR_AHEAD = 10
_BAD_REQUEST = 400
# Without parts a player asks again after half a target duration.
_PAUSE_TARGETS = 0.5
_SHORTEST_PAUSE_S = 0.2


class _Track:
    """A media playlist that is read again and again."""

    def __init__(self, location: str, playlist: MediaPlaylist, now_s: float) -> None:
        self.location = location
        self.playlist = playlist
        self.changed_s = now_s
        self.reloads = 0


class Follower:
    """Reload the playlists of a stream; `sleep` and `clock` can be replaced by a test's."""

    def __init__(
        self,
        web: Web,
        found: Findings,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take how to read and where to note what is wrong."""
        self._web = web
        self._found = found
        self._clock = clock
        self._sleep = sleep
        self._tracks: dict[str, _Track] = {}

    def follow(self, location: str, seconds: float) -> int:
        """Follow for that long, or until the stream ends; returns how many reloads there were."""
        for each in self._locations(location):
            playlist = self._load(each)
            if playlist is not None:
                self._tracks[each] = _Track(each, playlist, self._clock())
        for track in self._tracks.values():
            self._check_far_ahead(track)
        until_s = self._clock() + seconds
        while going_on := [track for track in self._tracks.values() if not track.playlist.has_ended]:
            for track in going_on:
                self._reload(track)
            if self._clock() >= until_s:
                break
            self._pause()
        return sum(track.reloads for track in self._tracks.values())

    def _locations(self, location: str) -> list[str]:
        """Return the media playlists that a player could follow."""
        text = self._web.read(location).decode("utf-8", "replace")
        if "#EXT-X-STREAM-INF" not in text:
            return [location]
        try:
            main = parse_multivariant(text)
        except PlaylistError as error:
            self._found.add(rules.HLS_SYNTAX, location, f"{error}.")
            return []
        uris = [variant.uri for variant in main.variants] + [audio.uri for audio in main.audio]
        return list(dict.fromkeys(resolve(location, uri) for uri in uris))

    def _load(self, location: str, **query: str) -> MediaPlaylist | None:
        address = f"{location}{'&' if '?' in location else '?'}{urlencode(query)}" if query else location
        try:
            return parse_media(self._web.read(address).decode("utf-8", "replace"))
        except (Unreadable, PlaylistError) as error:
            self._found.add(rules.UNREADABLE, location, f"{error}.")
            return None

    def _reload(self, track: _Track) -> None:
        before = track.playlist
        control = before.server_control
        can_block = bool(control and control.can_block_reload)
        asked = next_part(before)
        query = {"_HLS_msn": str(asked[0]), "_HLS_part": str(asked[1])} if can_block else {}
        # Every other time by a delta update, so that both ways are seen.
        if control and control.can_skip_until_s is not None and track.reloads % 2:
            query["_HLS_skip"] = "YES"
        answer = self._load(track.location, **query)
        if answer is None:
            return
        track.reloads += 1
        after = check_delta(track.location, before, answer, self._found) if answer.skipped_segments else answer
        if after is None:
            return
        if can_block:
            check_held(track.location, asked, after, self._found)
        self._compare(track, after)

    def _compare(self, track: _Track, after: MediaPlaylist) -> None:
        check_reload(track.location, track.playlist, after, self._found)
        check_low_latency(track.location, after, self._found)
        check_length(track.location, after, self._found)
        others = {each.location: each.playlist for each in self._tracks.values()}
        check_reports(track.location, after, others, self._found)
        now_s = self._clock()
        if next_part(after) != next_part(track.playlist):
            track.changed_s = now_s
        silent_s = now_s - track.changed_s
        if silent_s > STALLED_AFTER_TARGETS * after.target_duration_s and not after.has_ended:
            self._found.add(rules.LIVE_STALLED, track.location, f"Nothing new for {silent_s:.1f} s.")
        track.playlist = after

    def _check_far_ahead(self, track: _Track) -> None:
        control = track.playlist.server_control
        if track.playlist.has_ended or not (control and control.can_block_reload):
            return
        number = track.playlist.open_msn + FAR_AHEAD
        separator = "&" if "?" in track.location else "?"
        status, _ = self._web.fetch(f"{track.location}{separator}_HLS_msn={number}")
        if status != _BAD_REQUEST:
            message = f"A request for segment {number}, {FAR_AHEAD} ahead, was answered with {status}."
            self._found.add(rules.LIVE_FUTURE, track.location, message)

    def _pause(self) -> None:
        """Wait where the server does not make us wait."""
        playlists = [track.playlist for track in self._tracks.values()]
        if all(each.server_control and each.server_control.can_block_reload for each in playlists):
            return
        targets = [each.target_duration_s for each in playlists]
        self._sleep(max(_SHORTEST_PAUSE_S, min(targets, default=1) * _PAUSE_TARGETS))
