"""Small streams written byte by byte, packaged by our own packager: good ones, for tests to break."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from millrace.media import hls, webvtt
from millrace.media.cmaf import KeyFrame, MeasuredSegment
from millrace.media.package import CaptionTrack, MeasuredTrack, package
from millrace.media.plan import EncodePlan
from tests.media_fixtures.movies import box, full_box, table
from tests.media_fixtures.values import a_plan

Files = dict[str, bytes]

VIDEO_CODEC = "avc1.64001f"
AUDIO_CODEC = "mp4a.40.2"
SAMPLE_RATE_HZ = 48_000
AAC_SAMPLES = 1024
SYNC, NOT_SYNC = 0x0200_0000, 0x0101_0000


def init_segment(
    *,
    timescale: int,
    size: tuple[int, int] | None = None,
    brand: bytes = b"cmfc",
    edits: Sequence[tuple[int, int]] = (),
    tracks: int = 1,
) -> bytes:
    """Return an init segment: of H.264 with a size, of AAC without one."""
    if size is None:
        entry = box("mp4a", bytes(16), struct.pack(">HHHHI", 2, 16, 0, 0, SAMPLE_RATE_HZ << 16), _esds())
        handler = b"soun"
    else:
        visual = bytes(24) + struct.pack(">HH", *size) + bytes(50)
        entry = box("avc1", visual, box("avcC", bytes([1, 0x64, 0x00, 0x1F, 0xFF, 0xE1, 0, 0, 1, 0, 0])))
        handler = b"vide"
    stsd = full_box("stsd", 0, struct.pack(">I", 1), entry)
    media = [
        full_box("mdhd", 0, struct.pack(">IIII", 0, 0, timescale, 0), bytes(4)),
        full_box("hdlr", 0, bytes(4), handler, bytes(13)),
        box("minf", box("stbl", stsd, table("stts", ">II", ()))),
    ]
    track = [full_box("tkhd", 0, struct.pack(">III", 0, 0, 1), bytes(60))]
    if edits:
        rows = [struct.pack(">IiI", *edit, 0x10000) for edit in edits]
        track.append(box("edts", full_box("elst", 0, struct.pack(">I", len(rows)), *rows)))
    trak = box("trak", *track, box("mdia", *media))
    mvex = box("mvex", full_box("trex", 0, struct.pack(">IIIII", 1, 1, 0, 0, 0)))
    mvhd = full_box("mvhd", 0, struct.pack(">IIII", 0, 0, 1000, 0), bytes(80))
    return box("ftyp", b"iso6", bytes(4), b"iso6", brand) + box("moov", mvhd, *[trak] * tracks, mvex)


def _esds() -> bytes:
    config = bytes([5, 2, 0x11, 0x90])
    decoder = bytes([4, 13 + len(config), 0x40, *bytes(12)]) + config
    return full_box("esds", 0, bytes([3, 3 + len(decoder), 0, 1, 0]) + decoder)


def fragment(
    number: int,
    decode_time: int,
    frame_ticks: int,
    sizes: Sequence[int],
    *,
    is_video: bool,
    begins_with_key_frame: bool = True,
) -> bytes:
    """Return a moof with its mdat; of a picture only the first sample is a key frame."""

    def moof(data_offset: int) -> bytes:
        later = NOT_SYNC if is_video else SYNC
        flags = [SYNC if begins_with_key_frame else NOT_SYNC, *[later] * (len(sizes) - 1)]
        rows = [struct.pack(">III", frame_ticks, size, flag) for size, flag in zip(sizes, flags, strict=True)]
        trun = box("trun", struct.pack(">IIi", 0x701, len(sizes), data_offset), *rows)
        tfhd = box("tfhd", struct.pack(">II", 0x020000, 1))
        tfdt = full_box("tfdt", 1, struct.pack(">Q", decode_time))
        mfhd = full_box("mfhd", 0, struct.pack(">I", number))
        return box("moof", mfhd, box("traf", tfhd, tfdt, trun))

    length = len(moof(0))
    return moof(length + 8) + box("mdat", bytes(sum(sizes)))


def a_picture(plan: EncodePlan, name: str, frame_bytes: int, files: Files) -> MeasuredTrack:
    """Put the segments of a rendition into the files and return their measures."""
    rendition = plan.rendition(name)
    files[f"{name}/init.mp4"] = init_segment(timescale=plan.timescale, size=(rendition.width, rendition.height))
    segments = []
    for number in range(1, plan.segment_count + 1):
        start = (number - 1) * plan.segment_frames
        end = min(start + plan.segment_frames, plan.frame_count)
        data = b""
        keyframes = []
        for group in range(start, end, plan.gop_frames):
            count = min(plan.gop_frames, end - group)
            sizes = [frame_bytes * 4, *[frame_bytes] * (count - 1)]
            piece = fragment(group + 1, group * plan.frame_ticks, plan.frame_ticks, sizes, is_video=True)
            needed = len(piece) - sum(sizes) + sizes[0]
            keyframes.append(KeyFrame(len(data), needed, count * plan.frame_ticks))
            data += piece
        files[f"{name}/seg_{number:05d}.m4s"] = data
        segments.append(
            MeasuredSegment(
                number=number,
                decode_time=start * plan.frame_ticks,
                duration=(end - start) * plan.frame_ticks,
                size_bytes=len(data),
                keyframes=tuple(keyframes),
            )
        )
    return MeasuredTrack(name=name, codec=VIDEO_CODEC, timescale=plan.timescale, segments=tuple(segments))


def _sound(plan: EncodePlan, name: str, files: Files) -> MeasuredTrack:
    files[f"{name}/init.mp4"] = init_segment(timescale=SAMPLE_RATE_HZ)
    segments = []
    for number, (first, last) in enumerate(plan.audio_segment_bounds(), start=1):
        data = fragment(first + 1, first * AAC_SAMPLES, AAC_SAMPLES, [300] * (last - first), is_video=False)
        files[f"{name}/seg_{number:05d}.m4s"] = data
        segments.append(
            MeasuredSegment(
                number=number,
                decode_time=first * AAC_SAMPLES,
                duration=(last - first) * AAC_SAMPLES,
                size_bytes=len(data),
            )
        )
    return MeasuredTrack(name=name, codec=AUDIO_CODEC, timescale=SAMPLE_RATE_HZ, segments=tuple(segments))


def a_film(seconds: int = 13) -> Files:
    """Return a whole film: two renditions, two sounds, captions, HLS and DASH."""
    plan = a_plan(seconds=seconds)
    english = plan.audio[0]
    german = english.model_copy(update={"name": "audio_deu", "language": "de", "label": "German", "is_default": False})
    plan = plan.model_copy(update={"renditions": plan.renditions[-2:], "audio": (english, german)})
    files: Files = {}
    video = [a_picture(plan, each.name, 100 * (2 - position), files) for position, each in enumerate(plan.renditions)]
    audio = [_sound(plan, each.name, files) for each in plan.audio]
    captions = CaptionTrack(language="en", label="English", folder="captions_en")
    cues = (webvtt.Cue(1000, 2000, "Hello"), webvtt.Cue(3000, 4000, "<i>there</i>"))
    for number, text in enumerate(webvtt.write_segments(cues, plan.duration_s), start=1):
        files[f"{captions.folder}/seg_{number:05d}.vtt"] = text.encode()
    files[f"{captions.folder}/captions.vtt"] = webvtt.write(cues).encode()
    files.update({name: text.encode() for name, text in package(plan, video, audio, [captions]).items()})
    return files


LIVE_SEGMENTS = 8
PARTS_A_SEGMENT = 4
PART_S = Decimal("0.5")
FRAME_TICKS = 3000
TIMESCALE = 90_000
LIVE_START = datetime(2026, 1, 1, tzinfo=UTC)


def live_playlist(segment_count: int, open_parts: int, other: str, *, first: int = 1) -> hls.MediaPlaylist:
    """Return a low-latency playlist of segments of two seconds in four parts, from segment `first` on."""
    init = hls.InitSegment("init.mp4")
    segments = tuple(
        hls.MediaSegment(
            uri=f"seg_{number:05d}.m4s",
            duration_s=Decimal(2),
            init=init,
            program_date_time=LIVE_START + timedelta(seconds=2 * number),
            parts=_parts(number, PARTS_A_SEGMENT) if number > segment_count - 2 else (),
        )
        for number in range(first, segment_count + 1)
    )
    next_part = segment_count * PARTS_A_SEGMENT + open_parts + 1
    return hls.MediaPlaylist(
        target_duration_s=2,
        segments=segments,
        media_sequence=first,
        part_target_s=PART_S,
        server_control=hls.ServerControl(
            can_block_reload=True, part_hold_back_s=PART_S * 3, hold_back_s=Decimal(6), can_skip_until_s=Decimal(12)
        ),
        open_segment=hls.OpenSegment(_parts(segment_count + 1, open_parts), init) if open_parts else None,
        preload_hints=(hls.PreloadHint(f"part_{next_part:05d}.m4s"),),
        rendition_reports=(
            hls.RenditionReport(other, segment_count + bool(open_parts), (open_parts or PARTS_A_SEGMENT) - 1),
        ),
        version=hls.LOW_LATENCY_VERSION,
    )


def _parts(number: int, count: int) -> tuple[hls.Part, ...]:
    first = (number - 1) * PARTS_A_SEGMENT + 1
    return tuple(
        hls.Part(f"part_{first + position:05d}.m4s", PART_S, is_independent=position == 0) for position in range(count)
    )


def a_live_stream() -> Files:
    """Return a low-latency stream in its 17th second: a picture and a sound, without their parts' bytes."""
    files: Files = {}
    for name, is_video, other in (("video", True, "../audio/media.m3u8"), ("audio", False, "../video/media.m3u8")):
        files[f"{name}/init.mp4"] = init_segment(timescale=TIMESCALE, size=(640, 360) if is_video else None)
        for number in range(1, LIVE_SEGMENTS + 1):
            start = (number - 1) * 2 * TIMESCALE
            data = fragment(number, start, FRAME_TICKS, [200] * 60, is_video=is_video)
            files[f"{name}/seg_{number:05d}.m4s"] = data
        files[f"{name}/media.m3u8"] = hls.write_media(live_playlist(LIVE_SEGMENTS, 2, other)).encode()
    variant = hls.Variant(
        uri="video/media.m3u8",
        bandwidth_bps=110_000,
        average_bandwidth_bps=110_000,
        codecs=(VIDEO_CODEC, AUDIO_CODEC),
        width=640,
        height=360,
        frame_rate=Decimal(30),
        audio_group_id="audio",
    )
    sound = hls.AudioRendition("audio", "Sound", "audio/media.m3u8", channels=2)
    iframes = replace(live_playlist(LIVE_SEGMENTS, 0, "x"), part_target_s=None, server_control=None)
    entries = tuple(
        hls.MediaSegment(each.uri, each.duration_s, each.init, hls.ByteRange(_keyframe_bytes(), 0))
        for each in iframes.segments
    )
    files["video/iframes.m3u8"] = hls.write_media(
        hls.MediaPlaylist(target_duration_s=2, segments=entries, is_iframes_only=True)
    ).encode()
    key_variant = hls.IFrameVariant("video/iframes.m3u8", 5_000, 5_000, (VIDEO_CODEC,), 640, 360)
    main = hls.MultivariantPlaylist((variant,), (sound,), iframe_variants=(key_variant,))
    files["main.m3u8"] = hls.write_multivariant(main).encode()
    return files


def _keyframe_bytes() -> int:
    return len(fragment(1, 0, FRAME_TICKS, [200] * 60, is_video=True)) - 59 * 200
