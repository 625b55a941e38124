"""Playlists survive writing and reading, and wrong ones are refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media import hls

URIS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)
QUOTABLE = st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters='"'), min_size=1, max_size=20)
WORDS = st.lists(st.text("abc.-019", min_size=1), min_size=1, max_size=2).map(tuple)
SECONDS = st.integers(1, 6_000_000).map(lambda microseconds: Decimal(microseconds).scaleb(-6))
PART_SECONDS = st.integers(1, 1_000_000).map(lambda microseconds: Decimal(microseconds).scaleb(-6))
NUMBERS = st.integers(0, 10**9)
OFFSETS_S = st.integers(-(10**9), 10**9).map(lambda microseconds: Decimal(microseconds).scaleb(-6))
STARTS = st.none() | st.builds(hls.Start, OFFSETS_S, st.booleans())
RANGES = st.none() | st.builds(hls.ByteRange, st.integers(1, 10**9), NUMBERS)
DATES = st.none() | st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
INITS = st.builds(hls.InitSegment, QUOTABLE, RANGES)
PARTS = st.lists(st.builds(hls.Part, QUOTABLE, PART_SECONDS, st.booleans(), RANGES, st.booleans()), max_size=3)
SEGMENTS = st.builds(
    hls.MediaSegment,
    uri=URIS,
    duration_s=SECONDS,
    init=INITS,
    byte_range=RANGES,
    is_discontinuity=st.booleans(),
    program_date_time=DATES,
    is_gap=st.booleans(),
    parts=PARTS.map(tuple),
)
MEDIA = st.builds(
    hls.MediaPlaylist,
    target_duration_s=st.just(6),
    segments=st.lists(SEGMENTS, max_size=4).map(tuple),
    media_sequence=NUMBERS,
    discontinuity_sequence=NUMBERS,
    playlist_type=st.none() | st.sampled_from(hls.PlaylistType),
    has_ended=st.booleans(),
    has_independent_segments=st.booleans(),
    start=STARTS,
    part_target_s=st.just(Decimal(1)),
    server_control=st.builds(
        hls.ServerControl,
        can_block_reload=st.booleans(),
        part_hold_back_s=st.integers(2, 9).map(Decimal),
        hold_back_s=st.none() | st.integers(18, 60).map(Decimal),
        can_skip_until_s=st.none() | st.integers(36, 60).map(Decimal),
    ),
    skipped_segments=st.integers(0, 10),
    open_segment=st.none() | st.builds(hls.OpenSegment, PARTS.filter(bool).map(tuple), INITS, st.booleans(), DATES),
    preload_hints=st.lists(
        st.builds(hls.PreloadHint, QUOTABLE, st.sampled_from(hls.HintType), NUMBERS, st.none() | NUMBERS), max_size=2
    ).map(tuple),
    rendition_reports=st.lists(st.builds(hls.RenditionReport, QUOTABLE, NUMBERS, st.none() | NUMBERS), max_size=2).map(
        tuple
    ),
    version=st.just(hls.LOW_LATENCY_VERSION),
)
PLAIN = st.builds(
    hls.MediaPlaylist,
    target_duration_s=st.just(6),
    segments=st.lists(st.builds(hls.MediaSegment, URIS, SECONDS), max_size=4).map(tuple),
    playlist_type=st.none() | st.sampled_from(hls.PlaylistType),
    has_ended=st.booleans(),
    start=STARTS,
)
RATES = st.integers(1, 10**9)
SIZES = st.integers(1, 8192)
VARIANTS = st.builds(
    hls.Variant,
    uri=URIS,
    bandwidth_bps=RATES,
    average_bandwidth_bps=RATES,
    codecs=WORDS,
    width=SIZES,
    height=SIZES,
    frame_rate=st.none() | st.integers(1, 60_000).map(lambda thousandths: Decimal(thousandths).scaleb(-3)),
    has_no_closed_captions=st.booleans(),
)
SOUND_ONLY = st.builds(hls.Variant, URIS, RATES, RATES, WORDS)
IFRAMES = st.builds(hls.IFrameVariant, URIS, RATES, RATES, WORDS, SIZES, SIZES)
AUDIO = st.builds(
    hls.AudioRendition,
    group_id=QUOTABLE,
    name=QUOTABLE,
    uri=QUOTABLE,
    language=st.none() | QUOTABLE,
    channels=st.none() | st.integers(1, 8),
    is_default=st.booleans(),
    is_autoselect=st.booleans(),
    characteristics=st.just(()) | WORDS,
)
SUBTITLES = st.builds(
    hls.SubtitleRendition,
    group_id=QUOTABLE,
    name=QUOTABLE,
    uri=QUOTABLE,
    language=st.none() | QUOTABLE,
    is_default=st.booleans(),
    is_autoselect=st.booleans(),
    is_forced=st.booleans(),
    characteristics=st.just(()) | WORDS,
)


@st.composite
def _multivariant(draw: st.DrawFn) -> hls.MultivariantPlaylist:
    audio = draw(st.lists(AUDIO, max_size=2).map(tuple))
    subtitles = draw(st.lists(SUBTITLES, max_size=2).map(tuple))
    variants = draw(st.lists(VARIANTS | SOUND_ONLY, max_size=4))
    sound = st.sampled_from([None, *(each.group_id for each in audio)])
    words = st.sampled_from([None, *(each.group_id for each in subtitles)])
    return hls.MultivariantPlaylist(
        tuple(replace(each, audio_group_id=draw(sound), subtitles_group_id=draw(words)) for each in variants),
        audio,
        draw(STARTS),
        subtitles=subtitles,
        iframe_variants=draw(st.lists(IFRAMES, max_size=2).map(tuple)),
        has_independent_segments=draw(st.booleans()),
    )


@given(MEDIA | PLAIN)
def test_a_media_playlist_is_read_as_it_was_written(playlist: hls.MediaPlaylist) -> None:
    assert hls.parse_media(hls.write_media(playlist)) == playlist


@given(_multivariant())
def test_a_multivariant_playlist_is_read_as_it_was_written(playlist: hls.MultivariantPlaylist) -> None:
    assert hls.parse_multivariant(hls.write_multivariant(playlist)) == playlist


@given(
    st.text()
    | st.text('#EXT-XINFMAP:URITARGET="=,0123456789.\n').map(lambda text: "#EXTM3U\n" + text)
    | st.lists(
        st.sampled_from(
            [
                "#EXT-X-TARGETDURATION:4",
                "#EXTINF:4,",
                "seg",
                "#EXT-X-BYTERANGE:5",
                "#EXT-X-BYTERANGE:5@1",
                '#EXT-X-PART:URI="p",DURATION=1',
                '#EXT-X-PART:URI="p",DURATION=1,BYTERANGE="5"',
                "#EXT-X-PRELOAD-HINT:TYPE=PART",
                "#EXT-X-PROGRAM-DATE-TIME:0001-01-01T00:00:00+14:00",
                "#EXT-X-SKIP:SKIPPED-SEGMENTS=x",
                "#EXT-X-STREAM-INF:BANDWIDTH=1",
            ]
        )
    ).map(lambda rows: "\n".join(["#EXTM3U", *rows]))
)
def test_reading_raises_nothing_but_its_own_error(text: str) -> None:
    for parse in (hls.parse_media, hls.parse_multivariant):
        try:
            parse(text)
        except hls.PlaylistError:
            continue


def _live(count: int, part_target_s: str = "0.5") -> hls.MediaPlaylist:
    """Return a low-latency playlist of `count` segments of two seconds and an open one, the init new at every tenth."""
    segments = tuple(
        hls.MediaSegment(
            f"seg_{number}.m4s",
            Decimal(2),
            hls.InitSegment(f"init_{number // 10}.mp4"),
            is_discontinuity=number % 10 == 0,
            program_date_time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=2 * number),
        )
        for number in range(1, count + 1)
    )
    target_s = Decimal(part_target_s)
    return hls.MediaPlaylist(
        target_duration_s=2,
        segments=segments,
        part_target_s=target_s,
        server_control=hls.ServerControl(
            can_block_reload=True, part_hold_back_s=target_s * 3, can_skip_until_s=Decimal(12)
        ),
        open_segment=hls.OpenSegment(
            (hls.Part("part_1.m4s", target_s, is_independent=True),), hls.InitSegment(f"init_{count // 10}.mp4")
        ),
        preload_hints=(hls.PreloadHint("part_2.m4s"),),
        rendition_reports=(hls.RenditionReport("../audio/media.m3u8", count + 1, 0),),
        version=hls.LOW_LATENCY_VERSION,
    )


def test_a_low_latency_playlist_reads_as_the_draft_shows_it() -> None:
    text = hls.write_media(_live(1))
    assert text.splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12,PART-HOLD-BACK=1.5",
        "#EXT-X-PART-INF:PART-TARGET=0.5",
        "#EXT-X-MEDIA-SEQUENCE:1",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="init_0.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z",
        "#EXTINF:2.000000,",
        "seg_1.m4s",
        '#EXT-X-PART:DURATION=0.5,URI="part_1.m4s",INDEPENDENT=YES',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part_2.m4s"',
        '#EXT-X-RENDITION-REPORT:URI="../audio/media.m3u8",LAST-MSN=2,LAST-PART=0',
    ]


@given(st.integers(0, 40), st.integers(0, 3))
def test_a_delta_update_with_what_was_known_is_the_whole_playlist(known: int, later: int) -> None:
    before, now = _live(known), _live(known + later)
    delta = hls.parse_media(hls.write_media(hls.make_delta(now)))
    if delta.skipped_segments > known:
        with pytest.raises(hls.PlaylistError):
            hls.apply_delta(before, delta)
    else:
        assert replace(hls.apply_delta(before, delta), version=now.version) == now


def test_a_delta_update_skips_only_what_lies_before_the_skip_boundary() -> None:
    delta = hls.make_delta(_live(20))
    # Six segments of two seconds and half a second of the open one: the last seven segments are listed.
    assert (delta.skipped_segments, len(delta.segments)) == (14, 6)
    assert delta.open_msn == 21
    assert hls.make_delta(_live(5)).skipped_segments == 0


def test_a_delta_update_for_a_player_that_missed_segments_is_refused() -> None:
    delta = hls.make_delta(_live(30))
    with pytest.raises(hls.PlaylistError, match="not known"):
        hls.apply_delta(replace(_live(30), media_sequence=9), delta)


def test_a_byte_range_without_an_offset_goes_on_where_the_last_one_ended() -> None:
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:10@5\na\n#EXTINF:4,\n#EXT-X-BYTERANGE:7\na\n"
    assert hls.parse_media(text).segments[1].byte_range == hls.ByteRange(7, 15)
    with pytest.raises(hls.PlaylistError, match="follows nothing"):
        hls.parse_media(text.replace("\na\n#EXTINF", "\nb\n#EXTINF"))


def test_what_players_could_not_trust_is_not_written() -> None:
    live = _live(3)
    control = hls.ServerControl(part_hold_back_s=Decimal("0.9"))
    broken = [
        replace(live, part_target_s=Decimal("0.4")),
        replace(live, part_target_s=None),
        replace(live, server_control=None),
        replace(live, server_control=control),
        replace(live, server_control=replace(control, part_hold_back_s=Decimal(2), hold_back_s=Decimal(5))),
        replace(live, server_control=replace(control, part_hold_back_s=Decimal(2), can_skip_until_s=Decimal(11))),
        replace(live, skipped_segments=2, version=7),
        replace(live, open_segment=hls.OpenSegment(())),
        replace(live, is_iframes_only=True),
        replace(live, segments=(live.segments[0], replace(live.segments[1], init=None))),
        replace(live, segments=(replace(live.segments[0], program_date_time=datetime(2026, 1, 1)),)),  # noqa: DTZ001
    ]
    for playlist in broken:
        with pytest.raises(hls.PlaylistError):
            hls.write_media(playlist)


def test_a_variant_that_names_a_missing_group_is_not_written() -> None:
    variant = hls.Variant("v", 1, 1, ("avc1",), audio_group_id="sound")
    with pytest.raises(hls.PlaylistError, match="sound"):
        hls.write_multivariant(hls.MultivariantPlaylist((variant,)))


def test_a_segment_longer_than_the_target_is_refused() -> None:
    playlist = hls.MediaPlaylist(4, (hls.MediaSegment("seg.m4s", Decimal("4.6")),))
    with pytest.raises(hls.PlaylistError):
        hls.write_media(playlist)


def test_a_comma_inside_quotes_does_not_split_an_attribute() -> None:
    text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=2x2,FRAME-RATE=30\nv\n'
    assert hls.parse_multivariant(text).variants[0].codecs == ("avc1.640028", "mp4a.40.2")


def test_unknown_tags_are_skipped() -> None:
    text = '#EXTM3U\n#EXT-X-FUTURE:1\n#EXT-X-TARGETDURATION:4\n# note\n#EXT-X-MAP:URI="i"\n#EXTINF:4,\ns\n'
    assert hls.parse_media(text).segments == (hls.MediaSegment("s", Decimal(4), hls.InitSegment("i")),)


@pytest.mark.parametrize("uri", ["", "#seg", "a b", "a\nb"])
def test_an_address_that_would_break_the_line_is_refused(uri: str) -> None:
    with pytest.raises(hls.PlaylistError):
        hls.write_media(hls.MediaPlaylist(4, (hls.MediaSegment(uri, Decimal(4)),)))
