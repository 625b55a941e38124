"""Real fragments become parts and segments that fit together in every track."""

import itertools
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest

from millrace.media.boxes import Malformed
from millrace.media.live.boundaries import Boundaries
from millrace.media.live.command import PART_TARGET_MS, AudioOutput, Keyframes, VideoOutput
from millrace.media.live.cutter import CutPart, CutSegment, TrackCutter
from millrace.media.live.fragments import FragmentReader, Init, MediaFragment
from tests.media_fixtures.live_clip import boundaries_of, fragments, publishable

TRACKS = (VideoOutput("video_source"), VideoOutput("video_60p", height=60, maxrate_bps=100_000), AudioOutput())


def _cut(
    boundaries: Boundaries, found: Iterable[Init | MediaFragment], next_part: int = 0, not_before_ms: int | None = None
) -> tuple[Init, list[CutPart], list[CutSegment]]:
    items = list(found)
    init = items[0]
    assert isinstance(init, Init)
    earliest = None if not_before_ms is None else Fraction(not_before_ms)
    cutter = TrackCutter(boundaries, init, next_part=next_part, not_before_ms=earliest)
    cuts: list[CutPart | CutSegment] = []
    for item in items[1:]:
        assert isinstance(item, MediaFragment)
        cuts += cutter.feed(item)
    cuts += cutter.finish()
    parts = [cut for cut in cuts if isinstance(cut, CutPart)]
    return init, parts, [cut for cut in cuts if isinstance(cut, CutSegment)]


@pytest.mark.parametrize(("rate", "bframes"), [(30, 0), (30, 2), (24, 0), (60, 0), (10, 0)])
def test_all_tracks_cut_at_the_publishers_key_frames(tmp_path: Path, rate: int, bframes: int) -> None:
    source = publishable(tmp_path / "a.flv", rate=rate, gop=2 * rate, bframes=bframes)
    boundaries = boundaries_of(source, first_number=7)
    for track, found in fragments(source, TRACKS, rate=rate).items():
        init, parts, segments = _cut(boundaries, found, next_part=100)
        assert [segment.number for segment in segments] == [7, 8, 9], track
        assert [part.number for part in parts] == list(range(100, 100 + len(parts)))
        assert max(part.duration for part in parts) * 1000 <= PART_TARGET_MS * init.timescale
        for segment in segments:
            own = [part for part in parts if part.segment_number == segment.number]
            assert segment.data == b"".join(part.data for part in own)
            assert segment.duration == sum(part.duration for part in own)
            assert segment.part_count == len(own)
            assert own[0].is_independent
            boundary = boundaries.boundary(segment.number)
            assert boundary is not None
            tolerance_ms = 2 if init.is_video else PART_TARGET_MS / 2
            start_ms = Fraction(segment.presentation_time * 1000, init.timescale)
            assert abs(start_ms - boundary.present_ms) <= tolerance_ms
        # The end of a segment is known with its last part, not only with the next one.
        assert [part.segment_number for part in parts if part.closes_segment] == [7, 8]


def test_a_key_frame_can_be_cut_out_of_its_segment(tmp_path: Path) -> None:
    source = publishable(tmp_path / "a.flv")
    found = fragments(source, TRACKS[:1])["video_source"]
    _, _, segments = _cut(boundaries_of(source), found)
    for segment in segments:
        # The fragment's header and one frame: what lies behind it belongs to the mdat that began there.
        assert 0 < segment.keyframe_bytes < len(segment.data)
        assert segment.data[4:8] == b"moof"


def test_an_encoder_without_key_frames_of_the_publisher_cuts_on_a_grid(tmp_path: Path) -> None:
    source = publishable(tmp_path / "a.flv", seconds=7, rate=24, gop=1000)
    late = Keyframes(grid_after_s=Fraction(3, 2))
    found = fragments(source, TRACKS[1:], rate=24, keyframes=late)
    first = found["video_60p"][1]
    assert isinstance(first, MediaFragment)
    origin_ms = Fraction(first.presentation_time, 90)
    boundaries = Boundaries(3, grid_from=origin_ms + 1500)
    for track in found:
        init, _, segments = _cut(boundaries, found[track], not_before_ms=int(origin_ms + 1500))
        assert [segment.number for segment in segments] == [3, 4, 5], track
        if init.is_video:
            starts_ms = [Fraction(segment.presentation_time, 90) - origin_ms for segment in segments]
            assert [round(start) for start in starts_ms] == [1500, 3500, 5500]
            assert all(segment.keyframe_bytes for segment in segments)


def test_sound_alone_is_cut_every_two_seconds(tmp_path: Path) -> None:
    source = publishable(tmp_path / "a.flv", video=False)
    found = fragments(source, (AudioOutput(),))["audio"]
    init, parts, segments = _cut(Boundaries(1, grid_from=Fraction(0)), found)
    assert (init.codec, init.channels, init.is_video) == ("mp4a.40.2", 1, False)
    assert [segment.number for segment in segments] == [1, 2, 3]
    assert Counter(part.segment_number for part in parts)[2] in (6, 7)


def test_a_track_that_misses_a_key_frame_stays_in_step(tmp_path: Path) -> None:
    source = publishable(tmp_path / "a.flv", seconds=6, gop=1000)
    boundaries = Boundaries(1)
    for at_ms in (0, 2000, 4000):
        boundaries.keyframe(Fraction(at_ms), Fraction(at_ms))
    found = fragments(source, TRACKS[:1])["video_source"]
    _, parts, segments = _cut(boundaries, found)
    assert [segment.number for segment in segments] == [1, 2, 3]
    assert not [part for part in parts[1:] if part.is_independent]


def test_the_pipe_may_be_cut_anywhere(tmp_path: Path) -> None:
    source = publishable(tmp_path / "a.flv", seconds=1)
    whole = fragments(source, TRACKS[:1])["video_source"]
    data = b"".join(item.data for item in whole)
    reader = FragmentReader()
    assert [item for at in range(0, len(data), 7) for item in reader.feed(data[at : at + 7])] == whole


def test_bytes_that_are_no_fragments_are_refused() -> None:
    with pytest.raises(Malformed):
        list(FragmentReader().feed(b"\xff\xff\xff\xffmdat" + bytes(16)))
    with pytest.raises(Malformed):
        list(FragmentReader().feed(b"\x00\x00\x00\x08moof\x00\x00\x00\x08mdat" + bytes(16)))


@pytest.mark.parametrize(
    ("gops", "lengths"),
    [
        ([2000] * 4, [2000] * 4),
        ([500] * 8, [2000] * 2),
        ([1000] * 4, [2000] * 2),
        ([1400] * 3, [1400] * 3),
        ([2002, 2002], [2002, 2002]),
        # A scene cut makes a short GOP: two of the usual ones would be too long.
        ([2000, 700, 1300, 2000], [2000, 700, 1300, 2000]),
    ],
)
def test_segments_are_as_many_gops_as_fit_two_seconds(gops: list[int], lengths: list[int]) -> None:
    boundaries = Boundaries(1)
    at = Fraction(10_000)
    found = []
    for gop in [*gops, 0]:
        boundary = boundaries.keyframe(at, at)
        if boundary:
            found.append(boundary.present_ms)
        at += gop
    assert [int(after - before) for before, after in itertools.pairwise(found)] == lengths


def test_hours_of_segments_cost_no_memory() -> None:
    boundaries = Boundaries(1)
    for number in range(5000):
        boundaries.keyframe(Fraction(number * 2000), Fraction(number * 2000))
    assert boundaries.boundary(1) is None
    last = boundaries.boundary(5000)
    assert last is not None
    assert last.present_ms == 4999 * 2000
    assert boundaries.boundary(5001) is None


def test_sound_is_cut_by_itself_while_pictures_stay_away_and_with_them_when_they_are_back() -> None:
    boundaries = Boundaries(7)
    at = Fraction(10_000)
    boundaries.keyframe(at, at)
    for later_ms in (1000, 2000, 2290):
        boundaries.sound(at + later_ms)
        assert boundaries.boundary(8) is None
    boundaries.sound(at + 2300)
    forced = boundaries.boundary(8)
    assert forced is not None
    assert forced.present_ms == 12_000
    # The key frame was only late in the order of arrival: it is the boundary for all.
    assert not boundaries.is_overdue(at + 2033, at + 2000)
    found = boundaries.keyframe(at + 2033, at + 2033)
    assert found is not None
    assert (found.number, boundaries.boundary(8)) == (8, found)
    boundaries.sound(at + 4340)
    boundaries.sound(at + 6700)
    assert boundaries.latest_number(at + 6700) == 10
    # And here it is late by its own time: no segment can last until then.
    assert boundaries.is_overdue(at + 6800, at + 3000)
