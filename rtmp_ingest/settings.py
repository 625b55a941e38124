"""What an ingest is told by its environment."""

from dataclasses import dataclass

from millrace.platform import clients, settings
from millrace.platform.ids import new_id

__all__ = ["Settings", "read_settings"]

DEFAULT_LADDER = "480,240"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where everything is.

    `ladder` are the short sides of renditions below the source. `health_port` 0 takes any free port.
    """

    host: str
    rtmp_port: int
    rtmps_port: int
    certificate_file: str
    private_key_file: str
    health_port: int
    api_url: str
    api_secret: str
    media_bucket: str
    ffmpeg: str
    ladder: tuple[int, ...]
    ingest_id: str
    drain_s: float
    # Where ECS takes requests of its tasks; "" elsewhere.
    agent_url: str


def read_settings(ffmpeg: str) -> Settings:
    """Read the environment; raises MissingSetting, ValueError."""
    return Settings(
        host=settings.optional("INGEST_HOST", "127.0.0.1"),
        rtmp_port=int(settings.optional("RTMP_PORT", "1935")),
        rtmps_port=int(settings.optional("RTMPS_PORT", "0")),
        certificate_file=settings.optional("RTMPS_CERTIFICATE_FILE"),
        private_key_file=settings.optional("RTMPS_PRIVATE_KEY_FILE"),
        health_port=int(settings.optional("INGEST_HEALTH_PORT", "8081")),
        api_url=settings.require("API_URL"),
        api_secret=_secret(settings.require("INGEST_SECRET")),
        media_bucket=settings.require("MEDIA_BUCKET"),
        ffmpeg=ffmpeg,
        ladder=tuple(int(side) for side in settings.optional("LIVE_LADDER", DEFAULT_LADDER).split(",") if side.strip()),
        ingest_id=settings.optional("INGEST_ID") or new_id(),
        drain_s=float(settings.optional("INGEST_DRAIN_S", "60")),
        agent_url=settings.optional("ECS_AGENT_URI"),
    )


def _secret(secret_id: str) -> str:
    return clients.secrets().get_secret_value(SecretId=secret_id)["SecretString"]
