"""How a stream is doing, as its ingest measures it."""

from pydantic import AwareDatetime, Field

from millrace.videos.fact import Fact


class RenditionHealth(Fact):
    """How one track is doing."""

    track: str
    bitrate_bps: int = Field(default=0, ge=0)
    frame_rate: float | None = Field(default=None, ge=0)
    upload_lag_ms: int = Field(default=0, ge=0)
    """From the last byte of a part to the moment in which playlists name it, over the last seconds."""


class Health(Fact):
    """What the ingest measured over the last seconds; what it cannot know yet is null."""

    measured_at: AwareDatetime | None = None
    client: str | None = Field(default=None, max_length=120)
    """What the publisher says it is."""
    video_codec: str | None = Field(default=None, max_length=40)
    audio_codec: str | None = Field(default=None, max_length=40)
    width_px: int | None = Field(default=None, ge=0)
    height_px: int | None = Field(default=None, ge=0)
    bitrate_bps: int | None = Field(default=None, ge=0)
    """What arrives, sound included."""
    frame_rate: float | None = Field(default=None, ge=0)
    key_frame_interval_s: float | None = Field(default=None, ge=0)
    av_skew_ms: int | None = None
    """How much later the sound is than the picture; negative where it is earlier."""
    silent_ms: int | None = Field(default=None, ge=0)
    """How long nothing has arrived."""
    queue_ms: int | None = Field(default=None, ge=0)
    """Media that has arrived and is not encoded yet."""
    upload_lag_ms: int | None = Field(default=None, ge=0)
    encode_speed: float | None = Field(default=None, ge=0)
    """1 keeps up with the stream."""
    dropped_frames: int = Field(default=0, ge=0)
    timestamp_jumps: int = Field(default=0, ge=0)
    is_passthrough: bool | None = None
    renditions: tuple[RenditionHealth, ...] = ()
    dropped_renditions: tuple[str, ...] = ()
