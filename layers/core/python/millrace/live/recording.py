"""Make a recording of a stream that has ended: playlists over the segments that it was watched by, and a video."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from botocore.exceptions import ClientError

from millrace.live import store
from millrace.live.edge import store as edge_store
from millrace.live.edge.model import Segment, Shown, TrackKind
from millrace.live.errors import StreamChangedMeanwhile
from millrace.live.model import LiveSession
from millrace.live.playlists import vod
from millrace.live.removing import forget_ended, remove_media
from millrace.live.storing import put, put_playlists
from millrace.media.probe import Limits
from millrace.media.still import still_argv
from millrace.platform import clients, settings
from millrace.platform.ids import LiveSessionId, UploadId
from millrace.platform.observability import logger
from millrace.platform.process import ProcessLimits, ToolFailed, ToolMissing, ToolTimedOut, run, tool
from millrace.videos.details import Details
from millrace.videos.errors import VideoGone
from millrace.videos.film import Film
from millrace.videos.places import POSTER
from millrace.videos.recordings import Recording, adopt, home_of

# The first pictures of a stream are often of somebody who looks for a button.
POSTER_SHARE = Fraction(1, 10)
POSTER_LATEST = 15
POSTER_LIMITS = ProcessLimits(memory_bytes=2 << 30, file_bytes=16 << 20)
POSTER_TIMEOUT_S = 20
TRIES = 5


def record(session_id: LiveSessionId) -> None:
    """Make the recording of an ended stream; of a test stream, or one without a segment, nothing stays. Idempotent."""
    session = store.find(session_id)
    if session is None or not session.has_ended or session.is_settled:
        return
    if session.is_forgotten:
        forget_ended(session)
        return
    shown = edge_store.shown(session_id)
    segments = edge_store.all_segments(session_id)
    tracks = vod.recorded(shown, segments)
    if session.is_test or not session.is_kept or not tracks:
        remove_media(session)
        _settled(session)
        return
    put_playlists(session.place.prefix, vod.files(shown, segments, tracks))
    try:
        adopt(_recording(session, shown, segments, tracks))
    except VideoGone:
        # Its owner was faster: what was written here goes with the video.
        logger().info("the recording is deleted already", session_id=session_id)
    _put_poster(session, segments, tracks)
    _settled(session)


def _settled(session: LiveSession) -> None:
    for _ in range(TRIES):
        try:
            if not session.is_recorded:
                store.change(session, session.model_copy(update={"is_recorded": True}))
            return
        except StreamChangedMeanwhile:
            session = store.get(session.session_id)


def _recording(
    session: LiveSession, shown: Shown, segments: Sequence[Segment], tracks: Sequence[vod.Recorded]
) -> Recording:
    pictures = [each.track for each in tracks if each.track.kind is TrackKind.VIDEO]
    top = pictures[0] if pictures else None
    return Recording(
        video_id=session.video_id,
        upload_id=UploadId(session.session_id),
        owner_id=session.owner_id,
        channel_id=session.channel_id,
        details=Details(title=session.title, description=session.description, category=session.category),
        visibility=session.visibility,
        home=shown.head.home,
        film=Film(
            duration_ms=vod.duration_ms(tracks),
            frame_rate=(top.frame_rate if top else None) or Fraction(30),
            width_px=(top.width if top else None) or 0,
            height_px=(top.height if top else None) or 0,
            has_audio=any(each.track.kind is TrackKind.AUDIO for each in tracks),
            renditions=tuple(track.name for track in pictures),
            chunk_count=1,
        ),
        size_bytes=sum(track.size_bytes for segment in segments for track in segment.tracks.values()),
        streamed_at=session.live_at or session.started_at,
    )


def _put_poster(session: LiveSession, segments: Sequence[Segment], tracks: Sequence[vod.Recorded]) -> None:
    """Take a picture of the stream; without one the recording is as good."""
    pictures = [each for each in tracks if each.track.kind is TrackKind.VIDEO]
    home = home_of(session.video_id, UploadId(session.session_id))
    if not pictures or home is None:
        return
    rows = [row for row in pictures[0].rows if not row.is_gap]
    row = rows[min(int(len(rows) * POSTER_SHARE), POSTER_LATEST)]
    place = session.model_copy(update={"home": home}).place
    track = pictures[0].track.name
    keys = (place.init_key(track, row.period), place.segment_key(track, row.period, row.number))
    bucket = settings.require("MEDIA_BUCKET")
    try:
        film = b"".join(clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
        put(place.prefix + POSTER, _still(film), "image/jpeg")
    except (ToolFailed, ToolTimedOut, ToolMissing, ClientError):
        logger().exception("no poster of a recording", session_id=session.session_id)


def _still(film: bytes) -> bytes:
    with TemporaryDirectory(prefix="still_") as scratch:
        source, output = Path(scratch) / "film.mp4", Path(scratch) / POSTER
        source.write_bytes(film)
        argv = still_argv(tool("ffmpeg"), str(source), str(output), Limits(allow_files=True))
        run(argv, timeout_s=POSTER_TIMEOUT_S, limits=POSTER_LIMITS, cwd=scratch)
        return output.read_bytes()
