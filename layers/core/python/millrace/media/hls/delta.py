"""Playlist delta updates (6.2.5.1): leave out what a player has, and put it in again."""

from dataclasses import replace

from millrace.media.hls.values import LOW_LATENCY_VERSION, MediaPlaylist, PlaylistError

__all__ = ["apply_delta", "make_delta"]


def make_delta(playlist: MediaPlaylist) -> MediaPlaylist:
    """Return the delta update of a playlist, or the playlist itself where nothing may be skipped.

    A segment may be skipped that ends further from the end of the playlist than CAN-SKIP-UNTIL.
    """
    boundary_s = playlist.server_control.can_skip_until_s if playlist.server_control else None
    if boundary_s is None or playlist.has_ended or playlist.skipped_segments:
        return playlist
    left_s = playlist.duration_s
    skipped = 0
    for segment in playlist.segments:
        left_s -= segment.duration_s
        if left_s <= boundary_s:
            break
        skipped += 1
    if not skipped:
        return playlist
    return replace(
        _without_init(playlist, skipped),
        skipped_segments=skipped,
        version=max(playlist.version, LOW_LATENCY_VERSION),
    )


def _without_init(playlist: MediaPlaylist, skipped: int) -> MediaPlaylist:
    """Drop the first segments, and what follows need not repeat their init segment."""
    known = playlist.segments[skipped - 1].init
    segments = list(playlist.segments[skipped:])
    for position, segment in enumerate(segments):
        if segment.init != known:
            return replace(playlist, segments=tuple(segments))
        segments[position] = replace(segment, init=None)
    open_segment = playlist.open_segment
    if open_segment is not None and open_segment.init == known:
        open_segment = replace(open_segment, init=None)
    return replace(playlist, segments=tuple(segments), open_segment=open_segment)


def apply_delta(before: MediaPlaylist, delta: MediaPlaylist) -> MediaPlaylist:
    """Return the whole playlist that a delta update stands for; raises PlaylistError if `before` is too old."""
    if not delta.skipped_segments:
        return delta
    first = delta.media_sequence - before.media_sequence - before.skipped_segments
    kept = before.segments[first : first + delta.skipped_segments] if first >= 0 else ()
    if len(kept) != delta.skipped_segments:
        raise PlaylistError(f"segment {delta.media_sequence} and those after it are not known")
    # The tag that names the init segment may have been skipped with the segments that it stood before.
    init = kept[-1].init
    segments = tuple(replace(each, init=each.init or init) for each in delta.segments)
    open_segment = delta.open_segment
    if open_segment is not None:
        open_segment = replace(open_segment, init=open_segment.init or init)
    return replace(delta, segments=(*kept, *segments), open_segment=open_segment, skipped_segments=0)
