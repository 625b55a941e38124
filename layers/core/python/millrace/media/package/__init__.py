"""Turn measured segments into playlists: HLS and DASH over the same CMAF files."""

from collections.abc import Sequence

from millrace.media import dash
from millrace.media.package.manifest import manifest
from millrace.media.package.names import (
    CAPTIONS_FILE,
    IFRAME_PLAYLIST,
    INIT_SEGMENT,
    MAIN_PLAYLIST,
    MANIFEST,
    MEDIA_PLAYLIST,
)
from millrace.media.package.playlists import playlists
from millrace.media.package.tracks import CaptionTrack, Growth, MeasuredTrack, check_aligned, check_contiguous
from millrace.media.plan import EncodePlan

__all__ = [
    "CAPTIONS_FILE",
    "IFRAME_PLAYLIST",
    "INIT_SEGMENT",
    "MAIN_PLAYLIST",
    "MANIFEST",
    "MEDIA_PLAYLIST",
    "CaptionTrack",
    "Growth",
    "MeasuredTrack",
    "package",
]


def package(
    plan: EncodePlan,
    video: Sequence[MeasuredTrack],
    audio: Sequence[MeasuredTrack],
    captions: Sequence[CaptionTrack] = (),
    *,
    growth: Growth | None = None,
) -> dict[str, str]:
    """Return the text of each playlist by its path below the video's folder.

    While the video grows the media playlists are of type EVENT, and the DASH manifest is dynamic. Raises ValueError if
    a track has a hole, or renditions of one video are not aligned.
    """
    for track in [*video, *audio]:
        check_contiguous(track)
    check_aligned(video)
    tracks = {track.name: track for track in [*video, *audio]}
    pictures = [(rendition, tracks[rendition.name]) for rendition in plan.renditions if rendition.name in tracks]
    sounds = [(each, tracks[each.name]) for each in plan.audio if each.name in tracks]
    files = playlists(plan, pictures, sounds, captions, is_complete=growth is None)
    files[MANIFEST] = dash.write(manifest(plan, pictures, sounds, captions, growth))
    return files
