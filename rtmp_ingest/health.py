"""Say how a stream is doing: the measures of the ingest as the platform stores them."""

import statistics
import time
from collections.abc import Sequence

from millrace.live.health import Health, RenditionHealth
from millrace.platform.clock import now
from rtmp_ingest.publication import Publication
from rtmp_ingest.rtmp.publishing import Client
from rtmp_ingest.stream import LiveStream

__all__ = ["measure"]


def measure(stream: LiveStream, publication: Publication, client: Client) -> Health:
    """Return what was measured since the last call, and over the last seconds."""
    lags_s = publication.take_lags_s()
    bitrates_bps = publication.take_bitrates_bps()
    meter, form, period = stream.meter, stream.format, stream.period
    silent_ms = None if meter.last_arrival_s is None else int((time.monotonic() - meter.last_arrival_s) * 1000)
    if stream.is_busy:
        silent_ms = 0
    interval_ms = meter.key_frame_interval_ms
    behind_ms = max((period.behind_ms(each) for each in period.transcoders), default=0) if period else 0
    return Health(
        measured_at=now(),
        client=client.encoder[:120],
        video_codec=form.video_codec,
        audio_codec=form.audio_codec,
        width_px=form.size.width if form.size else None,
        height_px=form.size.height if form.size else None,
        bitrate_bps=meter.bitrate_bps,
        frame_rate=meter.frame_rate,
        key_frame_interval_s=interval_ms / 1000 if interval_ms is not None else None,
        av_skew_ms=meter.av_skew_ms,
        silent_ms=silent_ms,
        queue_ms=behind_ms,
        upload_lag_ms=max((_ms(lags) for lags in lags_s.values()), default=0),
        encode_speed=meter.encode_speed(behind_ms),
        dropped_frames=meter.dropped_frames,
        timestamp_jumps=stream.clock.jump_count,
        is_passthrough=stream.is_copied if period else None,
        renditions=tuple(
            RenditionHealth(track=name, bitrate_bps=bitrates_bps.get(name, 0), upload_lag_ms=_ms(lags))
            for name, lags in lags_s.items()
        ),
        dropped_renditions=stream.dropped,
    )


def _ms(lags_s: Sequence[float]) -> int:
    return round(statistics.quantiles(lags_s, n=20)[-1] * 1000) if len(lags_s) > 1 else round(sum(lags_s) * 1000)
