"""Measures of a stream as embedded metrics: one log line from which CloudWatch makes numbers."""

import time
from typing import Final

from millrace.live.health import Health

__all__ = ["METRICS_EVERY_S", "embedded"]

METRICS_EVERY_S: Final = 10.0
# The name of each metric, its unit, and the field of the health that it is made of.
_METRICS: Final = (
    ("StreamBitrate", "Bits/Second", "bitrate_bps"),
    ("StreamFrameRate", "Count/Second", "frame_rate"),
    ("StreamKeyFrameInterval", "Seconds", "key_frame_interval_s"),
    ("StreamSkew", "Milliseconds", "av_skew_ms"),
    ("StreamQueue", "Milliseconds", "queue_ms"),
    ("StreamUploadLag", "Milliseconds", "upload_lag_ms"),
    ("StreamEncodeSpeed", "None", "encode_speed"),
    ("StreamDroppedFrames", "Count", "dropped_frames"),
)


def embedded(health: Health) -> dict[str, object]:
    """Return the fields of a log line; what was not measured is left out.

    No stream is a dimension: there are too many.
    """
    measured = [(name, unit, getattr(health, field)) for name, unit, field in _METRICS]
    known = [(name, unit, value) for name, unit, value in measured if value is not None]
    known.append(("StreamDroppedRenditions", "Count", len(health.dropped_renditions)))
    about = {
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": "Millrace",
                "Dimensions": [["service"]],
                "Metrics": [{"Name": name, "Unit": unit} for name, unit, _ in known],
            }
        ],
    }
    return {"_aws": about, "service": "rtmp_ingest", **{name: value for name, _, value in known}}
