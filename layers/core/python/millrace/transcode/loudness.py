"""Loudness: from the meter's notes on each chunk to one figure for the film."""

from collections.abc import Iterable
from pathlib import Path

from millrace.media.ffmpeg import audio_window
from millrace.media.loudness import Blocks, programme_loudness, read_blocks
from millrace.media.plan import AudioChunk, EncodePlan
from millrace.media.sound import AUDIO_FRAME_SAMPLES, AUDIO_RATE_HZ
from millrace.transcode.model import Encoded
from millrace.videos.model import Video
from millrace.videos.processing import service


def loud_blocks(notes: Path, plan: EncodePlan, chunk: AudioChunk) -> Blocks:
    """Return the blocks that end within a chunk; those of its pre-roll belong to the chunk before."""
    window_start, _ = audio_window(plan, chunk)
    frame_s = AUDIO_FRAME_SAMPLES / AUDIO_RATE_HZ
    return read_blocks(
        notes.read_text(),
        first_s=(chunk.start_frame - window_start) * frame_s,
        last_s=(chunk.end_frame - window_start) * frame_s,
    )


def store_loudness(video: Video, plan: EncodePlan, reports: Iterable[Encoded]) -> None:
    """Gate the blocks of all chunks of the default sound, and store how loud the film is; silence has no loudness."""
    default = next((position for position, track in enumerate(plan.audio) if track.is_default), 0)
    found = programme_loudness(report.loudness[default] for report in reports if report.loudness)
    if found is not None:
        service.record_loudness(video, found.integrated_lufs, found.true_peak_dbtp)
