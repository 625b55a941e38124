"""Loudness: from the meter's notes on each chunk to one figure for the film."""

from pathlib import Path

from millrace.media.ffmpeg import audio_window
from millrace.media.loudness import Blocks, read_blocks
from millrace.media.plan import AudioChunk, EncodePlan
from millrace.media.sound import AUDIO_FRAME_SAMPLES, AUDIO_RATE_HZ


def loud_blocks(notes: Path, plan: EncodePlan, chunk: AudioChunk) -> Blocks:
    """Return the blocks that end within a chunk; those of its pre-roll belong to the chunk before."""
    window_start, _ = audio_window(plan, chunk)
    frame_s = AUDIO_FRAME_SAMPLES / AUDIO_RATE_HZ
    return read_blocks(
        notes.read_text(),
        first_s=(chunk.start_frame - window_start) * frame_s,
        last_s=(chunk.end_frame - window_start) * frame_s,
    )
