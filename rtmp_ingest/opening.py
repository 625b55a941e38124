"""Hold back the beginning of a period until it is known which tracks it has."""

from collections import deque
from typing import Final

from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.format import Seen

__all__ = ["Opening"]

# Encoders begin with one of both and send the other within a few frames. Who waits for longer has only one.
WAIT_FOR_SOUND_MS: Final = 1000
WAIT_FOR_PICTURE_MS: Final = 2000
MAX_BYTES: Final = 16 << 20
# Sound from before the first picture that the part around it may need.
EARLIER_SOUND_MS: Final = 200


class Opening:
    """Collect tags from a key frame on, and tell when a period can begin with them."""

    def __init__(self) -> None:
        self.tags: deque[tuple[FlvTag, Seen]] = deque()
        self.has_video = False
        self.has_audio = False
        self.key_frame: tuple[FlvTag, Seen] | None = None
        self._saw_video = False
        self._bytes = 0

    def add(self, tag: FlvTag, seen: Seen) -> None:
        """Keep a tag if a period may begin with it."""
        self._saw_video |= tag.kind is TagKind.VIDEO
        if not seen.is_frame:
            return
        if seen.is_key_frame and self.key_frame is None:
            self.key_frame = (tag, seen)
            self.has_video = True
            self._forget_sound_before(tag.timestamp_ms - EARLIER_SOUND_MS)
        if tag.kind is TagKind.VIDEO and self.key_frame is None:
            return
        self.has_audio |= tag.kind is TagKind.AUDIO
        self.tags.append((tag, seen))
        self._bytes += len(tag.payload)
        self._forget_old_sound()

    def is_ready(self) -> bool:
        """Tell whether enough was seen to begin: both tracks, or one that was alone for long enough."""
        if not self.tags:
            return False
        if self.has_video and self.has_audio:
            return True
        span_ms = self.tags[-1][0].timestamp_ms - self.tags[0][0].timestamp_ms
        if self.has_video:
            return span_ms >= WAIT_FOR_SOUND_MS or self._bytes > MAX_BYTES
        # Pictures without a key frame so far are waited for: who sends pictures wants them seen.
        return not self._saw_video and span_ms >= WAIT_FOR_PICTURE_MS

    def _forget_sound_before(self, timestamp_ms: int) -> None:
        while self.tags and self.tags[0][0].timestamp_ms < timestamp_ms:
            tag, _ = self.tags.popleft()
            self._bytes -= len(tag.payload)

    def _forget_old_sound(self) -> None:
        """Keep only the last seconds of sound while no picture has come."""
        while not self.has_video and self._bytes > MAX_BYTES:
            tag, _ = self.tags.popleft()
            self._bytes -= len(tag.payload)
