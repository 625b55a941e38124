"""Streamers read what is wrong, and what to do about it."""

from typing import Any

import pytest

from millrace.live.advice import advice
from millrace.live.health import Health

FINE: dict[str, Any] = {
    "video_codec": "avc1",
    "audio_codec": "mp4a",
    "width_px": 1920,
    "height_px": 1080,
    "bitrate_bps": 6_000_000,
    "frame_rate": 30.0,
    "key_frame_interval_s": 2.0,
    "av_skew_ms": -20,
    "silent_ms": 15,
    "queue_ms": 400,
    "upload_lag_ms": 60,
    "encode_speed": 1.0,
    "is_passthrough": True,
}


def test_a_good_stream_is_left_alone() -> None:
    assert advice(Health(**FINE)) == ()
    assert advice(Health()) == ()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"silent_ms": 4000}, "nothing-arrives", "for 4 s"),
        ({"video_codec": None}, "no-picture", "Only sound"),
        ({"audio_codec": None}, "no-sound", "No sound"),
        ({"key_frame_interval_s": 8.33}, "key-frames-too-far-apart", "every 8.3 s"),
        ({"dropped_frames": 12}, "frames-dropped", "12 frames"),
        ({"av_skew_ms": 1200}, "sound-out-of-step", "1.2 s later"),
        ({"av_skew_ms": -900}, "sound-out-of-step", "0.9 s earlier"),
        ({"av_skew_ms": -4000}, "sound-stopped", "stopped"),
        ({"bitrate_bps": 700_000}, "bitrate-too-low", "0.7 Mb/s is little for 1920x1080"),
        ({"bitrate_bps": 30_000_000}, "bitrate-too-high", "30.0 Mb/s"),
        ({"frame_rate": 12.0}, "unusual-frame-rate", "12 frames a second"),
        ({"video_codec": "hvc1", "is_passthrough": False}, "picture-encoded-again", "H.264"),
        ({"dropped_renditions": ("video_480p",)}, "renditions-dropped", "480p"),
        ({"encode_speed": 0.6, "queue_ms": 4000}, "encoders-behind", "behind"),
        ({"upload_lag_ms": 2500}, "storage-slow", "storage"),
        ({"timestamp_jumps": 2}, "clock-jumps", "2 times"),
    ],
)
def test_what_is_wrong_is_said_with_a_way_out(change: dict[str, Any], code: str, words: str) -> None:
    found = advice(Health(**{**FINE, **change}))
    assert [each.code for each in found] == [code]
    assert words in found[0].message
    assert found[0].message.endswith(".")


def test_the_most_important_comes_first() -> None:
    found = advice(Health(**{**FINE, "silent_ms": 3000, "key_frame_interval_s": 8.0, "timestamp_jumps": 1}))
    assert [each.code for each in found] == ["nothing-arrives", "key-frames-too-far-apart", "clock-jumps"]
