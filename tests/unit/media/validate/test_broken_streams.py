"""Whatever is broken in a stream is found, and a good stream has nothing to be found."""

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.media.validate import RULES, Finding, Memory, Severity, validate
from tests.media_fixtures.streams import (
    FRAME_TICKS,
    SAMPLE_RATE_HZ,
    TIMESCALE,
    Files,
    a_film,
    a_live_stream,
    fragment,
    init_segment,
)

FILM, LIVE = a_film(), a_live_stream()
Break = Callable[[Files], None]
HLS, DASH = "main.m3u8", "manifest.mpd"
PICTURE, SOUND = "video_144p", "audio_eng"


def _edit(name: str, old: str, new: str) -> Break:
    """Return a change of a text; it must change something."""

    def edit(files: Files) -> None:
        text = files[name].decode()
        changed = re.sub(old, new, text, count=1, flags=re.MULTILINE | re.DOTALL)
        assert changed != text
        files[name] = changed.encode()

    return edit


def _put(name: str, data: bytes) -> Break:
    return lambda files: files.update({name: data})


def _remove(name: str) -> Break:
    def remove(files: Files) -> None:
        del files[name]

    return remove


def _both(*breaks: Break) -> Break:
    def both(files: Files) -> None:
        for each in breaks:
            each(files)

    return both


def _shift(name: str, ticks: int) -> Break:
    """Return a change of all decode times of a segment."""

    def shift(files: Files) -> None:
        data = bytearray(files[name])
        for match in re.finditer(b"tfdt", files[name]):
            at = match.end() + 4
            data[at : at + 8] = (int.from_bytes(data[at : at + 8]) + ticks).to_bytes(8)
        files[name] = bytes(data)

    return shift


def _as_sequence(name: str, number: int) -> Break:
    def change(files: Files) -> None:
        at = files[name].index(b"mfhd") + 8
        files[name] = files[name][:at] + number.to_bytes(4) + files[name][at + 4 :]

    return change


MEDIA = f"{PICTURE}/media.m3u8"
IFRAMES = f"{PICTURE}/iframes.m3u8"
INIT = f"{PICTURE}/init.mp4"
SEGMENT = f"{PICTURE}/seg_00002.m4s"
WORDS = "captions_en/seg_00001.vtt"
LIVE_MEDIA = "video/media.m3u8"
OTHER_SIZE = init_segment(timescale=30_000, size=(2, 2))

# Each is one fault, and the rule that has to see it.
FILM_FAULTS: list[tuple[str, str, Break]] = [
    ("file-unreadable", HLS, _remove(SEGMENT)),
    ("file-unreadable", HLS, _remove(MEDIA)),
    ("file-unreadable", HLS, _remove(HLS)),
    ("file-unreadable", DASH, _remove("captions_en/captions.vtt")),
    ("file-not-inspected", HLS, _edit(MEDIA, "#EXT-X-MAP", '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP')),
    ("hls-text", HLS, _put(HLS, b"\xff\xfe")),
    ("hls-text", HLS, _put(MEDIA, b"<html>not found</html>")),
    ("hls-text", HLS, _put(HLS, b"\xef\xbb\xbf" + FILM[HLS])),
    ("hls-mixed", HLS, _edit(HLS, "#EXT-X-INDEPENDENT", "#EXT-X-TARGETDURATION:4\n#EXT-X-INDEPENDENT")),
    ("hls-repeated-tag", HLS, _edit(MEDIA, "#EXT-X-VERSION:7", "#EXT-X-VERSION:7\n#EXT-X-VERSION:7")),
    ("hls-syntax", HLS, _edit(MEDIA, "#EXTINF:4", "#EXTINF:four")),
    ("hls-syntax", HLS, _edit(HLS, 'NAME="English"', "NAME=English,NAME=x")),
    ("hls-tag-order", HLS, _edit(MEDIA, "(#EXT-X-MEDIA-SEQUENCE:1\n)(.*)#EXT-X-END", r"\2\1#EXT-X-END")),
    ("hls-version", HLS, _edit(MEDIA, "#EXT-X-VERSION:7", "#EXT-X-VERSION:3")),
    ("hls-version", HLS, _edit(IFRAMES, "#EXT-X-VERSION:7\n", "")),
    ("hls-unknown-tag", HLS, _edit(MEDIA, "#EXT-X-END", "#EXT-X-NEW:1\n#EXT-X-END")),
    ("hls-target-missing", HLS, _edit(MEDIA, "#EXT-X-TARGETDURATION:4\n", "")),
    ("hls-target-exceeded", HLS, _edit(MEDIA, "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:3")),
    ("hls-vod-open", HLS, _edit(MEDIA, "#EXT-X-ENDLIST\n", "")),
    ("hls-empty", HLS, _edit(MEDIA, "#EXTINF.*#EXT-X-END", "#EXT-X-END")),
    ("hls-map-missing", HLS, _edit(MEDIA, "#EXT-X-MAP[^\n]*\n", "")),
    ("hls-duration", HLS, _edit(MEDIA, "#EXTINF:4.0", "#EXTINF:3.8")),
    ("hls-segment-twice", HLS, _edit(MEDIA, "seg_00002", "seg_00001")),
    ("hls-iframe", HLS, _edit(IFRAMES, "#EXT-X-BYTERANGE[^\n]*\n", "")),
    ("hls-iframe", HLS, _edit(IFRAMES, r"#EXT-X-BYTERANGE:\d+@0", "#EXT-X-BYTERANGE:90@0")),
    ("hls-iframe", HLS, _edit(HLS, "144p/iframes", "144p/media")),
    (
        "hls-discontinuity-missing",
        HLS,
        _both(
            _put(f"{PICTURE}/other.mp4", FILM[INIT]),
            _edit(MEDIA, "(seg_00001.m4s\n)", r'\1#EXT-X-MAP:URI="other.mp4"\n'),
        ),
    ),
    ("hls-no-variants", HLS, _edit(HLS, "#EXT-X-STREAM-INF.*(#EXT-X-I-FRAME)", r"\1")),
    ("hls-attribute-missing", HLS, _edit(HLS, "INF:BANDWIDTH=[0-9]*,", "INF:")),
    ("hls-attribute-missing", HLS, _edit(HLS, 'GROUP-ID="audio",', "")),
    ("hls-uri-line", HLS, _edit(HLS, f"\n{PICTURE}/media.m3u8", "")),
    ("hls-uri-line", HLS, _edit(HLS, "#EXT-X-MEDIA", "stray.m3u8\n#EXT-X-MEDIA")),
    ("hls-group", HLS, _edit(HLS, ',AUDIO="audio"', ',AUDIO="other"')),
    ("hls-group-names", HLS, _edit(HLS, 'NAME="German"', 'NAME="English"')),
    ("hls-group-defaults", HLS, _edit(HLS, "DEFAULT=NO", "DEFAULT=YES")),
    ("hls-autoselect", HLS, _edit(HLS, "DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=YES,AUTOSELECT=NO")),
    ("hls-group-languages", HLS, _edit(HLS, 'LANGUAGE="de"', 'LANGUAGE="en"')),
    ("hls-codecs-missing", HLS, _edit(HLS, ',CODECS="[^"]*"', "")),
    ("hls-resolution-missing", HLS, _edit(HLS, r",RESOLUTION=\d+x\d+", "")),
    ("hls-frame-rate-missing", HLS, _edit(HLS, r",FRAME-RATE=[\d.]+", "")),
    ("hls-average-missing", HLS, _edit(HLS, r",AVERAGE-BANDWIDTH=\d+", "")),
    ("hls-iframes-missing", HLS, _edit(HLS, "#EXT-X-I-FRAME.*", "")),
    (
        "hls-independent",
        HLS,
        _both(_edit(HLS, "#EXT-X-INDEPENDENT-SEGMENTS\n", ""), _edit(MEDIA, "#EXT-X-INDEPENDENT-SEGMENTS\n", "")),
    ),
    ("hls-bandwidth-exceeded", HLS, _edit(HLS, r"INF:BANDWIDTH=\d+", "INF:BANDWIDTH=9000")),
    ("hls-bandwidth-loose", HLS, _edit(HLS, r"INF:BANDWIDTH=\d+", "INF:BANDWIDTH=900000")),
    ("hls-average-differs", HLS, _edit(HLS, r"AVERAGE-BANDWIDTH=\d+", "AVERAGE-BANDWIDTH=9000")),
    ("hls-codecs-differ", HLS, _edit(HLS, "avc1.64001f", "avc1.640028")),
    ("hls-resolution-differs", HLS, _edit(HLS, r"RESOLUTION=\d+x", "RESOLUTION=1x")),
    ("hls-frame-rate-differs", HLS, _edit(HLS, "FRAME-RATE=30", "FRAME-RATE=25")),
    ("hls-targets-differ", HLS, _edit(MEDIA, "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:5")),
    ("hls-types-differ", HLS, _edit(MEDIA, "#EXT-X-ENDLIST", "")),
    ("hls-discontinuities-differ", HLS, _edit(MEDIA, "seg_00001.m4s\n", "seg_00001.m4s\n#EXT-X-DISCONTINUITY\n")),
    ("cmaf-init", HLS, _put(INIT, FILM[INIT][:40])),
    ("cmaf-init", DASH, _put(INIT, FILM[INIT] + FILM[SEGMENT])),
    ("cmaf-tracks", HLS, _put(INIT, init_segment(timescale=30_000, size=(256, 144), tracks=2))),
    ("cmaf-brand", HLS, _put(INIT, init_segment(timescale=30_000, size=(256, 144), brand=b"mp41"))),
    ("cmaf-edit-list", HLS, _put(INIT, init_segment(timescale=30_000, size=(256, 144), edits=[(0, 1024)]))),
    ("cmaf-segment", HLS, _put(SEGMENT, FILM[SEGMENT][:-1])),
    ("cmaf-segment", DASH, _put(SEGMENT, b"<html>")),
    ("cmaf-hole", HLS, _shift(SEGMENT, 1000)),
    (
        "cmaf-key-frame",
        HLS,
        _put(SEGMENT, fragment(1, 120_000, 1000, [9] * 120, is_video=True, begins_with_key_frame=False)),
    ),
    ("cmaf-aligned", HLS, _shift(SEGMENT, 1000)),
    ("cmaf-aligned", DASH, _edit(DASH, '<S t="0" d="120000" r="2" />', '<S t="0" d="90000" r="3" />')),
    ("cmaf-start", HLS, _both(*(_shift(f"{SOUND}/seg_{number:05d}.m4s", SAMPLE_RATE_HZ) for number in range(1, 5)))),
    ("cmaf-sequence", HLS, _as_sequence(SEGMENT, 1)),
    ("vtt-signature", HLS, _edit(WORDS, "WEBVTT", "WEBVT")),
    ("vtt-times", HLS, _edit(WORDS, "00:00:01.000", "00:00:01,000")),
    ("vtt-timestamp-map", HLS, _edit(WORDS, "X-TIMESTAMP-MAP[^\n]*\n", "")),
    ("dash-xml", DASH, _edit(DASH, "</MPD>", "")),
    ("dash-xml", DASH, _edit(DASH, "<MPD ", '<!DOCTYPE x [<!ENTITY a "b">]>\n<MPD ')),
    ("dash-xml", DASH, _put(DASH, b"<html/>")),
    ("dash-attribute-missing", DASH, _edit(DASH, ' minBufferTime="[^"]*"', "")),
    ("dash-attribute-missing", DASH, _edit(DASH, ' bandwidth="[0-9]*"', "")),
    ("dash-value", DASH, _edit(DASH, 'minBufferTime="[^"]*"', 'minBufferTime="4 s"')),
    ("dash-value", DASH, _edit(DASH, ' r="2"', ' r="-1"')),
    ("dash-empty", DASH, _edit(DASH, "<Period.*</Period>", "")),
    ("dash-empty", DASH, _edit(DASH, "<Representation.*?</Representation>.*?<Representation.*?</Representation>", "")),
    ("dash-id-twice", DASH, _edit(DASH, 'AdaptationSet id="1"', 'AdaptationSet id="0"')),
    ("dash-addressing", DASH, _edit(DASH, "<SegmentTimeline>.*?</SegmentTimeline>", "")),
    ("dash-addressing", DASH, _edit(DASH, ' initialization="[^"]*"', "")),
    ("dash-addressing", DASH, _edit(DASH, "<BaseURL>.*?</BaseURL>", "")),
    (
        "dash-timeline",
        DASH,
        _edit(DASH, '<S t="0" d="120000" r="2" />', '<S t="0" d="120000" /><S t="120001" d="120000" r="1" />'),
    ),
    ("dash-time-differs", DASH, _shift(SEGMENT, 1000)),
    ("dash-duration", DASH, _edit(DASH, 'PresentationDuration="[^"]*"', 'PresentationDuration="PT1M"')),
    ("dash-codecs-differ", DASH, _edit(DASH, "avc1.64001f", "avc1.640028")),
    ("dash-size-differs", DASH, _edit(DASH, ' width="[0-9]*"', ' width="2"')),
    ("dash-bandwidth", DASH, _edit(DASH, 'bandwidth="[0-9]*"', 'bandwidth="900"')),
    (
        "dash-clock",
        DASH,
        _both(
            _edit(
                DASH,
                'type="static"',
                'type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z" publishTime="2026-01-01T00:00:00Z"',
            ),
            lambda files: files.update(
                {
                    DASH: re.sub(
                        rb"<SegmentTimeline>.*?</SegmentTimeline>",
                        b"",
                        files[DASH].replace(b"startNumber", b'duration="4" startNumber'),
                        flags=re.DOTALL,
                    )
                }
            ),
        ),
    ),
    ("dash-language", DASH, _edit(DASH, ' lang="de"', "")),
    ("dash-channels", DASH, _edit(DASH, "<AudioChannelConfiguration[^>]*>", "")),
    ("dash-role", DASH, _edit(DASH, 'value="main"', 'value="alternate"')),
]
LIVE_FAULTS: list[tuple[str, str, Break]] = [
    ("hls-dates", HLS, _edit(LIVE_MEDIA, "2026-01-01T00:00:06", "2026-01-01T00:00:07")),
    ("ll-server-control", HLS, _edit(LIVE_MEDIA, ",PART-HOLD-BACK=1.5", "")),
    ("ll-part-hold-back", HLS, _edit(LIVE_MEDIA, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9")),
    ("ll-part-hold-back-short", HLS, _edit(LIVE_MEDIA, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.2")),
    ("ll-hold-back", HLS, _edit(LIVE_MEDIA, ",HOLD-BACK=6", ",HOLD-BACK=5")),
    ("ll-skip-until", HLS, _edit(LIVE_MEDIA, "CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=11")),
    ("ll-no-blocking", HLS, _edit(LIVE_MEDIA, "CAN-BLOCK-RELOAD=YES,", "")),
    ("ll-part-target", HLS, _edit(LIVE_MEDIA, "PART-TARGET=0.5", "PART-TARGET=0.4")),
    ("ll-part-target", HLS, _edit(LIVE_MEDIA, "#EXT-X-PART-INF[^\n]*\n", "")),
    ("ll-part-short", HLS, _edit(LIVE_MEDIA, 'DURATION=0.5,URI="part_00033', 'DURATION=0.3,URI="part_00033')),
    ("ll-part-sum", HLS, _edit(LIVE_MEDIA, '#EXT-X-PART:DURATION=0.5,URI="part_00032.m4s"\n', "")),
    ("ll-part-independent", HLS, _edit(LIVE_MEDIA, ",INDEPENDENT=YES", "")),
    (
        "ll-parts-old",
        HLS,
        _edit(LIVE_MEDIA, "(#EXTINF:2.000000,\nseg_00003)", r'#EXT-X-PART:DURATION=2,URI="p",INDEPENDENT=YES\n\1'),
    ),
    ("ll-hint-missing", HLS, _edit(LIVE_MEDIA, "#EXT-X-PRELOAD[^\n]*\n", "")),
    ("ll-hint-listed", HLS, _edit(LIVE_MEDIA, 'TYPE=PART,URI="part_00035', 'TYPE=PART,URI="part_00034')),
    ("ll-report-missing", HLS, _edit(LIVE_MEDIA, "#EXT-X-RENDITION[^\n]*\n", "")),
    (
        "ll-date-missing",
        HLS,
        lambda files: files.update({LIVE_MEDIA: re.sub(rb"#EXT-X-PROGRAM[^\n]*\n", b"", files[LIVE_MEDIA])}),
    ),
]
# Rules that speak of reloads; `test_reloads.py` breaks them.
OF_RELOADS = {code for code in RULES if code.startswith("live-")}


def _codes(files: Files, location: str) -> set[str]:
    return {finding.code for finding in validate(location, Memory(files))}


@pytest.mark.parametrize(("files", "location"), [(FILM, HLS), (FILM, DASH), (LIVE, HLS)])
def test_a_good_stream_has_nothing_to_be_found(files: Files, location: str) -> None:
    assert list(validate(location, Memory(files))) == []


@pytest.mark.parametrize(
    ("good", "code", "location", "damage"),
    [(FILM, *fault) for fault in FILM_FAULTS] + [(LIVE, *fault) for fault in LIVE_FAULTS],
    ids=[f"{number}-{fault[0]}" for number, fault in enumerate([*FILM_FAULTS, *LIVE_FAULTS])],
)
def test_a_fault_is_found(good: Files, code: str, location: str, damage: Break) -> None:
    files = dict(good)
    damage(files)
    assert code in _codes(files, location)


def test_every_rule_is_broken_by_some_test() -> None:
    broken = {code for code, _, _ in [*FILM_FAULTS, *LIVE_FAULTS]}
    assert broken | OF_RELOADS == set(RULES)


def test_a_finding_says_where_and_who_demands_it() -> None:
    files = dict(FILM)
    _edit(MEDIA, "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:3")(files)
    found = [each for each in validate(HLS, Memory(files)) if each.code == "hls-target-exceeded"]
    assert found[0] == Finding(
        "hls-target-exceeded",
        Severity.ERROR,
        MEDIA,
        "RFC 8216bis 4.4.3.1",
        "seg_00001.m4s lasts 4.000000 s, the target is 3 s.",
    )


def test_a_fault_that_repeats_itself_is_written_a_few_times_and_counted() -> None:
    film = a_film(seconds=61)
    for name in [name for name in film if name.startswith(f"{PICTURE}/seg_")]:
        del film[name]
    found = validate(HLS, Memory(film))
    assert sum(each.code == "file-unreadable" and each.place == MEDIA for each in found) == 3
    assert found.left_out()["file-unreadable", MEDIA] == 16 - 3


def test_only_as_many_segments_are_read_as_wanted() -> None:
    files = {name: data for name, data in FILM.items() if "seg_00004" not in name and "seg_00003" not in name}
    assert "file-unreadable" not in {each.code for each in validate(HLS, Memory(files), segments_max=2)}
    assert "file-unreadable" in _codes(files, HLS)


def test_times_that_an_edit_list_moves_are_those_of_the_manifest() -> None:
    """As ffmpeg writes sound: the first frame lies before the beginning, and an edit list hides it."""
    files = dict(FILM)
    files[f"{SOUND}/init.mp4"] = init_segment(timescale=SAMPLE_RATE_HZ, edits=[(0, 1024)])
    for number in range(2, 5):
        _shift(f"{SOUND}/seg_{number:05d}.m4s", 1024)(files)
    assert "dash-time-differs" not in _codes(files, DASH)


@settings(max_examples=30)
@given(st.sampled_from(sorted(FILM)), st.integers(0), st.binary(max_size=6))
def test_no_damage_makes_the_checker_stumble(name: str, at: int, data: bytes) -> None:
    files = dict(FILM)
    at %= len(files[name])
    files[name] = files[name][:at] + data + files[name][at + len(data) + 1 :]
    for location in (HLS, DASH):
        list(validate(location, Memory(files)))


def test_the_live_stream_of_these_tests_is_what_it_says() -> None:
    assert Fraction(60 * FRAME_TICKS, TIMESCALE) == 2
