"""Every rule that is checked, with its severity and who demands it. `docs/validate.md` lists them."""

from typing import Final

from millrace.media.validate.findings import Rule, Severity

__all__ = ["RULES"]

RULES: Final[dict[str, Rule]] = {}

_HLS = "RFC 8216bis "
_APPLE = "Apple HLS authoring: "
_CMAF = "ISO/IEC 23000-19 "
_BMFF = "ISO/IEC 14496-12 "
_DASH = "ISO/IEC 23009-1 "
_IOP = "DASH-IF IOP: "


def _rule(severity: Severity, code: str, clause: str, says: str) -> Rule:
    RULES[code] = Rule(code, severity, clause, says)
    return RULES[code]


def _error(code: str, clause: str, says: str) -> Rule:
    return _rule(Severity.ERROR, code, clause, says)


def _warning(code: str, clause: str, says: str) -> Rule:
    return _rule(Severity.WARNING, code, clause, says)


def _info(code: str, clause: str, says: str) -> Rule:
    return _rule(Severity.INFO, code, clause, says)


# Any file.
UNREADABLE = _error("file-unreadable", _HLS + "6.2.1", "Everything that is named can be read.")
NOT_INSPECTED = _info("file-not-inspected", "-", "Segments are CMAF or WebVTT; others are not looked into.")

# HLS: the text.
HLS_TEXT = _error("hls-text", _HLS + "4.1", "A playlist is UTF-8 without a byte order mark and begins with #EXTM3U.")
HLS_MIXED = _error("hls-mixed", _HLS + "4.1", "A playlist is either multivariant or a media playlist.")
HLS_REPEATED = _error("hls-repeated-tag", _HLS + "4.4", "Tags that speak of the whole playlist stand there once.")
HLS_SYNTAX = _error("hls-syntax", _HLS + "4.2", "Attribute lists, numbers, dates and ranges have their form.")
HLS_ORDER = _error("hls-tag-order", _HLS + "4.4.3.2", "Sequence numbers stand before the first segment.")
HLS_VERSION = _error("hls-version", _HLS + "8", "The version is at least that of the features used.")
HLS_UNKNOWN = _info("hls-unknown-tag", _HLS + "6.3.1", "Players skip tags that they do not know.")

# HLS: media playlists.
HLS_TARGET_MISSING = _error("hls-target-missing", _HLS + "4.4.3.1", "A media playlist has a target duration.")
HLS_TARGET_EXCEEDED = _error(
    "hls-target-exceeded", _HLS + "4.4.3.1", "No segment, rounded to a second, is longer than the target duration."
)
HLS_VOD_OPEN = _error("hls-vod-open", _HLS + "4.4.3.5", "A playlist of type VOD ends with EXT-X-ENDLIST.")
HLS_EMPTY = _error("hls-empty", _HLS + "4.1", "A playlist that has ended has segments.")
HLS_MAP_MISSING = _error("hls-map-missing", _HLS + "3.1.2", "Fragmented MP4 segments have an EXT-X-MAP before them.")
HLS_DURATION = _warning("hls-duration", _HLS + "4.4.4.1", "EXTINF says how long the media in the segment lasts.")
HLS_DATES = _warning("hls-dates", _HLS + "4.4.4.6", "Dates go on as durations do, but where there is a discontinuity.")
HLS_SEGMENT_TWICE = _warning("hls-segment-twice", _HLS + "3", "A segment stands in a playlist once.")
HLS_IFRAME_RANGE = _error(
    "hls-iframe",
    _HLS + "4.4.3.6",
    "Each entry of a key frame playlist is one key frame with what is needed to read it.",
)
HLS_DISCONTINUITY_MISSING = _error(
    "hls-discontinuity-missing", _HLS + "4.4.4.3", "Where timestamps or encoding change there is a discontinuity."
)

# HLS: multivariant playlists.
HLS_NO_VARIANTS = _error("hls-no-variants", _HLS + "4.4.6.2", "A multivariant playlist offers variants.")
HLS_ATTRIBUTE_MISSING = _error("hls-attribute-missing", _HLS + "4.4.6", "Attributes that the draft demands are there.")
HLS_URI_LINE = _error("hls-uri-line", _HLS + "4.4.6.2", "A URI follows each EXT-X-STREAM-INF, and nothing else does.")
HLS_GROUP = _error("hls-group", _HLS + "4.4.6.2", "The groups that variants name are there.")
HLS_GROUP_NAMES = _error("hls-group-names", _HLS + "4.4.6.1.1", "Renditions of one group have different names.")
HLS_GROUP_DEFAULTS = _error("hls-group-defaults", _HLS + "4.4.6.1.1", "A group has at most one default rendition.")
HLS_AUTOSELECT = _error("hls-autoselect", _HLS + "4.4.6.1", "A default rendition may be selected automatically.")
HLS_GROUP_LANGUAGES = _warning(
    "hls-group-languages", _HLS + "4.4.6.1.1", "Renditions that are selected automatically differ in language or kind."
)
HLS_CODECS_MISSING = _warning("hls-codecs-missing", _APPLE + "multivariant playlist", "Every variant tells its codecs.")
HLS_RESOLUTION_MISSING = _warning(
    "hls-resolution-missing", _APPLE + "multivariant playlist", "Every variant with a picture tells its size."
)
HLS_FRAME_RATE_MISSING = _warning(
    "hls-frame-rate-missing", _APPLE + "multivariant playlist", "Every variant with a picture tells its frame rate."
)
HLS_AVERAGE_MISSING = _warning(
    "hls-average-missing", _APPLE + "multivariant playlist", "Every variant tells its average rate."
)
HLS_IFRAMES_MISSING = _warning(
    "hls-iframes-missing", _APPLE + "trick play", "There are key frame playlists to seek with pictures."
)
HLS_INDEPENDENT = _warning(
    "hls-independent",
    _APPLE + "multivariant playlist",
    "Segments can be decoded on their own, and the playlist says so.",
)
HLS_BANDWIDTH = _error(
    "hls-bandwidth-exceeded", _APPLE + "bit rates", "The measured peak is no more than 10 % above BANDWIDTH."
)
HLS_BANDWIDTH_LOOSE = _warning(
    "hls-bandwidth-loose", _APPLE + "bit rates", "The measured peak is no less than 90 % of BANDWIDTH."
)
HLS_AVERAGE = _warning(
    "hls-average-differs", _APPLE + "bit rates", "The measured average is within 10 % of AVERAGE-BANDWIDTH."
)
HLS_CODECS = _error("hls-codecs-differ", _HLS + "4.4.6.2", "CODECS names the codecs of the media.")
HLS_RESOLUTION = _error("hls-resolution-differs", _HLS + "4.4.6.2", "RESOLUTION is the size of the picture.")
HLS_FRAME_RATE = _warning("hls-frame-rate-differs", _HLS + "4.4.6.2", "FRAME-RATE is the largest rate of the picture.")
HLS_TARGETS = _error(
    "hls-targets-differ",
    _HLS + "6.2.4",
    "All playlists have one target duration, but for key frames and captions of VOD.",
)
HLS_TYPES = _error("hls-types-differ", _HLS + "6.2.4", "All playlists have ended, or none has.")
HLS_DISCONTINUITIES = _error(
    "hls-discontinuities-differ", _HLS + "6.2.4", "Renditions have their discontinuities at the same places."
)

# HLS: low latency.
LL_CONTROL = _error("ll-server-control", _HLS + "4.4.3.8", "With parts, the server says PART-HOLD-BACK.")
LL_PART_HOLD_BACK = _error("ll-part-hold-back", _HLS + "4.4.3.8", "PART-HOLD-BACK is at least two part targets.")
LL_PART_HOLD_BACK_SHORT = _warning(
    "ll-part-hold-back-short", _HLS + "4.4.3.8", "PART-HOLD-BACK should be at least three part targets."
)
LL_HOLD_BACK = _error("ll-hold-back", _HLS + "4.4.3.8", "HOLD-BACK is at least three target durations.")
LL_SKIP_UNTIL = _error("ll-skip-until", _HLS + "4.4.3.8", "CAN-SKIP-UNTIL is at least six target durations.")
LL_NO_RELOAD = _error("ll-no-blocking", _HLS + "B.1", "A server with parts can hold requests for them.")
LL_TARGET = _error("ll-part-target", _HLS + "4.4.3.7", "With parts, there is a part target, and no part is longer.")
LL_PART_SHORT = _error(
    "ll-part-short", _HLS + "4.4.3.7", "Parts last at least 85 % of the part target, but for the last of a segment."
)
LL_PART_SUM = _warning("ll-part-sum", _HLS + "4.4.4.9", "The parts of a segment last as long as it does.")
LL_INDEPENDENT = _warning("ll-part-independent", _HLS + "4.4.4.9", "Each segment has a part that holds a key frame.")
LL_PARTS_OLD = _warning(
    "ll-parts-old", _HLS + "4.4.4.9", "Parts are listed no longer than three target durations from the end."
)
LL_HINT = _error("ll-hint-missing", _HLS + "B.1", "A playlist with parts that goes on announces the next part.")
LL_HINT_LISTED = _error("ll-hint-listed", _HLS + "4.4.5.3", "What is announced is not listed already.")
LL_REPORTS = _warning(
    "ll-report-missing", _HLS + "4.4.5.4", "Each playlist with parts reports on the other renditions."
)
LL_DATE = _warning("ll-date-missing", _APPLE + "low latency", "A live playlist with parts has dates.")

# CMAF.
CMAF_INIT = _error("cmaf-init", _CMAF + "7.3.1", "An init segment is ftyp and moov with one track and its defaults.")
CMAF_TRACKS = _warning(
    "cmaf-tracks", _CMAF + "7.3.1", "Picture and sound lie in files of their own; others are not looked into."
)
CMAF_BRAND = _info("cmaf-brand", _CMAF + "7.2", "An init segment says by its brand that it is CMAF.")
CMAF_EDITS = _warning("cmaf-edit-list", _CMAF + "7.5.13", "Decode times, not edit lists, say when samples are shown.")
CMAF_SEGMENT = _error("cmaf-segment", _CMAF + "7.3.2.3", "A segment is moof and mdat, whole, of one track.")
CMAF_HOLE = _error("cmaf-hole", _CMAF + "7.3.2.3", "A segment begins where the one before it ended.")
CMAF_KEY_FRAME = _error("cmaf-key-frame", _CMAF + "7.3.2.3", "A segment of pictures begins with a key frame.")
CMAF_ALIGNED = _error("cmaf-aligned", _CMAF + "7.3.4", "Renditions of one picture have the same segment boundaries.")
CMAF_START = _warning("cmaf-start", _APPLE + "timing", "Picture and sound begin within half a second of each other.")
CMAF_SEQUENCE = _info("cmaf-sequence", _BMFF + "8.8.5", "Sequence numbers of fragments grow.")
VTT_SIGNATURE = _error("vtt-signature", _HLS + "3.1.4", "A segment of captions begins with WEBVTT.")
VTT_TIMES = _error("vtt-times", _HLS + "3.1.4", "Cues have times that can be read.")
VTT_MAP = _warning("vtt-timestamp-map", _HLS + "3.1.4", "A segment of captions has an X-TIMESTAMP-MAP.")

# DASH.
DASH_XML = _error("dash-xml", _DASH + "5.2", "A manifest is well-formed XML with MPD as its root, and no entities.")
DASH_ATTRIBUTE = _error("dash-attribute-missing", _DASH + "5.3", "Attributes that the standard demands are there.")
DASH_VALUE = _error("dash-value", _DASH + "5.3", "Numbers, durations and dates have their form.")
DASH_EMPTY = _error("dash-empty", _DASH + "5.3.2", "There are periods, adaptation sets and representations.")
DASH_ID = _error("dash-id-twice", _DASH + "5.3.5.2", "Ids are unique within their period.")
DASH_ADDRESSING = _error("dash-addressing", _DASH + "5.3.9", "Each representation tells where its segments are.")
DASH_TIMELINE = _error("dash-timeline", _DASH + "5.3.9.6", "A timeline has no holes and no overlaps.")
DASH_TIME = _error(
    "dash-time-differs", _DASH + "5.3.9.6", "The timeline says when segments begin and how long they are."
)
DASH_DURATION = _error("dash-duration", _DASH + "5.3.1.2", "The presentation lasts as long as its longest track.")
DASH_CODECS = _error("dash-codecs-differ", _DASH + "5.3.7.2", "codecs names the codec of the media.")
DASH_SIZE = _error("dash-size-differs", _DASH + "5.3.7.2", "width and height are those of the picture.")
DASH_BANDWIDTH = _warning("dash-bandwidth", _DASH + "5.3.5.2", "With its buffer, bandwidth is enough for all segments.")
DASH_CLOCK = _warning("dash-clock", _IOP + "live services", "A live presentation says where to ask for the time.")
DASH_LANGUAGE = _warning("dash-language", _IOP + "audio", "Sound and captions tell their language.")
DASH_CHANNELS = _warning("dash-channels", _IOP + "audio", "Sound tells its channels.")
DASH_ROLE = _warning("dash-role", _IOP + "roles", "Of several sounds one has the role main.")

# Successive reloads.
LIVE_SEQUENCE = _error("live-sequence", _HLS + "6.2.2", "The media sequence never goes back.")
LIVE_SEGMENT = _error("live-segment-changed", _HLS + "6.2.1", "A segment once listed stays as it is.")
LIVE_PART = _error("live-part-changed", _HLS + "6.2.1", "A part once listed stays as it is while its segment is open.")
LIVE_REMOVED = _error(
    "live-removed", _HLS + "6.2.2", "Segments go at the beginning only, and from EVENT playlists none."
)
LIVE_DISCONTINUITY = _error(
    "live-discontinuity-sequence", _HLS + "6.2.2", "The discontinuity sequence counts the discontinuities that left."
)
LIVE_PROPERTIES = _error("live-properties", _HLS + "6.2.1", "Target durations, type and hold-backs never change.")
LIVE_ENDED = _error("live-ended", _HLS + "6.2.1", "A playlist that has ended stays as it is.")
LIVE_STALLED = _warning(
    "live-stalled", _HLS + "6.2.1", "Something new is there within one and a half target durations."
)
LIVE_HINT = _warning("live-hint", _HLS + "4.4.5.3", "What was announced as the next part is the next part.")
LIVE_BLOCKING_SHORT = _info(
    "live-blocking-early", _HLS + "6.2.5.2", "A held request is held until there is what it asks for."
)
LIVE_FUTURE = _error("live-future", _HLS + "6.2.5.2", "A request for what is far off is refused with status 400.")
LIVE_DELTA = _error("live-delta", _HLS + "6.2.5.1", "A delta update and what was known are the whole playlist.")
LIVE_REPORT = _warning("live-report", _HLS + "4.4.5.4", "Reports on other renditions are no older than a part.")
LIVE_MPD = _error("live-mpd-changed", _DASH + "5.4", "What a live manifest has said of the past stays as it is.")
LIVE_MPD_PUBLISHED = _error("live-mpd-published", _DASH + "5.3.1.2", "publishTime grows with each change.")
LIVE_MPD_ENDED = _error("live-mpd-ended", _DASH + "5.4", "A presentation that has become static stays as it is.")
LIVE_SHRUNK = _error("live-shrunk", _HLS + "6.2.2", "A live playlist lists at least three target durations.")
