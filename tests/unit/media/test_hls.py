"""Playlists survive writing and reading, and wrong ones are refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media import hls

URIS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=20)
QUOTABLE = st.text(st.characters(codec="ascii", min_codepoint=32, exclude_characters='"'), min_size=1, max_size=20)
SECONDS = st.integers(1, 6_000_000).map(lambda microseconds: Decimal(microseconds).scaleb(-6))
STARTS = st.none() | st.builds(hls.Start, SECONDS, st.booleans())
MEDIA = st.builds(
    hls.MediaPlaylist,
    target_duration_s=st.just(6),
    map_uri=QUOTABLE,
    segments=st.lists(st.builds(hls.MediaSegment, URIS, SECONDS), max_size=5).map(tuple),
    media_sequence=st.integers(0, 10**9),
    playlist_type=st.none() | st.sampled_from(hls.PlaylistType),
    has_ended=st.booleans(),
    start=STARTS,
)
VARIANTS = st.builds(
    hls.Variant,
    uri=URIS,
    bandwidth_bps=st.integers(1, 10**9),
    average_bandwidth_bps=st.integers(1, 10**9),
    codecs=st.lists(st.text("abc.019", min_size=1), min_size=1, max_size=2).map(tuple),
    width=st.integers(1, 8192),
    height=st.integers(1, 8192),
    frame_rate=st.integers(1, 60_000).map(lambda thousandths: Decimal(thousandths).scaleb(-3)),
    audio_group_id=st.none() | QUOTABLE,
)
AUDIO = st.builds(
    hls.AudioRendition,
    group_id=QUOTABLE,
    name=QUOTABLE,
    uri=QUOTABLE,
    language=st.none() | QUOTABLE,
    channels=st.none() | st.integers(1, 8),
    is_default=st.booleans(),
)


@given(MEDIA)
def test_a_media_playlist_is_read_as_it_was_written(playlist: hls.MediaPlaylist) -> None:
    assert hls.parse_media(hls.write_media(playlist)) == playlist


@given(
    st.builds(
        hls.MultivariantPlaylist,
        st.lists(VARIANTS, max_size=4).map(tuple),
        st.lists(AUDIO, max_size=2).map(tuple),
        STARTS,
    )
)
def test_a_multivariant_playlist_is_read_as_it_was_written(playlist: hls.MultivariantPlaylist) -> None:
    assert hls.parse_multivariant(hls.write_multivariant(playlist)) == playlist


@given(st.text() | st.text('#EXT-XINFMAP:URITARGET="=,0123456789.\n').map(lambda text: "#EXTM3U\n" + text))
def test_reading_raises_nothing_but_its_own_error(text: str) -> None:
    for parse in (hls.parse_media, hls.parse_multivariant):
        try:
            parse(text)
        except hls.PlaylistError:
            continue


def test_a_segment_longer_than_the_target_is_refused() -> None:
    playlist = hls.MediaPlaylist(4, "init.mp4", (hls.MediaSegment("seg.m4s", Decimal("4.6")),))
    with pytest.raises(hls.PlaylistError):
        hls.write_media(playlist)


def test_a_comma_inside_quotes_does_not_split_an_attribute() -> None:
    text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=2x2,FRAME-RATE=30\nv\n'
    assert hls.parse_multivariant(text).variants[0].codecs == ("avc1.640028", "mp4a.40.2")


def test_unknown_tags_are_skipped() -> None:
    text = '#EXTM3U\n#EXT-X-FUTURE:1\n#EXT-X-TARGETDURATION:4\n# note\n#EXT-X-MAP:URI="i"\n#EXTINF:4,\ns\n'
    assert hls.parse_media(text).segments == (hls.MediaSegment("s", Decimal(4)),)


@pytest.mark.parametrize("uri", ["", "#seg", "a b", "a\nb"])
def test_an_address_that_would_break_the_line_is_refused(uri: str) -> None:
    with pytest.raises(hls.PlaylistError):
        hls.write_media(hls.MediaPlaylist(4, "init.mp4", (hls.MediaSegment(uri, Decimal(4)),)))
