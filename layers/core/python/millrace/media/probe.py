"""Ask ffprobe what a file is, by range requests, and say in plain words why it cannot be used."""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from millrace.media.decoders import AUDIO_CODECS, VIDEO_CODECS
from millrace.media.refusal import RefusalCode, SourceRejected, SourceUnreachable

__all__ = [
    "BEYOND_READING",
    "AudioStream",
    "Limits",
    "Packet",
    "RefusalCode",
    "SourceInfo",
    "SourceRejected",
    "VideoStream",
    "explain_failure",
    "input_options",
    "packets_argv",
    "parse_packets",
    "parse_probe",
    "probe_argv",
    "require_whole_input",
]

# Containers whose demuxers read one file and open nothing else. Playlists (hls, dash, concat, sdp) must
# never be in here: a file that names URLs would make ffmpeg fetch them from inside our network.
DEMUXERS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "mpegts",
    "mpeg",
    "avi",
    "flv",
    "ogg",
    "asf",
)
# Without an index a seek lands by guess, up to a group of pictures late.
UNINDEXED: Final = frozenset({"mpegts", "mpeg", "flv", "ogg"})
ENCRYPTED_TAGS: Final = frozenset({"encv", "enca", "drmi", "drms"})
PIXELS_MIN: Final = 16
PIXELS_MAX: Final = 8192
DURATION_MAX_S: Final = 12 * 3600
CUT_OFF: Final = "The file is cut off: its end is missing. Upload it again."
BEYOND_READING: Final = "The file is so damaged that it cannot be read: repair or convert it, and upload that."
_LOST_SIGNS: Final = ("ends prematurely", "input/output error", "connection reset", "timed out")
# ffmpeg's protocols put their names before their complaints; the rest is how C libraries call the network's errors.
_NETWORK_SIGNS: Final = (
    *("[http @", "[https @", "[tls @", "[tcp @", "server returned", "http error"),
    *("ends prematurely", "connection reset", "connection refused", "timed out", "unreachable", "no route to host"),
)
# Camera files are square or anamorphic up to 64:33; far outside it is a mistake, and ignored.
PIXEL_ASPECT_MAX: Final = 4


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Limits(_Value):
    """Bound what a hostile file may make ffmpeg and ffprobe do.

    Local files are readable only on request: a presigned URL is all that a Lambda function needs.
    """

    allow_files: bool = False
    max_pixels: int = 36_000_000
    max_streams: int = 20
    # A stalled connection must not use up the function's time.
    network_timeout_s: int = 20


class VideoStream(_Value):
    """Describe the picture as stored; rotation counts clockwise degrees still to be applied."""

    index: int
    codec: str
    width: int
    height: int
    pixel_aspect: Fraction
    rotation_degrees: int
    pixel_format: str
    is_interlaced: bool
    transfer: str
    frame_rate: Fraction | None
    time_base: Fraction
    start_s: Fraction | None
    dolby_vision_profile: int | None = None

    @property
    def is_hdr(self) -> bool:
        """Return whether the transfer is PQ or HLG."""
        return self.transfer in ("smpte2084", "arib-std-b67")

    @property
    def display_size(self) -> tuple[int, int]:
        """Return width and height as a viewer sees them: square pixels, upright."""
        width = max(1, round(self.width * self.pixel_aspect))
        if self.rotation_degrees in (90, 270):
            return self.height, width
        return width, self.height


class AudioStream(_Value):
    """Describe one sound track; `language` and `title` are as the file says."""

    index: int
    codec: str
    channels: int
    sample_rate_hz: int
    language: str
    start_s: Fraction | None
    title: str = ""
    is_default: bool = False


class SourceInfo(_Value):
    """Describe a file that can be encoded; `start_s` is the container's first timestamp."""

    container: str
    start_s: Fraction
    duration_s: Fraction | None
    video: VideoStream
    audio: tuple[AudioStream, ...]
    unknown_audio_codecs: tuple[str, ...] = ()

    @property
    def is_movie_file(self) -> bool:
        """Return whether it is of the MP4/MOV family, whose sample tables we read ourselves."""
        return self.container.startswith("mov,")

    @property
    def is_matroska(self) -> bool:
        """Return whether it is of the Matroska/WebM family, which counts milliseconds."""
        return self.container.startswith("matroska")

    @property
    def is_indexed(self) -> bool:
        """Return whether seeking finds exact places."""
        return self.container not in UNINDEXED


class Packet(_Value):
    """Time one video packet in ticks of its stream; kept only if a viewer sees it."""

    pts: int
    is_keyframe: bool


def input_options(limits: Limits) -> dict[str, str]:
    """Return the options that must stand before the input of every ffmpeg and ffprobe command.

    The demuxer list is the one that stops a playlist from fetching URLs: a protocol list alone does
    not, because nested requests use the same protocol as the input.
    """
    options = {
        "format_whitelist": ",".join(DEMUXERS),
        "protocol_whitelist": "file" if limits.allow_files else "http,https,tcp,tls",
        "max_pixels": str(limits.max_pixels),
        "max_streams": str(limits.max_streams),
    }
    if not limits.allow_files:
        options |= {
            "rw_timeout": str(limits.network_timeout_s * 1_000_000),
            # ffmpeg 8.1 seeks on a connection that it asked to close, and takes its end for the file's.
            "multiple_requests": "1",
            "reconnect": "1",
            "reconnect_on_network_error": "1",
            "reconnect_on_http_error": "5xx",
            "reconnect_delay_max": "4",
        }
    return options


def probe_argv(ffprobe: str, url: str, limits: Limits) -> list[str]:
    """Return the command that describes a file as JSON; it reads a few megabytes at most."""
    return [*_ffprobe(ffprobe, limits), "-show_format", "-show_streams", "-of", "json", "-i", url]


def packets_argv(ffprobe: str, url: str, limits: Limits, source: SourceInfo) -> list[str]:
    """Return the command that lists each video packet's time; it reads the whole file."""
    return [
        *_ffprobe(ffprobe, limits),
        *("-select_streams", str(source.video.index)),
        *("-show_entries", "packet=pts,dts,flags"),
        *("-of", "csv=p=0:nk=1", "-i", url),
    ]


def _ffprobe(ffprobe: str, limits: Limits) -> list[str]:
    options = input_options(limits)
    return [ffprobe, "-v", "error"] + [part for key in options for part in (f"-{key}", options[key])]


def parse_packets(text: str) -> tuple[Packet, ...]:
    """Parse the packet list; packets that a decoder drops (flag D) or without any time are left out."""
    packets = []
    for line in text.splitlines():
        fields = line.split(",")
        if len(fields) < 3 or "D" in fields[2]:
            continue
        stamp = fields[0] if fields[0] != "N/A" else fields[1]
        if stamp.lstrip("-").isdigit():
            packets.append(Packet.model_construct(pts=int(stamp), is_keyframe="K" in fields[2]))
    return tuple(packets)


def parse_probe(json_text: str) -> SourceInfo:
    """Parse ffprobe's description; raises SourceRejected when the file cannot become a video."""
    try:
        described = json.loads(json_text)
        streams = list(described["streams"])
        form = dict(described["format"])
        container = str(form["format_name"])
    except (ValueError, KeyError, TypeError) as error:
        raise _not_a_video() from error
    _refuse_encrypted(streams)
    info = SourceInfo(
        container=container,
        start_s=_seconds(form.get("start_time")) or Fraction(0),
        duration_s=_seconds(form.get("duration")),
        video=_video_stream(streams),
        audio=_audio_streams(streams),
        unknown_audio_codecs=tuple(
            sorted({str(s.get("codec_name", "unknown")) for s in _sounds(streams)} - AUDIO_CODECS)
        ),
    )
    refuse_dimensions(info.video.width, info.video.height)
    refuse_dimensions(*info.video.display_size)
    if info.duration_s and info.duration_s > DURATION_MAX_S:
        raise too_long(info.duration_s)
    return info


def refuse_dimensions(width: int, height: int) -> None:
    """Raise SourceRejected for a picture that no camera makes."""
    if not (PIXELS_MIN <= width <= PIXELS_MAX and PIXELS_MIN <= height <= PIXELS_MAX):
        raise SourceRejected(
            RefusalCode.BAD_DIMENSIONS,
            f"The picture is {width} by {height} pixels: each side must have {PIXELS_MIN} to {PIXELS_MAX}.",
        )
    if width * height > Limits().max_pixels:
        raise SourceRejected(RefusalCode.BAD_DIMENSIONS, f"The picture is too large: {width} by {height} pixels.")


def too_long(duration_s: Fraction) -> SourceRejected:
    """Return the refusal of a video beyond the longest we encode."""
    hours = round(float(duration_s) / 3600, 1)
    return SourceRejected(
        RefusalCode.TOO_LONG, f"The video lasts {hours} hours: the limit is {DURATION_MAX_S // 3600} hours."
    )


def _not_a_video() -> SourceRejected:
    return SourceRejected(RefusalCode.NOT_A_VIDEO, "This is not a video file, or it is of a kind that we do not know.")


def _refuse_encrypted(streams: Iterable[dict[str, Any]]) -> None:
    if any(stream.get("codec_tag_string") in ENCRYPTED_TAGS for stream in streams):
        raise SourceRejected(
            RefusalCode.ENCRYPTED, "The video is encrypted (copy protection): upload an unprotected one."
        )


def _video_stream(streams: Sequence[dict[str, Any]]) -> VideoStream:
    pictures = [stream for stream in streams if stream.get("codec_type") == "video"]
    moving = [s for s in pictures if not s.get("disposition", {}).get("attached_pic")]
    if not moving:
        raise SourceRejected(
            RefusalCode.NO_VIDEO_STREAM,
            "The file holds sound but no video."
            if any(s.get("codec_type") == "audio" for s in streams)
            else "The file holds no video.",
        )
    stream = max(moving, key=lambda s: bool(s.get("disposition", {}).get("default")))
    codec = str(stream.get("codec_name", "unknown"))
    if codec not in VIDEO_CODECS:
        raise SourceRejected(RefusalCode.UNSUPPORTED_CODEC, f"The picture is coded as {codec}, which we cannot decode.")
    aspect = _ratio(stream.get("sample_aspect_ratio", "1:1").replace(":", "/")) or Fraction(1)
    if not Fraction(1, PIXEL_ASPECT_MAX) <= aspect <= PIXEL_ASPECT_MAX:
        aspect = Fraction(1)
    time_base = _ratio(stream.get("time_base")) or Fraction(1, 1_000_000)
    start = stream.get("start_pts")
    return VideoStream(
        index=int(stream["index"]),
        codec=codec,
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        pixel_aspect=aspect,
        rotation_degrees=_rotation(stream),
        pixel_format=str(stream.get("pix_fmt", "")),
        is_interlaced=stream.get("field_order") in ("tt", "bb", "tb", "bt"),
        transfer=str(stream.get("color_transfer", "")),
        frame_rate=_ratio(stream.get("r_frame_rate")),
        time_base=time_base,
        start_s=start * time_base if isinstance(start, int) else None,
        dolby_vision_profile=_dolby_vision_profile(stream),
    )


def _audio_streams(streams: Sequence[dict[str, Any]]) -> tuple[AudioStream, ...]:
    """Return the sound tracks that can be decoded; refuse a file whose only ones cannot."""
    sounds = _sounds(streams)
    known = [s for s in sounds if s.get("codec_name") in AUDIO_CODECS]
    if sounds and not known:
        codec = sounds[0].get("codec_name", "unknown")
        raise SourceRejected(RefusalCode.UNSUPPORTED_CODEC, f"The sound is coded as {codec}, which we cannot decode.")
    return tuple(
        AudioStream(
            index=int(s["index"]),
            codec=str(s["codec_name"]),
            channels=int(s["channels"]),
            sample_rate_hz=int(s["sample_rate"]),
            language=str(s.get("tags", {}).get("language", "und")),
            start_s=_seconds(s.get("start_time")),
            title=str(s.get("tags", {}).get("title", "")),
            is_default=bool(s.get("disposition", {}).get("default")),
        )
        for s in known
    )


def _sounds(streams: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sound tracks that hold any: without channels or rate it is an empty one, as some phones write."""
    return [
        s
        for s in streams
        if s.get("codec_type") == "audio" and s.get("channels") and int(s.get("sample_rate") or 0) > 0
    ]


def _rotation(stream: dict[str, Any]) -> int:
    """Return the nearest clockwise quarter turn; ffprobe counts the other way."""
    for side_data in stream.get("side_data_list", []):
        rotation = side_data.get("rotation")
        if isinstance(rotation, int | float):
            return round(-rotation / 90) * 90 % 360
    return 0


def _dolby_vision_profile(stream: dict[str, Any]) -> int | None:
    profiles = (side_data.get("dv_profile") for side_data in stream.get("side_data_list", []))
    return next((profile for profile in profiles if isinstance(profile, int)), None)


def _ratio(text: object) -> Fraction | None:
    """Parse "30000/1001"; nothing for "0/0" and for what is no positive ratio."""
    try:
        value = Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return None
    return value if value > 0 else None


def _seconds(text: object) -> Fraction | None:
    try:
        return Fraction(str(text)) if text is not None else None
    except (ValueError, ZeroDivisionError):
        return None


def explain_failure(stderr: str) -> SourceRejected | SourceUnreachable:
    """Turn ffprobe's complaint about a file into the error to raise.

    A network error is SourceUnreachable: to be tried again, not told to the owner as a bad file. Anything else is the
    file's fault, also an "I/O error": demuxers say so when lengths lead them astray.
    """
    said = stderr.lower()
    if not said or any(sign in said for sign in _NETWORK_SIGNS):
        return SourceUnreachable(stderr)
    if "exceeds specified max pixel count" in said:
        return SourceRejected(RefusalCode.BAD_DIMENSIONS, "The picture is too large.")
    if "exceeds max_streams" in said:
        return SourceRejected(RefusalCode.TOO_MANY_STREAMS, f"The file holds more than {Limits().max_streams} streams.")
    if "end of file" in said:
        return SourceRejected(RefusalCode.TRUNCATED, CUT_OFF)
    if "invalid data found" in said or "not on whitelist" in said or "could not find codec" in said:
        return _not_a_video()
    return SourceRejected(RefusalCode.UNREADABLE, BEYOND_READING)


def require_whole_input(stderr: str) -> None:
    """Raise SourceUnreachable if a run of ffmpeg or ffprobe that ended well lost its source on the way.

    They take a broken connection for the end of the file, and end with success.
    """
    if any(sign in stderr.lower() for sign in _LOST_SIGNS):
        raise SourceUnreachable("the connection to the source broke off")
