"""DASH manifests over measured segments."""

import math
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from millrace.media import dash
from millrace.media.ladder import Rendition
from millrace.media.package.names import CAPTIONS_FILE
from millrace.media.package.tracks import CaptionTrack, Growth, MeasuredTrack, rates, seconds
from millrace.media.plan import AudioPlan, EncodePlan

__all__ = ["manifest"]

_VIDEO_SET: Final = 0
# A film grows by a chunk at a time, every few seconds.
GROWING_UPDATE_S: Final = Decimal(2)


def manifest(
    plan: EncodePlan,
    video: Sequence[tuple[Rendition, MeasuredTrack]],
    audio: Sequence[tuple[AudioPlan, MeasuredTrack]],
    captions: Sequence[CaptionTrack],
    growth: Growth | None,
) -> dash.Manifest:
    """Return the manifest: dynamic while the film grows, else static."""
    has_choice = len(audio) > 1
    sets = [dash.AdaptationSet(_VIDEO_SET, "video", tuple(_picture(plan, *each, growth=growth) for each in video))]
    for number, (each, track) in enumerate(audio, start=1):
        sets.append(
            dash.AdaptationSet(
                id=number,
                content="audio",
                representations=(_sound(each, track, growth=growth),),
                language=each.language,
                # Players that know no roles take the first set.
                label=each.label if has_choice else None,
                role=("main" if each.is_default else "alternate") if has_choice else None,
            )
        )
    texts = tuple(
        dash.Captions(
            id=len(sets) + position,
            representation_id=each.folder,
            uri=f"{each.folder}/{CAPTIONS_FILE}",
            language=each.language,
            label=each.label,
            role="caption" if each.kind == "captions" else "subtitle",
        )
        for position, each in enumerate(captions)
    )
    segment_s = seconds(plan.segment_frames * plan.frame_ticks, plan.timescale)
    period = dash.Period(tuple(sets), texts)
    if growth is not None:
        return dash.Manifest(None, segment_s, (period,), _live(plan, growth))
    tracks = [track for _, track in [*video, *audio]]
    # The sound's last frame ends a little after the picture. A duration before it makes dash.js stop without an end.
    longest_ms = math.ceil(max(track.duration_s for track in tracks) * 1000)
    return dash.Manifest(Decimal(longest_ms) / 1000, segment_s, (period,))


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


def _picture(
    plan: EncodePlan, rendition: Rendition, track: MeasuredTrack, *, growth: Growth | None
) -> dash.Representation:
    return dash.Representation(
        id=rendition.name,
        codecs=track.codec,
        bandwidth_bps=rates(track, rendition.maxrate_bps, is_complete=growth is None).peak_bps,
        timescale=track.timescale,
        timeline=_timeline(track),
        width=rendition.width,
        height=rendition.height,
        frame_rate=plan.frame_rate,
    )


def _sound(audio: AudioPlan, track: MeasuredTrack, *, growth: Growth | None) -> dash.Representation:
    return dash.Representation(
        id=audio.name,
        codecs=track.codec,
        bandwidth_bps=rates(track, audio.bitrate_bps, is_complete=growth is None).peak_bps,
        timescale=track.timescale,
        timeline=_timeline(track),
        sampling_rate_hz=audio.sample_rate_hz,
        channels=audio.channels,
    )


def _timeline(track: MeasuredTrack) -> tuple[dash.Run, ...]:
    return dash.runs((segment.decode_time, segment.duration) for segment in track.segments)
