"""The playlists of a recording: the segments of the stream as they are, under names relative to their folder.

The folder can be moved as a whole, when the recording is hidden or shown.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from millrace.live.edge.model import Period, Segment, Shown, Track, TrackKind
from millrace.live.places import init_name, segment_name
from millrace.live.playlists import manifest
from millrace.live.playlists.main import AUDIO_GROUP
from millrace.live.playlists.timeline import Row, clock_of, past
from millrace.media import dash, hls
from millrace.media.package import MAIN_PLAYLIST, MANIFEST, MEDIA_PLAYLIST

KEY_FRAMES = "iframes.m3u8"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One track of a recording, and what was measured of it."""

    track: Track
    rows: tuple[Row, ...]

    @property
    def peak_bps(self) -> int:
        """The highest rate of a segment."""
        return max(math.ceil(max(row.size_bytes * 8 / row.duration_s for row in self._long_rows)), self.average_bps)

    @property
    def key_frames_bps(self) -> tuple[int, int]:
        """The highest and the average rate of the key frames alone."""
        rows = [row for row in self.rows if row.key_frame_size_bytes]
        duration_s = sum((row.duration_s for row in rows), Decimal(0))
        if not duration_s:
            return 1, 1
        average = math.ceil(sum(row.key_frame_size_bytes or 0 for row in rows) * 8 / duration_s)
        rates = [(row.key_frame_size_bytes or 0) * 8 / row.duration_s for row in self._long_rows]
        return max(math.ceil(max(rates)), average), average

    @property
    def _long_rows(self) -> list[Row]:
        """The segments that are long enough to tell a rate: before a break there may be a rest of one."""
        longest_s = max(row.duration_s for row in self.rows)
        return [row for row in self.rows if row.duration_s * 2 >= longest_s]

    @property
    def average_bps(self) -> int:
        """The rate over all of it."""
        duration_s = sum((row.duration_s for row in self.rows if not row.is_gap), Decimal(0))
        return math.ceil(sum(row.size_bytes for row in self.rows) * 8 / duration_s) if duration_s else 1


def recorded(shown: Shown, segments: Sequence[Segment]) -> tuple[Recorded, ...]:
    """Return the tracks that a recording offers, best picture first.

    A rendition that came or went on the way is left out. One that lacks the last segment before a break, because its
    encoder was behind when the break came, has a gap there.
    """
    if not segments:
        return ()
    clock = clock_of(shown, segments)
    breaks = sum(before.period != after.period for before, after in pairwise(segments))
    allowed_gaps = 1 + breaks + sum(segment.is_hole for segment in segments)
    found = []
    for track in _tracks(shown.periods, segments):
        rows = tuple(past(track.name, segments, clock))
        gaps = sum(row.is_gap for row in rows)
        if gaps <= allowed_gaps and gaps < len(rows):
            found.append(Recorded(track, rows))
    return tuple(found)


def _tracks(periods: Sequence[Period], segments: Sequence[Segment]) -> list[Track]:
    """Return each track once, as the last period that has segments has it."""
    used = {segment.period for segment in segments}
    found: dict[str, Track] = {}
    for period in periods:
        if period.number in used:
            found |= {track.name: track for track in period.tracks}
    return list(found.values())


def files(shown: Shown, segments: Sequence[Segment], tracks: Sequence[Recorded], to_tracks: str = "") -> dict[str, str]:
    """Return the text of each playlist by its path below the recording's folder.

    `to_tracks` leads from there to the folders of the tracks, where they are not below it.
    """
    target_s = max(_rounded(row.duration_s) for each in tracks for row in each.rows)
    made = {MAIN_PLAYLIST: hls.write_multivariant(_main(tracks))}
    for each in tracks:
        # Playlists lie in a folder of their track's name, which is that of the media where nothing else is said.
        folder = f"../{to_tracks}{each.track.name}/" if to_tracks else ""
        made[f"{each.track.name}/{MEDIA_PLAYLIST}"] = hls.write_media(_media(each, target_s, folder))
        if each.track.kind is TrackKind.VIDEO:
            made[f"{each.track.name}/{KEY_FRAMES}"] = hls.write_media(_key_frames(each, target_s, folder))
    names = {each.track.name for each in tracks}
    made[MANIFEST] = dash.write(manifest.recording(shown, segments, names, to_tracks))
    return made


def duration_ms(tracks: Sequence[Recorded]) -> int:
    """Return how long a recording plays."""
    return max(math.ceil(sum((row.duration_s for row in each.rows), Decimal(0)) * 1000) for each in tracks)


def _rounded(duration_s: Decimal) -> int:
    return max(1, int(duration_s.quantize(Decimal(1), ROUND_HALF_UP)))


def _main(tracks: Sequence[Recorded]) -> hls.MultivariantPlaylist:
    pictures = [each for each in tracks if each.track.kind is TrackKind.VIDEO]
    sounds = [each for each in tracks if each.track.kind is TrackKind.AUDIO]
    return hls.MultivariantPlaylist(
        variants=tuple(_variant(each, sounds if pictures else []) for each in pictures or sounds),
        audio=tuple(
            hls.AudioRendition(
                AUDIO_GROUP, "Sound", f"{each.track.name}/{MEDIA_PLAYLIST}", channels=each.track.channels
            )
            for each in (sounds if pictures else [])
        ),
        iframe_variants=tuple(
            hls.IFrameVariant(
                f"{each.track.name}/{KEY_FRAMES}",
                *each.key_frames_bps,
                (each.track.codec,),
                each.track.width or 0,
                each.track.height or 0,
            )
            for each in pictures
        ),
    )


def _variant(each: Recorded, sounds: Sequence[Recorded]) -> hls.Variant:
    track = each.track
    return hls.Variant(
        uri=f"{track.name}/{MEDIA_PLAYLIST}",
        bandwidth_bps=each.peak_bps + max((sound.peak_bps for sound in sounds), default=0),
        average_bandwidth_bps=each.average_bps + max((sound.average_bps for sound in sounds), default=0),
        codecs=(track.codec, *sorted({sound.track.codec for sound in sounds})),
        width=track.width,
        height=track.height,
        frame_rate=Decimal(track.frame_rate.numerator) / track.frame_rate.denominator if track.frame_rate else None,
        audio_group_id=AUDIO_GROUP if sounds else None,
    )


def _media(each: Recorded, target_s: int, folder: str) -> hls.MediaPlaylist:
    return hls.MediaPlaylist(
        target_duration_s=target_s,
        segments=tuple(_segment(folder, before, row) for before, row in _with_before(each.rows)),
        media_sequence=each.rows[0].number,
        playlist_type=hls.PlaylistType.VOD,
        has_ended=True,
    )


def _key_frames(each: Recorded, target_s: int, folder: str) -> hls.MediaPlaylist:
    rows = [row for row in each.rows if row.key_frame_size_bytes]
    return hls.MediaPlaylist(
        target_duration_s=target_s,
        segments=tuple(
            _segment(folder, before, row, hls.ByteRange(row.key_frame_size_bytes or 0))
            for before, row in _with_before(rows)
        ),
        media_sequence=rows[0].number if rows else 1,
        playlist_type=hls.PlaylistType.VOD,
        has_ended=True,
        is_iframes_only=True,
    )


def _with_before(rows: Sequence[Row]) -> list[tuple[Row | None, Row]]:
    return list(zip([None, *rows], rows, strict=False))


def _segment(folder: str, before: Row | None, row: Row, byte_range: hls.ByteRange | None = None) -> hls.MediaSegment:
    is_new = before is None or before.period != row.period
    return hls.MediaSegment(
        uri=folder + segment_name(row.period, row.number),
        duration_s=row.duration_s,
        init=hls.InitSegment(folder + init_name(row.period)),
        byte_range=byte_range,
        is_discontinuity=is_new and before is not None,
        program_date_time=row.program_date_time if is_new else None,
        is_gap=row.is_gap,
    )
