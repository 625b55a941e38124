"""CloudWatch finds the numbers of a stream in a log line."""

from millrace.live.health import Health
from rtmp_ingest.metrics import embedded


def test_what_was_measured_is_a_metric_and_what_was_not_is_absent() -> None:
    line = embedded(Health(bitrate_bps=3_000_000, upload_lag_ms=40, dropped_renditions=("video_480p",)))
    about = line["_aws"]
    assert isinstance(about, dict)
    names = {metric["Name"] for metric in about["CloudWatchMetrics"][0]["Metrics"]}
    assert names == {"StreamBitrate", "StreamUploadLag", "StreamDroppedFrames", "StreamDroppedRenditions"}
    assert (line["StreamBitrate"], line["StreamUploadLag"], line["StreamDroppedRenditions"]) == (3_000_000, 40, 1)
    # Every metric that is announced is there: CloudWatch drops the whole line otherwise.
    assert names <= line.keys()
