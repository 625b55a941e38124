"""Captions are read strictly, say what is wrong and where, and lose no word on the way to the player."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.media import webvtt
from millrace.media.webvtt import CaptionError, Cue

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Hello</i> & welcome

2
00:01:59,900 --> 00:02:00,100
{\\an8}<font color="red">Up</font> there
second line
"""
VTT = """WEBVTT - a title

STYLE
::cue { color: red }

NOTE not
shown

intro
00:01.000 --> 00:02.500 align:start position:10% evil:1
<v Ann>Hello &amp; <b>welcome</b>
"""
MILLISECONDS = st.integers(0, 3_599_999)
# Words as they stand in a file: what is escaped stays escaped.
WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters="&<>-"), min_size=1)
CUES = st.builds(
    lambda start, length, text, settings: Cue(start, start + length, text, settings),
    MILLISECONDS,
    st.integers(1, 9_999),
    WORDS.map(str.strip).filter(bool),
    st.sampled_from(["", "align:start", "line:10% position:5%"]),
)


def test_subrip_becomes_webvtt() -> None:
    first, second = webvtt.parse(SRT)
    assert first == Cue(1000, 2500, "<i>Hello</i> &amp; welcome")
    assert second == Cue(119_900, 120_100, "Up there\nsecond line")


def test_notes_styles_names_and_unknown_settings_are_left_out() -> None:
    assert webvtt.parse(VTT) == (Cue(1000, 2500, "<v Ann>Hello &amp; <b>welcome</b>", "align:start position:10%"),)


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_line_endings_and_a_byte_order_mark_do_not_matter(ending: str) -> None:
    assert webvtt.parse("\ufeff" + SRT.replace("\n", ending)) == webvtt.parse(SRT)


@given(st.lists(CUES, min_size=1, max_size=5))
def test_what_was_written_is_read_again(cues: list[Cue]) -> None:
    ordered = tuple(sorted(cues, key=lambda cue: (cue.start_ms, cue.end_ms)))
    assert webvtt.parse(webvtt.write(ordered)) == ordered


@given(st.text() | st.lists(st.sampled_from([*SRT.split("\n"), *VTT.split("\n"), "-->", "<b"])).map("\n".join))
def test_reading_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        cues = webvtt.parse(text)
    except CaptionError:
        return
    # Whatever it was, players and this reader understand the outcome.
    assert webvtt.parse(webvtt.write(cues)) == cues


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no captions"),
        ("WEBVTTX\n", 1, "after WEBVTT"),
        ("WEBVTT\n00:01.000 --> 00:02.000\nhello\n", 2, "blank line"),
        ("1\nhello\n", 1, "times are wanted"),
        ("1\n00:00:01,000 -> 00:00:02,000\nhello\n", 1, "times are wanted"),
        ("WEBVTT\n\n00:01.000 --> 00:xx.000\nhello\n", 3, "no pair of times"),
        ("1\n00:00:03,000 --> 00:00:02,000\nhello\n", 2, "ends before"),
        ("1\n00:61:03,000 --> 00:61:04,000\nhello\n", 2, "up to 59"),
        ("1\n99:00:03,000 --> 99:00:04,000\nhello\n", 2, "24 hours"),
        ("1\n00:00:01,000 --> 00:00:02,000\na\n00:00:03,000 --> 00:00:04,000\nb\n", 3, "blank line"),
        ("1\n00:00:01,000 --> 00:00:02,000\n" + "a" * 2001, 2, "2000 characters"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(CaptionError, match=words) as caught:
        webvtt.parse(text)
    assert caught.value.line == line


def test_what_is_no_known_tag_is_text() -> None:
    (cue,) = webvtt.parse("WEBVTT\n\n00:01.000 --> 00:02.000\n<script>1 < 2</script> <c.red>&lt;ok&gt;</c>\u202e\n")
    assert cue.text == "&lt;script&gt;1 &lt; 2&lt;/script&gt; <c.red>&lt;ok&gt;</c>"


def test_a_header_below_the_signature_is_no_caption() -> None:
    text = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n00:01.000 --> 00:02.000\nhello\n"
    assert webvtt.parse(text) == (Cue(1000, 2000, "hello"),)


@given(st.lists(CUES, max_size=8), st.integers(1, 4_000))
def test_each_caption_stands_in_every_segment_in_which_it_is_seen(cues: list[Cue], duration_s: int) -> None:
    segments = webvtt.write_segments(cues, Fraction(duration_s))
    assert len(segments) == webvtt.segment_count(Fraction(duration_s))
    for number, text in enumerate(segments):
        start_ms, end_ms = number * 60_000, (number + 1) * 60_000
        seen = [cue for cue in cues if cue.start_ms < end_ms and cue.end_ms > start_ms]
        assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n")
        written = webvtt.parse(text) if seen else ()
        assert sorted(written, key=repr) == sorted(seen, key=repr)
