"""Multivariant playlists of live streams: what can be played now, best picture first."""

import math
from decimal import Decimal

from millrace.live.edge.model import Edge, Shown, Track, TrackKind
from millrace.media import hls

AUDIO_GROUP = "audio"
# Pictures differ, and what is promised of them should hold.
KEY_FRAME_ROOM = 2


def multivariant(shown: Shown, playlist_name: str, *, with_key_frames: bool = True) -> hls.MultivariantPlaylist | None:
    """Offer the tracks of the present period that have parts; None before there are any."""
    tracks = playable(shown)
    pictures = [track for track in tracks if track.kind is TrackKind.VIDEO]
    sounds = [track for track in tracks if track.kind is TrackKind.AUDIO]
    if not tracks:
        return None
    sound_bps = max((rate_bps(track, shown) for track in sounds), default=0)
    if not pictures:
        return hls.MultivariantPlaylist(tuple(_variant(track, shown, playlist_name, (), 0) for track in sounds))
    return hls.MultivariantPlaylist(
        variants=tuple(_variant(track, shown, playlist_name, tuple(sounds), sound_bps) for track in pictures),
        audio=tuple(
            hls.AudioRendition(AUDIO_GROUP, "Sound", f"{track.name}/{playlist_name}", channels=track.channels)
            for track in sounds
        ),
        iframe_variants=tuple(_key_frames(track, shown) for track in pictures) if with_key_frames else (),
    )


def playable(shown: Shown) -> tuple[Track, ...]:
    """Return the tracks of the latest period of which anything can be played, in their order.

    Players look once: so nothing is offered before a whole segment is there, without which some give up, nor sound
    alone while its picture is only being stored.
    """
    if not shown.head.last_segment:
        return ()
    for period in reversed(shown.periods):
        tracks = tuple(
            track
            for track in period.running
            if _has_parts(shown.edges.get(track.name), period.number) or shown.head.has_ended
        )
        if {track.kind for track in tracks} == {track.kind for track in period.running} != set():
            return tracks
    return ()


def _has_parts(edge: Edge | None, period: int) -> bool:
    return edge is not None and any(segment.parts and segment.period == period for segment in edge.tail)


def rate_bps(track: Track, shown: Shown) -> int:
    """Return the rate to promise: the track's own word, or more if a segment at the edge has had more."""
    edge = shown.edges.get(track.name)
    measured = [
        math.ceil(segment.size_bytes * 8 * track.timescale / segment.duration)
        for segment in (edge.tail if edge else ())
        if segment.is_complete and segment.duration
    ]
    return max([track.bandwidth_bps, *measured])


def _variant(track: Track, shown: Shown, playlist_name: str, sounds: tuple[Track, ...], sound_bps: int) -> hls.Variant:
    rate = rate_bps(track, shown) + sound_bps
    frame_rate = track.frame_rate
    return hls.Variant(
        uri=f"{track.name}/{playlist_name}",
        bandwidth_bps=rate,
        average_bandwidth_bps=rate,
        codecs=(track.codec, *sorted({sound.codec for sound in sounds})),
        width=track.width,
        height=track.height,
        frame_rate=Decimal(frame_rate.numerator) / frame_rate.denominator if frame_rate else None,
        audio_group_id=AUDIO_GROUP if sounds else None,
    )


def _key_frames(track: Track, shown: Shown) -> hls.IFrameVariant:
    edge = shown.edges.get(track.name)
    # A segment's key frame is known with its first part; each stands for about as long as a segment lasts.
    sizes = [segment.key_frame_size_bytes for segment in (edge.tail if edge else ()) if segment.key_frame_size_bytes]
    rate = math.ceil(KEY_FRAME_ROOM * max(sizes) * 8 / shown.head.segment_target_s) if sizes else track.bandwidth_bps
    return hls.IFrameVariant(
        f"{track.name}/iframes.m3u8", rate, rate, (track.codec,), track.width or 0, track.height or 0
    )
