"""Make, show and remove clips, and turn one into a file."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from millrace.live import storing, watching
from millrace.live.announcing import announce_event
from millrace.live.clips import playlists, store
from millrace.live.clips.model import MAX_DURATION_S, Clip
from millrace.live.edge import store as edge_store
from millrace.live.edge.model import Segment, TrackKind
from millrace.live.errors import ClipGone, ClipOutside, NotStarted, StreamGone
from millrace.live.model import LiveSession
from millrace.live.playlists import vod
from millrace.media.still import joined_argv
from millrace.platform import clients, settings
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.events import ClipCreated
from millrace.platform.ids import ClipId, LiveSessionId, UploadId, new_id
from millrace.platform.process import ProcessLimits, run, tool
from millrace.platform.site import public_url
from millrace.videos.model import Home
from millrace.videos.recordings import home_of

FILE = "clip.mp4"
JOIN_LIMITS = ProcessLimits(memory_bytes=1 << 30, file_bytes=1 << 30)
JOIN_TIMEOUT_S = 20


def create(session: LiveSession, author: Caller, title: str, starts_at: datetime | None, duration_s: int) -> Clip:
    """Keep a piece of a stream, from its newest on backwards if no beginning is named; raises NotStarted, ClipOutside.

    A clip has whole segments, and none from beyond a break.
    """
    segments = _chosen(session.session_id, starts_at, duration_s)
    shown = edge_store.shown(session.session_id)
    tracks = vod.recorded(shown, segments)
    if not tracks:
        raise ClipOutside("starts_at", "The stream has nothing to play there.")
    clip = Clip(
        clip_id=ClipId(new_id()),
        session_id=session.session_id,
        video_id=session.video_id,
        channel_id=session.channel_id,
        owner_id=session.owner_id,
        author_id=author.user_id,
        title=title or session.title,
        starts_at=segments[0].program_date_time,
        duration_ms=vod.duration_ms(tracks),
        period=segments[0].period,
        first_segment=segments[0].number,
        last_segment=segments[-1].number,
        tracks=tuple(each.track.name for each in sorted(tracks, key=lambda each: each.track.kind is TrackKind.AUDIO)),
        created_at=now(),
    )
    storing.put_playlists(clip.folder(_home(session)), playlists.files(shown, segments, tracks))
    store.create(clip)
    announce_event(
        ClipCreated(
            clip_id=clip.clip_id,
            session_id=clip.session_id,
            channel_id=clip.channel_id,
            owner_id=clip.owner_id,
            author_id=clip.author_id,
        )
    )
    return clip


def _chosen(session_id: LiveSessionId, starts_at: datetime | None, duration_s: int) -> Sequence[Segment]:
    head = edge_store.shown(session_id).head
    if not head.last_segment:
        raise NotStarted
    wanted = timedelta(seconds=duration_s)
    # Enough even of the shortest segments, without reading a whole night.
    since = 1 if starts_at else max(1, head.last_segment - 2 * MAX_DURATION_S)
    segments = edge_store.segments(session_id, since)
    last = segments[-1]
    begins = starts_at or last.program_date_time + timedelta(seconds=head.segment_target_s) - wanted
    ends = begins + wanted
    found = [
        segment
        for segment, after in zip(segments, [*segments[1:], None], strict=False)
        if not segment.is_hole
        and segment.program_date_time < ends
        and (after is None or after.program_date_time > begins)
    ]
    if not found or found[0].program_date_time > ends:
        raise ClipOutside("starts_at", "The stream has nothing to play there.")
    period = found[-1].period
    return [segment for segment in found if segment.period == period]


def visible(clip_id: ClipId, caller: Caller | None) -> Clip:
    """Return a clip whose stream the caller may know of; raises ClipGone."""
    clip = store.get(clip_id)
    try:
        watching.visible(clip.session_id, caller)
    except StreamGone as error:
        raise ClipGone(clip_id) from error
    return clip


def remove(clip_id: ClipId, caller: Caller) -> None:
    """Remove a clip; its author and the stream's owner may. Raises ClipGone, also when it is repeated."""
    clip = visible(clip_id, caller)
    if caller.user_id not in {clip.author_id, clip.owner_id}:
        raise ClipGone(clip_id)
    home = home_of(clip.video_id, UploadId(clip.session_id))
    for each in [home] if home else list(Home):
        storing.delete_all(clip.folder(each))
    store.remove(clip_id)


def base_url(clip: Clip) -> str:
    """Return the address of a clip's folder; raises ClipGone where its stream's media is gone."""
    return f"{public_url()}/{clip.folder(_home(watching.visible_to_us(clip.session_id)))}"


def file_url(clip: Clip) -> str:
    """Return the address of the clip as one file, made now if nobody wanted it before; raises ClipGone."""
    folder = clip.folder(_home(watching.visible_to_us(clip.session_id)))
    if not storing.exists(folder + FILE):
        storing.put(folder + FILE, _joined(clip, folder.removesuffix(f"clips/{clip.clip_id}/")), "video/mp4")
    return f"{public_url()}/{folder}{FILE}"


def _home(session: LiveSession) -> Home:
    """Return where the stream's media lies: while it is live as it began, then where its video has it."""
    if not session.is_recorded:
        return session.home
    home = home_of(session.video_id, UploadId(session.session_id))
    if home is None:
        raise StreamGone(session.session_id)
    return home


def _joined(clip: Clip, prefix: str) -> bytes:
    """Put the best picture and the sound into one file, without encoding anything."""
    wanted = [clip.tracks[0], *(name for name in clip.tracks[1:] if name.startswith("audio"))]
    with TemporaryDirectory(prefix="clip_") as scratch:
        sources = []
        for name in wanted:
            source = Path(scratch) / f"{name}.mp4"
            source.write_bytes(_track(clip, f"{prefix}{name}/"))
            sources.append(str(source))
        output = Path(scratch) / FILE
        argv = joined_argv(tool("ffmpeg"), sources, str(output))
        run(argv, timeout_s=JOIN_TIMEOUT_S, limits=JOIN_LIMITS, cwd=scratch)
        return output.read_bytes()


def _track(clip: Clip, folder: str) -> bytes:
    bucket = settings.require("MEDIA_BUCKET")
    numbers = range(clip.first_segment, clip.last_segment + 1)
    keys = storing.track_keys(folder, clip.period, numbers)
    return b"".join(clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys)
