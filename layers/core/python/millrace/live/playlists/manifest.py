"""The DASH manifest of a live stream, over complete segments.

Segments are timed by timelines, so they can be fetched as soon as S3 has them, and no earlier: DASH's low latency wants
the growing segment in one chunked response, which S3 does not give. So players are some two segments behind.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from millrace.live.edge.model import Period, Segment, Shown, Track, TrackKind
from millrace.live.places import LivePlace
from millrace.live.playlists.timeline import seconds
from millrace.media import dash

# Two segments: the one that is being made, and one to play meanwhile.
DELAY_SEGMENTS = 2


def build(shown: Shown, segments: Sequence[Segment], at: datetime, clock_url: str) -> dash.Manifest | None:
    """Return the manifest; None before the first complete segment."""
    periods = {period.number: period for period in shown.periods}
    groups = [(number, list(found)) for number, found in groupby(segments, key=lambda segment: segment.period)]
    if not groups:
        return None
    began = segments[0].program_date_time
    made = tuple(_period(shown, periods[number], found, began) for number, found in groups)
    target_s = Decimal(shown.head.segment_target_s)
    if shown.head.has_ended:
        last = made[-1]
        return dash.Manifest(last.start_s + (last.duration_s or Decimal(0)), target_s, made)
    live = dash.Live(
        availability_start=began,
        publish_time=at,
        minimum_update_period_s=target_s,
        suggested_presentation_delay_s=DELAY_SEGMENTS * target_s,
        max_segment_duration_s=max(_duration_s(periods[segment.period], segment) for segment in segments),
        clock=dash.ClockSource(clock_url),
        latency=dash.Latency(target_ms=int(DELAY_SEGMENTS * target_s * 1000), max_playback_rate=Decimal("1.05")),
    )
    # The last period grows.
    growing = (*made[:-1], dash.Period(made[-1].adaptation_sets, id=made[-1].id, start_s=made[-1].start_s))
    return dash.Manifest(None, target_s, growing, live)


def _duration_s(period: Period, segment: Segment) -> Decimal:
    scales = {track.name: track.timescale for track in period.tracks}
    return max(seconds(track.duration, scales[name]) for name, track in segment.tracks.items() if name in scales)


def _period(shown: Shown, period: Period, segments: list[Segment], began: datetime) -> dash.Period:
    """Return one period; its clock begins with its first segment."""
    # Of a rendition that comes or goes, DASH would want a period more: only those that are whole are offered.
    whole = [track for track in period.tracks if all(track.name in segment.tracks for segment in segments)]
    start = segments[0].program_date_time - began
    pictures = tuple(_representation(shown, track, segments) for track in whole if track.kind is TrackKind.VIDEO)
    sounds = tuple(_representation(shown, track, segments) for track in whole if track.kind is TrackKind.AUDIO)
    sets = [dash.AdaptationSet(0, "video", pictures)] if pictures else []
    if sounds:
        sets.append(dash.AdaptationSet(1, "audio", sounds))
    duration_s = sum((_duration_s(period, segment) for segment in segments), Decimal(0))
    return dash.Period(
        tuple(sets),
        id=str(period.number),
        start_s=Decimal(start.days * 86_400 + start.seconds) + Decimal(start.microseconds) / 1_000_000,
        duration_s=duration_s,
    )


def _representation(shown: Shown, track: Track, segments: list[Segment]) -> dash.Representation:
    place = LivePlace(shown.head.home, shown.head.video_id, shown.head.session_id)
    period = segments[0].period
    rows = [segment.tracks[track.name] for segment in segments]
    # The name of a segment with its number left open.
    media = place.segment_key(track.name, period, 0).replace("_00000.", "_$Number%05d$.")
    return dash.Representation(
        id=track.name,
        codecs=track.codec,
        bandwidth_bps=track.bandwidth_bps,
        timescale=track.timescale,
        timeline=dash.runs((row.decode_time, row.duration) for row in rows),
        start_number=segments[0].number,
        width=track.width,
        height=track.height,
        frame_rate=track.frame_rate,
        sampling_rate_hz=track.sample_rate_hz,
        channels=track.channels,
        presentation_time_offset=rows[0].decode_time,
        initialization="/" + place.init_key(track.name, period),
        media="/" + media,
    )
