"""What the ffmpeg that we ship decodes well: codecs as ffprobe names them, and their decoders.

AV1 is absent: that build has no software decoder for it.
"""

from typing import Final

__all__ = ["AUDIO_CODECS", "DECODERS", "VIDEO_CODECS"]

# Decoders are named like the codec unless a name follows the colon: the one that ffmpeg takes by itself.
_VIDEO: Final = """
    h264 hevc vp8 vp9 theora
    mpeg1video mpeg2video mpeg4 h263 msmpeg4v2 msmpeg4v3:msmpeg4
    wmv1 wmv2 wmv3 vc1
    prores dnxhd dvvideo mjpeg ffv1 rawvideo
    flv1:flv vp6 vp6f qtrle cinepak svq3
"""
_AUDIO: Final = """
    aac mp1 mp2 mp3:mp3float ac3 eac3 dts:dca truehd
    opus vorbis flac alac speex amr_nb:amrnb amr_wb:amrwb wmav1 wmav2 wmapro
    pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be
    pcm_f32le pcm_f32be pcm_f64le pcm_alaw pcm_mulaw pcm_bluray pcm_dvd
"""


def _decoders(text: str) -> dict[str, str]:
    pairs = (word.partition(":") for word in text.split())
    return {codec: decoder or codec for codec, _, decoder in pairs}


VIDEO_CODECS: Final = frozenset(_decoders(_VIDEO))
AUDIO_CODECS: Final = frozenset(_decoders(_AUDIO))
DECODERS: Final = tuple(sorted((_decoders(_VIDEO) | _decoders(_AUDIO)).values()))
