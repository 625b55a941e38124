"""Turn measured segments into playlists: HLS and DASH over the same CMAF files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from pydantic import BaseModel, ConfigDict

from millrace.media import dash, hls
from millrace.media.cmaf import MeasuredSegment
from millrace.media.ladder import Rendition
from millrace.media.plan import AudioPlan, EncodePlan

__all__ = ["MAIN_PLAYLIST", "MANIFEST", "MEDIA_PLAYLIST", "Growth", "MeasuredTrack", "package"]

MAIN_PLAYLIST: Final = "main.m3u8"
MANIFEST: Final = "manifest.mpd"
MEDIA_PLAYLIST: Final = "media.m3u8"
INIT_SEGMENT: Final = "init.mp4"
_AUDIO_GROUP: Final = "audio"
# A film grows by a chunk at a time, every few seconds.
GROWING_UPDATE_S: Final = Decimal(2)
_MICROSECOND: Final = Decimal("0.000001")


class MeasuredTrack(BaseModel):
    """Describe a stored rendition, or the sound: its codec and all segments so far, in order."""

    model_config = ConfigDict(frozen=True)

    name: str
    codec: str
    timescale: int
    segments: tuple[MeasuredSegment, ...]

    @property
    def duration_s(self) -> Fraction:
        """Return how long the segments play."""
        return Fraction(sum(segment.duration for segment in self.segments), self.timescale)


@dataclass(frozen=True, slots=True)
class _Rates:
    peak_bps: int
    average_bps: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Say since when a video could have been watched, had it been live, and when it was last added to."""

    since: datetime
    at: datetime


def package(
    plan: EncodePlan, video: Sequence[MeasuredTrack], audio: Sequence[MeasuredTrack], *, growth: Growth | None = None
) -> dict[str, str]:
    """Return the text of each playlist by its path below the video's folder.

    While the video grows the media playlists are of type EVENT, and the DASH manifest is dynamic. Raises ValueError if
    a track has a hole, or renditions of one video are not aligned.
    """
    is_complete = growth is None
    for track in [*video, *audio]:
        _check_contiguous(track)
    _check_aligned(video)
    tracks = {track.name: track for track in [*video, *audio]}
    ordered = [(rendition, tracks[rendition.name]) for rendition in plan.renditions if rendition.name in tracks]
    sounds = [(each, tracks[each.name]) for each in plan.audio if each.name in tracks]
    files = {MAIN_PLAYLIST: hls.write_multivariant(_multivariant(plan, ordered, sounds, is_complete=is_complete))}
    for track in [*video, *audio]:
        files[f"{track.name}/{MEDIA_PLAYLIST}"] = hls.write_media(_media(track, plan, is_complete=is_complete))
    files[MANIFEST] = dash.write(_manifest(plan, ordered, sounds, growth))
    return files


def _check_contiguous(track: MeasuredTrack) -> None:
    if not track.segments:
        raise ValueError(f"{track.name} has no segments")
    if track.segments[0].number != 1 or track.segments[0].decode_time != 0:
        raise ValueError(f"{track.name} does not begin at the first segment")
    for before, after in pairwise(track.segments):
        if after.number != before.number + 1 or after.decode_time != before.decode_time + before.duration:
            raise ValueError(f"{track.name} has a hole before segment {after.number}")


def _check_aligned(video: Sequence[MeasuredTrack]) -> None:
    """Require the same segment boundaries everywhere: players switch renditions there."""
    boundaries = {
        (track.timescale, tuple((segment.decode_time, segment.duration) for segment in track.segments))
        for track in video
    }
    if len(boundaries) != 1:
        raise ValueError("the renditions are not aligned")


def _media(track: MeasuredTrack, plan: EncodePlan, *, is_complete: bool) -> hls.MediaPlaylist:
    # One target for all tracks; audio segments differ from it by less than a frame.
    longest_s = max(
        plan.segment_frames / plan.frame_rate,
        *(Fraction(segment.duration, track.timescale) for segment in track.segments),
    )
    return hls.MediaPlaylist(
        target_duration_s=max(1, math.floor(longest_s + Fraction(1, 2))),
        segments=tuple(
            hls.MediaSegment(
                f"seg_{segment.number:05d}.m4s",
                _seconds(segment.duration, track.timescale),
                hls.InitSegment(INIT_SEGMENT),
            )
            for segment in track.segments
        ),
        playlist_type=hls.PlaylistType.VOD if is_complete else hls.PlaylistType.EVENT,
        has_ended=is_complete,
        # Without this, players begin near the end of a playlist that still grows.
        start=None if is_complete else hls.Start(Decimal(0), is_precise=True),
    )


def _seconds(ticks: int, timescale: int) -> Decimal:
    return (Decimal(ticks) / timescale).quantize(_MICROSECOND)


def _multivariant(
    plan: EncodePlan,
    video: Sequence[tuple[Rendition, MeasuredTrack]],
    audio: Sequence[tuple[AudioPlan, MeasuredTrack]],
    *,
    is_complete: bool,
) -> hls.MultivariantPlaylist:
    sounds = [_rates(track, each.bitrate_bps, is_complete=is_complete) for each, track in audio]
    # A variant's rates hold for its dearest sound (RFC 8216 4.3.4.2).
    sound = max(sounds, key=lambda rates: rates.peak_bps, default=_Rates(0, 0))
    variants = []
    for rendition, track in video:
        rates = _rates(track, rendition.maxrate_bps, is_complete=is_complete)
        variants.append(
            hls.Variant(
                uri=f"{rendition.name}/{MEDIA_PLAYLIST}",
                bandwidth_bps=rates.peak_bps + sound.peak_bps,
                average_bandwidth_bps=rates.average_bps + sound.average_bps,
                codecs=(track.codec, *sorted({each.codec for _, each in audio})),
                width=rendition.width,
                height=rendition.height,
                frame_rate=Decimal(plan.frame_rate.numerator) / plan.frame_rate.denominator,
                audio_group_id=_AUDIO_GROUP if audio else None,
            )
        )
    start = None if is_complete else hls.Start(Decimal(0), is_precise=True)
    return hls.MultivariantPlaylist(tuple(variants), tuple(_audio_rendition(each) for each, _ in audio), start)


def _audio_rendition(audio: AudioPlan) -> hls.AudioRendition:
    return hls.AudioRendition(
        group_id=_AUDIO_GROUP,
        name=audio.label,
        uri=f"{audio.name}/{MEDIA_PLAYLIST}",
        language=None if audio.language == "und" else audio.language,
        channels=audio.channels,
        is_default=audio.is_default,
    )


def _rates(track: MeasuredTrack, cap_bps: int, *, is_complete: bool) -> _Rates:
    """Measure a track; while it grows, its cap stands for the segments to come."""
    bits = sum(segment.size_bytes for segment in track.segments) * 8
    average_bps = math.ceil(bits / track.duration_s)
    peak_bps = peak_bandwidth_bps(track)
    if not is_complete:
        return _Rates(max(peak_bps, cap_bps), max(average_bps, cap_bps))
    return _Rates(max(peak_bps, average_bps), average_bps)


def peak_bandwidth_bps(track: MeasuredTrack) -> int:
    """Return the largest rate over runs of segments of half to one and a half target durations (RFC 8216 4.1).

    A last segment shorter than that counts only together with its neighbours.
    """
    target = max(segment.duration for segment in track.segments)
    peak = Fraction(0)
    for position in range(len(track.segments)):
        duration = bits = 0
        for segment in track.segments[position:]:
            duration += segment.duration
            bits += segment.size_bytes * 8
            if 2 * duration > 3 * target:
                break
            if 2 * duration >= target:
                peak = max(peak, Fraction(bits * track.timescale, duration))
    return math.ceil(peak)


def _manifest(
    plan: EncodePlan,
    video: Sequence[tuple[Rendition, MeasuredTrack]],
    audio: Sequence[tuple[AudioPlan, MeasuredTrack]],
    growth: Growth | None,
) -> dash.Manifest:
    is_complete = growth is None
    pictures = tuple(
        dash.Representation(
            id=rendition.name,
            codecs=track.codec,
            bandwidth_bps=_rates(track, rendition.maxrate_bps, is_complete=is_complete).peak_bps,
            timescale=track.timescale,
            timeline=_timeline(track),
            width=rendition.width,
            height=rendition.height,
            frame_rate=plan.frame_rate,
        )
        for rendition, track in video
    )
    sets = [dash.AdaptationSet(0, "video", pictures)]
    for number, (each, track) in enumerate(audio, start=1):
        sound = dash.Representation(
            id=each.name,
            codecs=track.codec,
            bandwidth_bps=_rates(track, each.bitrate_bps, is_complete=is_complete).peak_bps,
            timescale=track.timescale,
            timeline=_timeline(track),
            sampling_rate_hz=each.sample_rate_hz,
            channels=each.channels,
        )
        sets.append(dash.AdaptationSet(number, "audio", (sound,), each.language))
    segment_s = _seconds(plan.segment_frames * plan.frame_ticks, plan.timescale)
    if growth is not None:
        return dash.Manifest(None, segment_s, (dash.Period(tuple(sets)),), _live(plan, growth))
    tracks = [track for _, track in [*video, *audio]]
    # The sound's last frame ends a little after the picture. A duration before it makes dash.js stop without an end.
    longest_ms = math.ceil(max(track.duration_s for track in tracks) * 1000)
    duration_s = Decimal(longest_ms) / 1000
    return dash.Manifest(duration_s, segment_s, (dash.Period(tuple(sets)),))


def _live(plan: EncodePlan, growth: Growth) -> dash.Live:
    """Describe a film that grows, as fast as it is encoded, as a live stream that began long ago.

    Then no player's clock keeps it from a segment that is listed: only the timeline says what there is.
    """
    whole = timedelta(seconds=math.ceil(plan.duration_s))
    return dash.Live(
        availability_start=growth.since - whole,
        publish_time=growth.at,
        minimum_update_period_s=GROWING_UPDATE_S,
    )


def _timeline(track: MeasuredTrack) -> tuple[dash.Run, ...]:
    return dash.runs((segment.decode_time, segment.duration) for segment in track.segments)
