"""HLS playlists over measured segments."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from millrace.media import hls
from millrace.media.ladder import Rendition
from millrace.media.package.names import IFRAME_PLAYLIST, INIT_SEGMENT, MAIN_PLAYLIST, MEDIA_PLAYLIST
from millrace.media.package.tracks import CaptionTrack, MeasuredTrack, Rates, longest, rates, rates_of, seconds
from millrace.media.plan import AudioPlan, EncodePlan
from millrace.media.webvtt import SEGMENT_S, segment_count

__all__ = ["playlists"]

_AUDIO_GROUP: Final = "audio"
_CAPTION_GROUP: Final = "captions"
# What captions do for those who cannot hear (Apple's authoring rules, 4.6).
_CAPTION_CHARACTERISTICS: Final = (
    "public.accessibility.transcribes-spoken-dialog",
    "public.accessibility.describes-music-and-sound",
)


def playlists(
    plan: EncodePlan,
    video: Sequence[tuple[Rendition, MeasuredTrack]],
    audio: Sequence[tuple[AudioPlan, MeasuredTrack]],
    captions: Sequence[CaptionTrack],
    *,
    is_complete: bool,
) -> dict[str, str]:
    """Return the text of every playlist by its path."""
    main = _multivariant(plan, video, audio, captions, is_complete=is_complete)
    files = {MAIN_PLAYLIST: hls.write_multivariant(main)}
    for track in [track for _, track in [*video, *audio]]:
        files[f"{track.name}/{MEDIA_PLAYLIST}"] = hls.write_media(_media(track, plan, is_complete=is_complete))
    for _, track in video:
        if _has_keyframes(track):
            iframes = _iframes(track, plan, is_complete=is_complete)
            files[f"{track.name}/{IFRAME_PLAYLIST}"] = hls.write_media(iframes)
    for each in captions:
        files[f"{each.folder}/{MEDIA_PLAYLIST}"] = hls.write_media(_captions(plan.duration_s))
    return files


def _media(track: MeasuredTrack, plan: EncodePlan, *, is_complete: bool) -> hls.MediaPlaylist:
    # One target for all tracks; audio segments differ from it by less than a frame.
    durations_s = [Fraction(segment.duration, track.timescale) for segment in track.segments]
    init = hls.InitSegment(INIT_SEGMENT)
    return hls.MediaPlaylist(
        target_duration_s=longest([plan.segment_frames / plan.frame_rate, *durations_s]),
        segments=tuple(
            hls.MediaSegment(f"seg_{segment.number:05d}.m4s", seconds(segment.duration, track.timescale), init)
            for segment in track.segments
        ),
        playlist_type=hls.PlaylistType.VOD if is_complete else hls.PlaylistType.EVENT,
        has_ended=is_complete,
        start=_start(is_complete=is_complete),
    )


def _start(*, is_complete: bool) -> hls.Start | None:
    """Begin at the beginning: without this, players begin near the end of a playlist that still grows."""
    return None if is_complete else hls.Start(Decimal(0), is_precise=True)


def _has_keyframes(track: MeasuredTrack) -> bool:
    """Return whether the key frames were measured: older films know nothing of theirs."""
    return all(segment.keyframes for segment in track.segments)


def _iframes(track: MeasuredTrack, plan: EncodePlan, *, is_complete: bool) -> hls.MediaPlaylist:
    """List the key frames, each with the boxes in front of it, as long as the group of pictures that it begins."""
    init = hls.InitSegment(INIT_SEGMENT)
    entries = tuple(
        hls.MediaSegment(
            uri=f"seg_{segment.number:05d}.m4s",
            duration_s=seconds(keyframe.duration, track.timescale),
            init=init,
            byte_range=hls.ByteRange(keyframe.size_bytes, keyframe.offset),
        )
        for segment in track.segments
        for keyframe in segment.keyframes
    )
    durations_s = [Fraction(entry.duration_s) for entry in entries]
    # Only playlists that are complete may have a target of their own (RFC 8216bis 6.2.4).
    groups_s = durations_s if is_complete else [plan.segment_frames / plan.frame_rate, *durations_s]
    return hls.MediaPlaylist(
        target_duration_s=longest(groups_s),
        segments=entries,
        playlist_type=hls.PlaylistType.VOD if is_complete else hls.PlaylistType.EVENT,
        has_ended=is_complete,
        is_iframes_only=True,
        start=_start(is_complete=is_complete),
    )


def _captions(duration_s: Fraction) -> hls.MediaPlaylist:
    """List the pieces of captions; they are complete from the beginning, also where the picture is not."""
    count = segment_count(duration_s)
    lengths_s = [Fraction(SEGMENT_S)] * (count - 1) + [duration_s - SEGMENT_S * (count - 1)]
    return hls.MediaPlaylist(
        target_duration_s=longest(lengths_s),
        segments=tuple(
            hls.MediaSegment(f"seg_{number:05d}.vtt", seconds(length_s.numerator, length_s.denominator))
            for number, length_s in enumerate(lengths_s, start=1)
        ),
        playlist_type=hls.PlaylistType.VOD,
        has_ended=True,
    )


def _multivariant(
    plan: EncodePlan,
    video: Sequence[tuple[Rendition, MeasuredTrack]],
    audio: Sequence[tuple[AudioPlan, MeasuredTrack]],
    captions: Sequence[CaptionTrack],
    *,
    is_complete: bool,
) -> hls.MultivariantPlaylist:
    sounds = [rates(track, each.bitrate_bps, is_complete=is_complete) for each, track in audio]
    # A variant's rates hold for its dearest sound (RFC 8216bis 4.4.6.2).
    sound = max(sounds, key=lambda each: each.peak_bps, default=Rates(0, 0))
    variants = []
    for rendition, track in video:
        picture = rates(track, rendition.maxrate_bps, is_complete=is_complete)
        variants.append(
            hls.Variant(
                uri=f"{rendition.name}/{MEDIA_PLAYLIST}",
                bandwidth_bps=picture.peak_bps + sound.peak_bps,
                average_bandwidth_bps=picture.average_bps + sound.average_bps,
                codecs=(track.codec, *sorted({each.codec for _, each in audio})),
                width=rendition.width,
                height=rendition.height,
                frame_rate=Decimal(plan.frame_rate.numerator) / plan.frame_rate.denominator,
                audio_group_id=_AUDIO_GROUP if audio else None,
                subtitles_group_id=_CAPTION_GROUP if captions else None,
            )
        )
    return hls.MultivariantPlaylist(
        variants=tuple(variants),
        audio=tuple(_audio_rendition(each) for each, _ in audio),
        start=_start(is_complete=is_complete),
        subtitles=tuple(_caption_rendition(each) for each in captions),
        iframe_variants=tuple(_iframe_variant(*each) for each in video if _has_keyframes(each[1])),
    )


def _audio_rendition(audio: AudioPlan) -> hls.AudioRendition:
    return hls.AudioRendition(
        group_id=_AUDIO_GROUP,
        name=audio.label,
        uri=f"{audio.name}/{MEDIA_PLAYLIST}",
        language=None if audio.language == "und" else audio.language,
        channels=audio.channels,
        is_default=audio.is_default,
    )


def _caption_rendition(captions: CaptionTrack) -> hls.SubtitleRendition:
    return hls.SubtitleRendition(
        group_id=_CAPTION_GROUP,
        name=captions.label,
        uri=f"{captions.folder}/{MEDIA_PLAYLIST}",
        language=captions.language,
        characteristics=_CAPTION_CHARACTERISTICS if captions.kind == "captions" else (),
    )


def _iframe_variant(rendition: Rendition, track: MeasuredTrack) -> hls.IFrameVariant:
    frames = [(each.duration, each.size_bytes) for segment in track.segments for each in segment.keyframes]
    measured = rates_of(track.timescale, frames)
    return hls.IFrameVariant(
        uri=f"{rendition.name}/{IFRAME_PLAYLIST}",
        bandwidth_bps=measured.peak_bps,
        average_bandwidth_bps=measured.average_bps,
        codecs=(track.codec,),
        width=rendition.width,
        height=rendition.height,
    )
