"""Agree on codecs beyond H.264 and AAC with encoders that know Enhanced RTMP v1 or v2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from rtmp_ingest.rtmp import amf0

__all__ = ["Codecs", "answer", "can_reconnect"]

_CAN_DECODE: Final = 1
_ANY: Final = "*"


class _Extension(IntFlag):
    """Bits of `capsEx`."""

    RECONNECT = 1
    MULTITRACK = 2
    MODIFIERS = 4


@dataclass(frozen=True, slots=True)
class Codecs:
    """What publishers may send, by four-character codes.

    AV1 is absent: the ffmpeg that we ship has no software decoder for it.
    """

    video: tuple[str, ...] = ("avc1", "hvc1", "vp09", "vp08")
    audio: tuple[str, ...] = ("mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3")


def answer(asked: Mapping[str, amf0.Value], codecs: Codecs) -> dict[str, amf0.Value]:
    """Return what to add to the answer of `connect`; nothing for an encoder that does not ask."""
    properties: dict[str, amf0.Value] = {}
    theirs = asked.get("fourCcList")
    if isinstance(theirs, Sequence) and not isinstance(theirs, str):
        ours = (*codecs.video, *codecs.audio)
        properties["fourCcList"] = [code for code in ours if code in theirs or _ANY in theirs]
    if "videoFourCcInfoMap" in asked:
        properties["videoFourCcInfoMap"] = dict.fromkeys(codecs.video, _CAN_DECODE)
    if "audioFourCcInfoMap" in asked:
        properties["audioFourCcInfoMap"] = dict.fromkeys(codecs.audio, _CAN_DECODE)
    if "capsEx" in asked:
        properties["capsEx"] = int(_Extension.RECONNECT | _Extension.MODIFIERS)
    return properties


def can_reconnect(asked: Mapping[str, amf0.Value]) -> bool:
    """Return whether an encoder moves to another server when it is asked to."""
    extensions = asked.get("capsEx")
    # Not a number, or one that no integer is: then there are no extensions.
    if not isinstance(extensions, float) or not 0 <= extensions < 1 << 32:
        return False
    return bool(_Extension(int(extensions) & _Extension.RECONNECT))
