"""Why a file cannot be turned into a video, in words for its owner."""

from enum import StrEnum


class RefusalCode(StrEnum):
    """Name the reason for a refusal; stable, for programs."""

    EMPTY_FILE = "empty_file"
    NOT_A_VIDEO = "not_a_video"
    PLAYLIST = "playlist"
    STILL_IMAGE = "still_image"
    NO_VIDEO_STREAM = "no_video_stream"
    TRUNCATED = "truncated"
    BAD_DIMENSIONS = "bad_dimensions"
    TOO_LONG = "too_long"
    TOO_MANY_STREAMS = "too_many_streams"
    UNSUPPORTED_CODEC = "unsupported_codec"
    ENCRYPTED = "encrypted"
    BROKEN_TIMESTAMPS = "broken_timestamps"
    UNREADABLE = "unreadable"


class SourceRejected(Exception):
    """Refuse a source file; `message` is one plain sentence for its owner."""

    def __init__(self, code: RefusalCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class SourceUnreachable(Exception):
    """Say that a source could not be read to its end; the file is not to blame, and trying again may help."""
