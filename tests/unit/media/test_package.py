"""Playlists and manifest say what the segments are."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from mpd_inspector import MPDParser

from millrace.media import dash, hls
from millrace.media.cmaf import KeyFrame, MeasuredSegment, audio_segment_frames
from millrace.media.package import CaptionTrack, Growth, MeasuredTrack, package
from millrace.media.package.tracks import rates
from millrace.media.plan import EncodePlan
from tests.media_fixtures.values import a_plan

NTSC = Fraction(30000, 1001)


def _track(plan: EncodePlan, name: str, rate_bps: int, count: int | None = None) -> MeasuredTrack:
    segments = []
    for number in range(1, (count or plan.segment_count) + 1):
        first = (number - 1) * plan.segment_frames
        frames = min(plan.segment_frames, plan.frame_count - first)
        duration = frames * plan.frame_ticks
        segments.append(
            MeasuredSegment(
                number=number,
                decode_time=first * plan.frame_ticks,
                duration=duration,
                size_bytes=rate_bps * duration // plan.timescale // 8,
                keyframes=_keyframes(frames, plan),
            )
        )
    return MeasuredTrack(name=name, codec="avc1.640028", timescale=plan.timescale, segments=tuple(segments))


def _keyframes(frames: int, plan: EncodePlan) -> tuple[KeyFrame, ...]:
    """Return a key frame of 10 kB for each group of pictures."""
    starts = range(0, frames, plan.gop_frames)
    lengths = [min(plan.gop_frames, frames - start) for start in starts]
    return tuple(
        KeyFrame(position * 50_000, 10_000, length * plan.frame_ticks) for position, length in enumerate(lengths)
    )


def _sound(plan: EncodePlan) -> MeasuredTrack:
    segments = [
        MeasuredSegment(number=number, decode_time=first * 1024, duration=(last - first) * 1024, size_bytes=64_000)
        for number, (first, last) in enumerate(audio_segment_frames(plan), start=1)
    ]
    return MeasuredTrack(name="audio_eng", codec="mp4a.40.2", timescale=48000, segments=tuple(segments))


def _packaged(plan: EncodePlan) -> dict[str, str]:
    tracks = [_track(plan, rendition.name, 1_000_000) for rendition in plan.renditions]
    return package(plan, tracks, [_sound(plan)])


def test_every_track_has_a_playlist_and_every_playlist_is_offered() -> None:
    plan = a_plan(seconds=61, frame_rate=NTSC)
    files = _packaged(plan)
    main = hls.parse_multivariant(files["main.m3u8"])
    offered = {variant.uri for variant in main.variants} | {audio.uri for audio in main.audio}
    iframes = {variant.uri for variant in main.iframe_variants}
    assert offered | iframes | {"main.m3u8", "manifest.mpd"} == set(files)
    assert {variant.codecs for variant in main.variants} == {("avc1.640028", "mp4a.40.2")}
    for uri in offered:
        media = hls.parse_media(files[uri])
        assert media.has_ended
        assert media.target_duration_s == 4
        assert len(media.segments) == plan.segment_count


def test_hls_and_dash_time_every_segment_alike() -> None:
    plan = a_plan(seconds=61, frame_rate=NTSC)
    files = _packaged(plan)
    manifest = dash.parse(files["manifest.mpd"])
    for representation in (each for group in manifest.adaptation_sets for each in group.representations):
        durations = [
            run.duration / representation.timescale for run in representation.timeline for _ in range(run.count)
        ]
        media = hls.parse_media(files[f"{representation.id}/media.m3u8"])
        assert [float(segment.duration_s) for segment in media.segments] == pytest.approx(durations, abs=1e-6)
        for before, after in pairwise(representation.timeline):
            assert before.start + before.duration * before.count == after.start


def test_the_manifest_ends_with_its_longest_track() -> None:
    plan = a_plan(seconds=61, frame_rate=NTSC)
    sound_s = _sound(plan).duration_s
    assert sound_s > plan.duration_s
    declared_s = Fraction(dash.parse(_packaged(plan)["manifest.mpd"]).duration_s or 0)
    assert sound_s <= declared_s < sound_s + Fraction(1, 1000)


def test_an_independent_reader_understands_the_manifest() -> None:
    plan = a_plan(seconds=61)
    mpd = MPDParser.from_string(_packaged(plan)["manifest.mpd"])
    video, audio = mpd.periods[0].adaptation_sets
    assert mpd.type.value == "static"
    assert [each.height for each in video.representations] == [rendition.height for rendition in plan.renditions]
    assert audio.representations[0].audio_sampling_rate in (48000, "48000")


def test_bandwidth_is_the_measured_peak_with_sound() -> None:
    plan = a_plan(seconds=20)
    calm = _track(plan, "video_1080p", 1_000_000)
    busy = calm.segments[2].model_copy(update={"size_bytes": 1_500_000})
    track = calm.model_copy(update={"segments": (*calm.segments[:2], busy, *calm.segments[3:])})
    single = plan.model_copy(update={"renditions": plan.renditions[:1]})
    variant = hls.parse_multivariant(package(single, [track], [_sound(plan)])["main.m3u8"]).variants[0]
    sound_peak = rates(_sound(plan), 0, is_complete=True).peak_bps
    assert variant.bandwidth_bps == 3_000_000 + sound_peak
    assert variant.average_bandwidth_bps < variant.bandwidth_bps


def test_a_short_last_segment_does_not_raise_the_peak() -> None:
    plan = a_plan(seconds=Fraction(121, 10))
    track = _track(plan, "video_1080p", 1_000_000)
    last = track.segments[-1].model_copy(update={"size_bytes": 60_000})
    heavy_end = track.model_copy(update={"segments": (*track.segments[:-1], last)})
    assert rates(heavy_end, 0, is_complete=True).peak_bps == math.ceil((500_000 + 60_000) * 8 / 4.1)


GROWTH = Growth(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 1, tzinfo=UTC))


def test_a_growing_video_is_an_event_that_starts_at_the_beginning() -> None:
    plan = a_plan()
    tracks = [_track(plan, rendition.name, 1_000_000, count=2) for rendition in plan.renditions]
    files = package(plan, tracks, [], growth=GROWTH)
    manifest = dash.parse(files["manifest.mpd"])
    assert manifest.live is not None
    # By the clock everything has long been there: only what is listed counts.
    assert manifest.live.availability_start + timedelta(seconds=math.ceil(plan.duration_s)) <= GROWTH.since
    assert manifest.duration_s is None
    media = hls.parse_media(files["video_720p/media.m3u8"])
    assert media.playlist_type is hls.PlaylistType.EVENT
    assert not media.has_ended
    assert media.start == hls.Start(Decimal(0), is_precise=True)
    variant = hls.parse_multivariant(files["main.m3u8"]).variants[0]
    assert variant.bandwidth_bps >= plan.renditions[0].maxrate_bps


def test_holes_are_refused() -> None:
    plan = a_plan(seconds=20)
    track = _track(plan, "video_1080p", 1_000_000)
    holed = track.model_copy(update={"segments": (track.segments[0], *track.segments[2:])})
    with pytest.raises(ValueError, match="hole before segment 3"):
        package(plan, [holed], [])


def test_renditions_that_are_not_aligned_are_refused() -> None:
    plan = a_plan(seconds=20)
    long, short = _track(plan, "video_1080p", 1), _track(plan, "video_720p", 1, count=3)
    with pytest.raises(ValueError, match="not aligned"):
        package(plan, [long, short], [])


def test_key_frame_playlists_list_each_group_of_pictures_by_its_bytes() -> None:
    plan = a_plan(seconds=61, frame_rate=NTSC)
    files = _packaged(plan)
    main = hls.parse_multivariant(files["main.m3u8"])
    assert len(main.iframe_variants) == len(main.variants)
    for variant in main.iframe_variants:
        iframes = hls.parse_media(files[variant.uri])
        assert iframes.is_iframes_only
        assert iframes.target_duration_s == 2
        assert float(iframes.duration_s) == pytest.approx(float(plan.duration_s), abs=1e-4)
        assert iframes.segments[1].byte_range == hls.ByteRange(10_000, 50_000)
        assert iframes.segments[1].uri == "seg_00001.m4s"
        # 10 kB every two seconds, and the last group shorter.
        assert variant.average_bandwidth_bps < variant.bandwidth_bps < 90_000


def test_films_whose_key_frames_were_not_measured_have_no_key_frame_playlists() -> None:
    plan = a_plan(seconds=20)
    track = _track(plan, "video_1080p", 1_000_000)
    unmeasured = tuple(segment.model_copy(update={"keyframes": ()}) for segment in track.segments)
    files = package(plan, [track.model_copy(update={"segments": unmeasured})], [])
    assert "video_1080p/iframes.m3u8" not in files
    assert not hls.parse_multivariant(files["main.m3u8"]).iframe_variants


CAPTIONS = (
    CaptionTrack(language="en", label="English", folder="captions_en"),
    CaptionTrack(language="de", label="Deutsch", folder="captions_de", kind="subtitles"),
)


def test_captions_stand_in_playlists_and_manifest() -> None:
    plan = a_plan(seconds=61, frame_rate=NTSC)
    tracks = [_track(plan, rendition.name, 1_000_000) for rendition in plan.renditions]
    files = package(plan, tracks, [_sound(plan)], CAPTIONS)
    main = hls.parse_multivariant(files["main.m3u8"])
    assert {variant.subtitles_group_id for variant in main.variants} == {"captions"}
    assert [(each.name, each.language, bool(each.characteristics)) for each in main.subtitles] == [
        ("English", "en", True),
        ("Deutsch", "de", False),
    ]
    for each in main.subtitles:
        playlist = hls.parse_media(files[each.uri])
        assert [segment.uri for segment in playlist.segments] == ["seg_00001.vtt", "seg_00002.vtt"]
        assert float(playlist.duration_s) == pytest.approx(float(plan.duration_s), abs=1e-4)
        assert playlist.has_ended
    (period,) = dash.parse(files["manifest.mpd"]).periods
    assert [(each.uri, each.role) for each in period.captions] == [
        ("captions_en/captions.vtt", "caption"),
        ("captions_de/captions.vtt", "subtitle"),
    ]
    ids = [each.id for each in period.adaptation_sets] + [each.id for each in period.captions]
    assert len(set(ids)) == len(ids)


def test_several_sounds_can_be_told_apart() -> None:
    plan = a_plan(seconds=20)
    (english,) = plan.audio
    german = english.model_copy(
        update={"name": "audio_deu", "language": "de", "label": "German", "is_default": False, "channels": 1}
    )
    both = plan.model_copy(update={"audio": (english, german)})
    sounds = [_sound(plan), _sound(plan).model_copy(update={"name": "audio_deu"})]
    files = package(both, [_track(plan, "video_1080p", 1_000_000)], sounds)
    main = hls.parse_multivariant(files["main.m3u8"])
    assert [(each.language, each.is_default, each.channels) for each in main.audio] == [
        ("en", True, 2),
        ("de", False, 1),
    ]
    audio = [each for each in dash.parse(files["manifest.mpd"]).adaptation_sets if each.content == "audio"]
    assert [(each.language, each.label, each.role) for each in audio] == [
        ("en", "English", "main"),
        ("de", "German", "alternate"),
    ]
