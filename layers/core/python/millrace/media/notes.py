"""What planning changes of a film, in sentences for its owner."""

from fractions import Fraction
from typing import Final

from millrace.media.plan import EncodePlan
from millrace.media.probe import SourceInfo
from millrace.media.timeline import Timeline

__all__ = ["notes_of"]

# Dolby Vision's own colours without a picture that other players understand.
DOLBY_VISION_ALONE: Final = 5
FASTER: Final = Fraction(11, 10)


def notes_of(source: SourceInfo, timeline: Timeline, plan: EncodePlan) -> tuple[str, ...]:
    """Return a sentence for each thing that a viewer may notice against the file."""
    return (*_of_the_picture(source, timeline, plan), *_of_the_sound(source, plan))


def _of_the_picture(source: SourceInfo, timeline: Timeline, plan: EncodePlan) -> list[str]:
    video, rate = source.video, _rate(timeline.frame_rate)
    notes = []
    if plan.tone:
        notes.append(f"The file is in HDR ({plan.tone.upper()}); the film is shown in standard colours (SDR).")
    elif video.dolby_vision_profile == DOLBY_VISION_ALONE:
        notes.append(
            "The file is in Dolby Vision profile 5; its colours may look wrong. Export it as HDR10, HLG or SDR."
        )
    if plan.deinterlace:
        notes.append("The file is interlaced; its fields were joined to whole pictures.")
    if timeline.source_rate and timeline.source_rate > timeline.frame_rate * FASTER:
        notes.append(f"The file has {_rate(timeline.source_rate)} frames a second; the film has {rate}.")
    elif timeline.is_variable:
        notes.append(f"The file's frame rate varies; the film has an even {rate} frames a second.")
    if timeline.lead_frames:
        lead_s = float(timeline.lead_frames / timeline.frame_rate)
        notes.append(f"The picture begins {lead_s:.1f} s after the sound; its first frame is shown until then.")
    return notes


def _of_the_sound(source: SourceInfo, plan: EncodePlan) -> list[str]:
    notes = []
    if len(source.audio) > len(plan.audio):
        notes.append(f"The first {len(plan.audio)} of {len(source.audio)} sound tracks were kept.")
    if any(track.source_channels > track.channels for track in plan.audio):
        notes.append("Surround sound was mixed down to stereo.")
    if source.unknown_audio_codecs:
        codecs = ", ".join(source.unknown_audio_codecs)
        notes.append(f"Sound that we cannot decode was left out ({codecs}).")
    return notes


def _rate(rate: Fraction) -> str:
    """Write a rate as people do: 25, 29.97."""
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")
