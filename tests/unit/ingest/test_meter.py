"""What the meter says of a stream is what was sent."""

from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.format import Seen
from rtmp_ingest.meter import Meter

FRAME_MS = 40


def _send(meter: Meter, at_ms: int, *, kind: TagKind = TagKind.VIDEO, size: int = 1000, key: bool = False) -> None:
    seen = Seen(kind, is_frame=True, is_key_frame=key)
    meter.note(FlvTag(kind, at_ms, bytes(size)), seen, at_ms / 1000)


def test_rates_intervals_and_skew_are_those_of_the_last_seconds() -> None:
    meter = Meter()
    for number in range(500):
        # The bitrate doubles half way, and only the second half counts at the end.
        _send(meter, number * FRAME_MS, size=1000 if number < 250 else 2000, key=number % 50 == 0)
        _send(meter, number * FRAME_MS - 120, kind=TagKind.AUDIO, size=0)
    assert meter.frame_rate == 25
    assert meter.key_frame_interval_ms == 2000
    assert meter.av_skew_ms == -120
    assert meter.dropped_frames == 0
    assert meter.bitrate_bps is not None
    assert abs(meter.bitrate_bps - 2000 * 25 * 8) < 12_000


def test_frames_that_were_left_out_are_counted_for_a_minute() -> None:
    meter = Meter()
    for number in range(100):
        if not 40 <= number < 50:
            _send(meter, number * FRAME_MS)
    assert meter.dropped_frames == 10
    for number in range(100, 1700):
        _send(meter, number * FRAME_MS)
    assert meter.dropped_frames == 0


def test_nothing_is_made_up_before_anything_came() -> None:
    meter = Meter()
    assert (meter.bitrate_bps, meter.frame_rate, meter.av_skew_ms, meter.encode_speed(0)) == (None, None, None, None)
    _send(meter, 0)
    assert meter.bitrate_bps is None


def test_an_encoder_that_falls_behind_is_slower_than_life() -> None:
    meter = Meter()
    _send(meter, 0)
    assert meter.encode_speed(400) is None
    _send(meter, 2000)
    assert meter.encode_speed(1400) == 0.5
    _send(meter, 4000)
    assert meter.encode_speed(400) == 1.5


def test_memory_does_not_grow_with_the_stream() -> None:
    meter = Meter()
    for number in range(5000):
        _send(meter, number * FRAME_MS)
    assert len(meter._marks) <= 5000 / FRAME_MS + 2
