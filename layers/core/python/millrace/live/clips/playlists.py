"""The playlists of a clip: the stream's segments by names relative to the clip's folder."""

from collections.abc import Sequence

from millrace.live.edge.model import Segment, Shown
from millrace.live.playlists import vod

# From `clips/<clip_id>/` to the tracks beside `clips/`.
TO_TRACKS = "../../"


def files(shown: Shown, segments: Sequence[Segment], tracks: Sequence[vod.Recorded]) -> dict[str, str]:
    """Return the text of each playlist by its path below the clip's folder."""
    return vod.files(shown, segments, tracks, to_tracks=TO_TRACKS)
