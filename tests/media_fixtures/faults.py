"""Faults of streams, each with the rule that has to see it: a corpus for our checker and for others."""

import re
from collections.abc import Callable

from tests.media_fixtures.streams import SAMPLE_RATE_HZ, Files, a_film, a_live_stream, fragment, init_segment

FILM, LIVE = a_film(), a_live_stream()
Break = Callable[[Files], None]
HLS, DASH = "main.m3u8", "manifest.mpd"
PICTURE, SOUND = "video_144p", "audio_eng"


def edit(name: str, old: str, new: str) -> Break:
    """Return a change of a text; it must change something."""

    def change(files: Files) -> None:
        text = files[name].decode()
        changed = re.sub(old, new, text, count=1, flags=re.MULTILINE | re.DOTALL)
        assert changed != text
        files[name] = changed.encode()

    return change


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


def shift(name: str, ticks: int) -> Break:
    """Return a change of all decode times of a segment."""

    def change(files: Files) -> None:
        data = bytearray(files[name])
        for match in re.finditer(b"tfdt", files[name]):
            at = match.end() + 4
            data[at : at + 8] = (int.from_bytes(data[at : at + 8]) + ticks).to_bytes(8)
        files[name] = bytes(data)

    return change


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
    ("file-not-inspected", HLS, edit(MEDIA, "#EXT-X-MAP", '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP')),
    ("hls-text", HLS, _put(HLS, b"\xff\xfe")),
    ("hls-text", HLS, _put(MEDIA, b"<html>not found</html>")),
    ("hls-text", HLS, _put(HLS, b"\xef\xbb\xbf" + FILM[HLS])),
    ("hls-mixed", HLS, edit(HLS, "#EXT-X-INDEPENDENT", "#EXT-X-TARGETDURATION:4\n#EXT-X-INDEPENDENT")),
    ("hls-repeated-tag", HLS, edit(MEDIA, "#EXT-X-VERSION:7", "#EXT-X-VERSION:7\n#EXT-X-VERSION:7")),
    ("hls-syntax", HLS, edit(MEDIA, "#EXTINF:4", "#EXTINF:four")),
    ("hls-syntax", HLS, edit(HLS, 'NAME="English"', "NAME=English,NAME=x")),
    ("hls-tag-order", HLS, edit(MEDIA, "(#EXT-X-MEDIA-SEQUENCE:1\n)(.*)#EXT-X-END", r"\2\1#EXT-X-END")),
    ("hls-version", HLS, edit(MEDIA, "#EXT-X-VERSION:7", "#EXT-X-VERSION:3")),
    ("hls-version", HLS, edit(IFRAMES, "#EXT-X-VERSION:7\n", "")),
    ("hls-unknown-tag", HLS, edit(MEDIA, "#EXT-X-END", "#EXT-X-NEW:1\n#EXT-X-END")),
    ("hls-target-missing", HLS, edit(MEDIA, "#EXT-X-TARGETDURATION:4\n", "")),
    ("hls-target-exceeded", HLS, edit(MEDIA, "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:3")),
    ("hls-vod-open", HLS, edit(MEDIA, "#EXT-X-ENDLIST\n", "")),
    ("hls-empty", HLS, edit(MEDIA, "#EXTINF.*#EXT-X-END", "#EXT-X-END")),
    ("hls-map-missing", HLS, edit(MEDIA, "#EXT-X-MAP[^\n]*\n", "")),
    ("hls-duration", HLS, edit(MEDIA, "#EXTINF:4.0", "#EXTINF:3.8")),
    ("hls-segment-twice", HLS, edit(MEDIA, "seg_00002", "seg_00001")),
    ("hls-iframe", HLS, edit(IFRAMES, "#EXT-X-BYTERANGE[^\n]*\n", "")),
    ("hls-iframe", HLS, edit(IFRAMES, r"#EXT-X-BYTERANGE:\d+@0", "#EXT-X-BYTERANGE:90@0")),
    ("hls-iframe", HLS, edit(HLS, "144p/iframes", "144p/media")),
    (
        "hls-discontinuity-missing",
        HLS,
        _both(
            _put(f"{PICTURE}/other.mp4", FILM[INIT]),
            edit(MEDIA, "(seg_00001.m4s\n)", r'\1#EXT-X-MAP:URI="other.mp4"\n'),
        ),
    ),
    ("hls-no-variants", HLS, edit(HLS, "#EXT-X-STREAM-INF.*(#EXT-X-I-FRAME)", r"\1")),
    ("hls-attribute-missing", HLS, edit(HLS, "INF:BANDWIDTH=[0-9]*,", "INF:")),
    ("hls-attribute-missing", HLS, edit(HLS, 'GROUP-ID="audio",', "")),
    ("hls-uri-line", HLS, edit(HLS, f"\n{PICTURE}/media.m3u8", "")),
    ("hls-uri-line", HLS, edit(HLS, "#EXT-X-MEDIA", "stray.m3u8\n#EXT-X-MEDIA")),
    ("hls-group", HLS, edit(HLS, ',AUDIO="audio"', ',AUDIO="other"')),
    ("hls-group-names", HLS, edit(HLS, 'NAME="German"', 'NAME="English"')),
    ("hls-group-defaults", HLS, edit(HLS, "DEFAULT=NO", "DEFAULT=YES")),
    ("hls-autoselect", HLS, edit(HLS, "DEFAULT=YES,AUTOSELECT=YES", "DEFAULT=YES,AUTOSELECT=NO")),
    ("hls-group-languages", HLS, edit(HLS, 'LANGUAGE="de"', 'LANGUAGE="en"')),
    ("hls-codecs-missing", HLS, edit(HLS, ',CODECS="[^"]*"', "")),
    ("hls-resolution-missing", HLS, edit(HLS, r",RESOLUTION=\d+x\d+", "")),
    ("hls-frame-rate-missing", HLS, edit(HLS, r",FRAME-RATE=[\d.]+", "")),
    ("hls-average-missing", HLS, edit(HLS, r",AVERAGE-BANDWIDTH=\d+", "")),
    ("hls-iframes-missing", HLS, edit(HLS, "#EXT-X-I-FRAME.*", "")),
    (
        "hls-independent",
        HLS,
        _both(edit(HLS, "#EXT-X-INDEPENDENT-SEGMENTS\n", ""), edit(MEDIA, "#EXT-X-INDEPENDENT-SEGMENTS\n", "")),
    ),
    ("hls-bandwidth-exceeded", HLS, edit(HLS, r"INF:BANDWIDTH=\d+", "INF:BANDWIDTH=9000")),
    ("hls-bandwidth-loose", HLS, edit(HLS, r"INF:BANDWIDTH=\d+", "INF:BANDWIDTH=900000")),
    ("hls-average-differs", HLS, edit(HLS, r"AVERAGE-BANDWIDTH=\d+", "AVERAGE-BANDWIDTH=9000")),
    ("hls-codecs-differ", HLS, edit(HLS, "avc1.64001f", "avc1.640028")),
    ("hls-resolution-differs", HLS, edit(HLS, r"RESOLUTION=\d+x", "RESOLUTION=1x")),
    ("hls-frame-rate-differs", HLS, edit(HLS, "FRAME-RATE=30", "FRAME-RATE=25")),
    ("hls-targets-differ", HLS, edit(MEDIA, "#EXT-X-TARGETDURATION:4", "#EXT-X-TARGETDURATION:5")),
    ("hls-types-differ", HLS, edit(MEDIA, "#EXT-X-ENDLIST", "")),
    ("hls-discontinuities-differ", HLS, edit(MEDIA, "seg_00001.m4s\n", "seg_00001.m4s\n#EXT-X-DISCONTINUITY\n")),
    ("cmaf-init", HLS, _put(INIT, FILM[INIT][:40])),
    ("cmaf-init", DASH, _put(INIT, FILM[INIT] + FILM[SEGMENT])),
    ("cmaf-tracks", HLS, _put(INIT, init_segment(timescale=30_000, size=(256, 144), tracks=2))),
    ("cmaf-brand", HLS, _put(INIT, init_segment(timescale=30_000, size=(256, 144), brand=b"mp41"))),
    ("cmaf-edit-list", HLS, _put(INIT, init_segment(timescale=30_000, size=(256, 144), edits=[(0, 1024)]))),
    ("cmaf-segment", HLS, _put(SEGMENT, FILM[SEGMENT][:-1])),
    ("cmaf-segment", DASH, _put(SEGMENT, b"<html>")),
    ("cmaf-hole", HLS, shift(SEGMENT, 1000)),
    (
        "cmaf-key-frame",
        HLS,
        _put(SEGMENT, fragment(1, 120_000, 1000, [9] * 120, is_video=True, begins_with_key_frame=False)),
    ),
    ("cmaf-aligned", HLS, shift(SEGMENT, 1000)),
    ("cmaf-aligned", DASH, edit(DASH, '<S t="0" d="120000" r="2" />', '<S t="0" d="90000" r="3" />')),
    ("cmaf-start", HLS, _both(*(shift(f"{SOUND}/seg_{number:05d}.m4s", SAMPLE_RATE_HZ) for number in range(1, 5)))),
    ("cmaf-sequence", HLS, _as_sequence(SEGMENT, 1)),
    ("vtt-signature", HLS, edit(WORDS, "WEBVTT", "WEBVT")),
    ("vtt-times", HLS, edit(WORDS, "00:00:01.000", "00:00:01,000")),
    ("vtt-timestamp-map", HLS, edit(WORDS, "X-TIMESTAMP-MAP[^\n]*\n", "")),
    ("dash-xml", DASH, edit(DASH, "</MPD>", "")),
    ("dash-xml", DASH, edit(DASH, "<MPD ", '<!DOCTYPE x [<!ENTITY a "b">]>\n<MPD ')),
    ("dash-xml", DASH, _put(DASH, b"<html/>")),
    ("dash-attribute-missing", DASH, edit(DASH, ' minBufferTime="[^"]*"', "")),
    ("dash-attribute-missing", DASH, edit(DASH, ' bandwidth="[0-9]*"', "")),
    ("dash-value", DASH, edit(DASH, 'minBufferTime="[^"]*"', 'minBufferTime="4 s"')),
    ("dash-value", DASH, edit(DASH, 'd="120000"', 'd="long"')),
    ("dash-empty", DASH, edit(DASH, "<Period.*</Period>", "")),
    ("dash-empty", DASH, edit(DASH, "<Representation.*?</Representation>.*?<Representation.*?</Representation>", "")),
    ("dash-id-twice", DASH, edit(DASH, 'AdaptationSet id="1"', 'AdaptationSet id="0"')),
    ("dash-addressing", DASH, edit(DASH, "<SegmentTimeline>.*?</SegmentTimeline>", "")),
    ("dash-addressing", DASH, edit(DASH, ' initialization="[^"]*"', "")),
    ("dash-addressing", DASH, edit(DASH, "<BaseURL>.*?</BaseURL>", "")),
    (
        "dash-timeline",
        DASH,
        edit(DASH, '<S t="0" d="120000" r="2" />', '<S t="0" d="120000" /><S t="120001" d="120000" r="1" />'),
    ),
    ("dash-time-differs", DASH, shift(SEGMENT, 1000)),
    ("dash-duration", DASH, edit(DASH, 'PresentationDuration="[^"]*"', 'PresentationDuration="PT1M"')),
    ("dash-codecs-differ", DASH, edit(DASH, "avc1.64001f", "avc1.640028")),
    ("dash-size-differs", DASH, edit(DASH, ' width="[0-9]*"', ' width="2"')),
    ("dash-bandwidth", DASH, edit(DASH, 'bandwidth="[0-9]*"', 'bandwidth="900"')),
    (
        "dash-clock",
        DASH,
        _both(
            edit(
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
    ("dash-language", DASH, edit(DASH, ' lang="de"', "")),
    ("dash-channels", DASH, edit(DASH, "<AudioChannelConfiguration[^>]*>", "")),
    ("dash-role", DASH, edit(DASH, 'value="main"', 'value="alternate"')),
]
LIVE_FAULTS: list[tuple[str, str, Break]] = [
    ("hls-dates", HLS, edit(LIVE_MEDIA, "2026-01-01T00:00:06", "2026-01-01T00:00:07")),
    ("ll-server-control", HLS, edit(LIVE_MEDIA, ",PART-HOLD-BACK=1.5", "")),
    ("ll-part-hold-back", HLS, edit(LIVE_MEDIA, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=0.9")),
    ("ll-part-hold-back-short", HLS, edit(LIVE_MEDIA, "PART-HOLD-BACK=1.5", "PART-HOLD-BACK=1.2")),
    ("ll-hold-back", HLS, edit(LIVE_MEDIA, ",HOLD-BACK=6", ",HOLD-BACK=5")),
    ("ll-skip-until", HLS, edit(LIVE_MEDIA, "CAN-SKIP-UNTIL=12", "CAN-SKIP-UNTIL=11")),
    ("ll-no-blocking", HLS, edit(LIVE_MEDIA, "CAN-BLOCK-RELOAD=YES,", "")),
    ("ll-part-target", HLS, edit(LIVE_MEDIA, "PART-TARGET=0.5", "PART-TARGET=0.4")),
    ("ll-part-target", HLS, edit(LIVE_MEDIA, "#EXT-X-PART-INF[^\n]*\n", "")),
    ("ll-part-short", HLS, edit(LIVE_MEDIA, 'DURATION=0.5,URI="part_00033', 'DURATION=0.3,URI="part_00033')),
    ("ll-part-sum", HLS, edit(LIVE_MEDIA, '#EXT-X-PART:DURATION=0.5,URI="part_00032.m4s"\n', "")),
    ("ll-part-independent", HLS, edit(LIVE_MEDIA, ",INDEPENDENT=YES", "")),
    (
        "ll-parts-old",
        HLS,
        edit(LIVE_MEDIA, "(#EXTINF:2.000000,\nseg_00003)", r'#EXT-X-PART:DURATION=2,URI="p",INDEPENDENT=YES\n\1'),
    ),
    ("ll-hint-missing", HLS, edit(LIVE_MEDIA, "#EXT-X-PRELOAD[^\n]*\n", "")),
    ("ll-hint-listed", HLS, edit(LIVE_MEDIA, 'TYPE=PART,URI="part_00035', 'TYPE=PART,URI="part_00034')),
    ("ll-report-missing", HLS, edit(LIVE_MEDIA, "#EXT-X-RENDITION[^\n]*\n", "")),
    (
        "ll-date-missing",
        HLS,
        lambda files: files.update({LIVE_MEDIA: re.sub(rb"#EXT-X-PROGRAM[^\n]*\n", b"", files[LIVE_MEDIA])}),
    ),
]
