"""Say in words what a streamer can do for a better stream.

Each rule looks at the measures of the last seconds and gives one sentence that names what is wrong and the setting to
change, in the words of OBS, which most streamers use. The most important comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from millrace.live.health import Health

__all__ = ["Advice", "advice"]

# Segments are two seconds long and begin with a key frame.
KEY_FRAMES_S: Final = 2.15
SILENT_MS: Final = 2000
SKEW_MS: Final = 500
# Sound that is so much behind the picture has stopped.
STOPPED_MS: Final = 2000
SLOW_SPEED: Final = 0.95
QUEUE_MS: Final = 2500
UPLOAD_LAG_MS: Final = 1500
LOW_FRAME_RATE: Final = 20
HIGH_FRAME_RATE: Final = 61
# Bits a pixel and frame: below, moving pictures fall into blocks; above, nobody sees more.
LEAST_BITS: Final = 0.03
MOST_BITS: Final = 0.4
MOST_BPS: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Advice:
    """One sentence for the streamer; `code` is stable, for programs. A warning means that viewers notice."""

    code: str
    message: str
    is_warning: bool = True


def advice(health: Health) -> tuple[Advice, ...]:
    """Return what to tell the streamer, the most important first; nothing when all is well."""
    found = (rule(health) for rule in _RULES)
    return tuple(each for each in found if each is not None)


def _silent(health: Health) -> Advice | None:
    if (health.silent_ms or 0) < SILENT_MS:
        return None
    return Advice(
        "nothing-arrives",
        f"Nothing has arrived for {(health.silent_ms or 0) / 1000:.0f} s: check your connection to the internet.",
    )


def _no_picture(health: Health) -> Advice | None:
    if health.video_codec is not None or health.audio_codec is None:
        return None
    return Advice("no-picture", "Only sound arrives: add a source to your scene, or check that it is visible.")


def _no_sound(health: Health) -> Advice | None:
    has_stopped = (health.av_skew_ms or 0) < -STOPPED_MS
    if (health.audio_codec is not None and not has_stopped) or health.video_codec is None:
        return None
    if has_stopped:
        words = "Sound has stopped arriving: check your audio device in OBS → Settings → Audio."
        return Advice("sound-stopped", words)
    return Advice("no-sound", "No sound arrives: choose an audio device in OBS → Settings → Audio.", is_warning=False)


def _key_frames(health: Health) -> Advice | None:
    interval_s = health.key_frame_interval_s
    if interval_s is None or interval_s <= KEY_FRAMES_S:
        return None
    return Advice(
        "key-frames-too-far-apart",
        f"Key frames come every {interval_s:.1f} s, so we have to encode your picture again: set the keyframe "
        "interval to 2 s in OBS → Settings → Output → Streaming.",
    )


def _dropped(health: Health) -> Advice | None:
    if not health.dropped_frames or health.bitrate_bps is None:
        return None
    return Advice(
        "frames-dropped",
        f"{health.dropped_frames} frames were missing: your upload or your computer cannot keep up. Lower the bitrate "
        "in OBS → Settings → Output, or close other programs.",
    )


def _jumps(health: Health) -> Advice | None:
    if not health.timestamp_jumps:
        return None
    return Advice(
        "clock-jumps",
        f"Your encoder's clock jumped {health.timestamp_jumps} times: restart it if viewers see the picture halt.",
        is_warning=False,
    )


def _skew(health: Health) -> Advice | None:
    skew_ms = health.av_skew_ms
    if skew_ms is None or abs(skew_ms) <= SKEW_MS or skew_ms < -STOPPED_MS:
        return None
    which = "later" if skew_ms > 0 else "earlier"
    return Advice(
        "sound-out-of-step",
        f"The sound comes {abs(skew_ms) / 1000:.1f} s {which} than the picture: check the sync offset in OBS → Edit → "
        "Advanced Audio Properties.",
    )


def _bitrate(health: Health) -> Advice | None:
    """Compare what arrives with what the picture needs."""
    pixels = (health.width_px or 0) * (health.height_px or 0)
    if not pixels or health.bitrate_bps is None or not health.frame_rate:
        return None
    bits = health.bitrate_bps / (pixels * health.frame_rate)
    sent = f"{health.bitrate_bps / 1_000_000:.1f} Mb/s"
    size = f"{health.width_px}x{health.height_px} at {health.frame_rate:.0f} frames a second"
    if bits < LEAST_BITS:
        remedy = "raise the bitrate in OBS → Settings → Output, or lower the resolution in OBS → Settings → Video."
        return Advice("bitrate-too-low", f"{sent} is little for {size}: {remedy}", is_warning=False)
    if health.bitrate_bps > MOST_BPS or (bits > MOST_BITS and health.bitrate_bps > MOST_BPS / 4):
        remedy = "lower the bitrate in OBS → Settings → Output; viewers with slow connections thank you."
        return Advice("bitrate-too-high", f"{sent} is more than {size} needs: {remedy}", is_warning=False)
    return None


def _frame_rate(health: Health) -> Advice | None:
    rate = health.frame_rate
    if rate is None or LOW_FRAME_RATE <= rate <= HIGH_FRAME_RATE:
        return None
    return Advice(
        "unusual-frame-rate",
        f"{rate:.0f} frames a second arrive: choose 30 or 60 in OBS → Settings → Video.",
        is_warning=rate < LOW_FRAME_RATE,
    )


def _codec(health: Health) -> Advice | None:
    if health.is_passthrough is not False or health.video_codec in (None, "avc1"):
        return None
    return Advice(
        "picture-encoded-again",
        "Your picture is encoded again for browsers: choose H.264 in OBS → Settings → Output to keep it as it is.",
        is_warning=False,
    )


def _encoders(health: Health) -> Advice | None:
    is_slow = (health.encode_speed or 1) < SLOW_SPEED and (health.queue_ms or 0) > QUEUE_MS
    if health.dropped_renditions:
        names = ", ".join(name.removeprefix("video_") for name in health.dropped_renditions)
        return Advice("renditions-dropped", f"Our encoders were overloaded, so {names} is not offered in this stream.")
    if is_slow:
        return Advice("encoders-behind", "Our encoders are behind: viewers see your stream later than usual.")
    return None


def _storage(health: Health) -> Advice | None:
    if (health.upload_lag_ms or 0) <= UPLOAD_LAG_MS:
        return None
    return Advice("storage-slow", "Our storage is slow at the moment: viewers see your stream later than usual.")


_RULES: Final[tuple[Callable[[Health], Advice | None], ...]] = (
    _silent,
    _no_picture,
    _dropped,
    _key_frames,
    _skew,
    _no_sound,
    _frame_rate,
    _bitrate,
    _codec,
    _encoders,
    _storage,
    _jumps,
)
