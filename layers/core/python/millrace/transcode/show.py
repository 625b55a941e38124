"""Show: what is encoded of a film plays while the rest is still on its way."""

from fractions import Fraction
from typing import Final

from pydantic import BaseModel, ConfigDict

from millrace.media.package import Growth, package
from millrace.media.plan import EncodePlan
from millrace.platform.clock import now
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.model import ShowTask, StoredTrack
from millrace.transcode.package import join, load_reports, measured
from millrace.videos.model import Home
from millrace.videos.packaging import put_captions, put_playlists
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service
from millrace.videos.processing.model import Shown

GROWTH: Final = "growth.json"
# A player asks again after a segment's length; nobody sees an older playlist for longer than that.
GROWING_CACHING = "public, max-age=1"
# A long film's playlists are long, and each time they are written whole: this keeps all of them together linear.
GROWTH_STEP: Final = Fraction(21, 20)
# Left for a last look at the record.
MARGIN_S: Final = 10


class Progress(BaseModel):
    """What is shown of a film so far, and where: how many chunks of picture and sound, and their tracks, joined.

    `captions` are the folders of those that are there; each is named by its text.
    """

    model_config = ConfigDict(frozen=True)

    home: Home | None = None
    chunks: int = 0
    sounds: int = 0
    picture: tuple[StoredTrack, ...] = ()
    sound: tuple[StoredTrack, ...] = ()
    captions: tuple[str, ...] = ()

    def until_s(self, plan: EncodePlan) -> Fraction:
        """Return up to where picture and sound play."""
        tracks = self.picture[:1] + self.sound[:1]
        if not self.picture or (plan.audio and not self.sound):
            return Fraction(0)
        return min(stored.track.duration_s for stored in tracks)


def show_progress(task: ShowTask, deadline: Deadline) -> None:
    """Write playlists over the chunks that follow each other from the beginning, unless somebody is at it.

    Whoever is at it goes on until nothing new is encoded, so a chunk that ends meanwhile may leave it to them.
    Idempotent: playlists are written whole, from what the record says is encoded.
    """
    while shown := service.begin_showing(task.video_id, task.upload_id, task.by):
        _show(task.place, shown)
        if service.end_showing(shown, task.by):
            return
        if deadline.remaining_s() < MARGIN_S:
            # The next chunk goes on, and the last playlists are written by the packager anyhow.
            service.stop_showing(task.video_id, task.by)
            return


def _show(place: UploadPlace, shown: Shown) -> None:
    plan = work.load_plan(place)
    # Once it plays, there is a note of what; before that, one could only be left of another attempt.
    before = work.load(place, GROWTH, Progress) if shown.video.playable_at else Progress()
    after = _grown(place, before, shown)
    until_s = after.until_s(plan)
    is_little = before.home is after.home and until_s < before.until_s(plan) * GROWTH_STEP
    if until_s == 0 or is_little:
        return
    uploaded_at = shown.video.uploaded_at or shown.video.created_at
    folder = place.media_prefix(shown.video.home)
    there = before.captions if before.home is after.home else ()
    captions = put_captions(shown.video, folder, plan, there)
    picture, sound = measured(after.picture), measured(after.sound)
    tracks = [caption.track for caption in captions]
    files = package(plan, picture, sound, tracks, growth=Growth(uploaded_at, now()))
    put_playlists(folder, files, GROWING_CACHING)
    work.save(place, GROWTH, after.model_copy(update={"captions": tuple(each.folder for each in captions)}))
    service.announce_playable(shown)


def _grown(place: UploadPlace, before: Progress, shown: Shown) -> Progress:
    """Add what follows without a hole."""
    chunks, sounds = _prefix(shown.chunks, before.chunks), _prefix(shown.sounds, before.sounds)
    picture = load_reports(place, [work.chunk_report(chunk) for chunk in range(before.chunks, chunks)])
    sound = load_reports(place, [work.audio_report(chunk) for chunk in range(before.sounds, sounds)])
    return Progress(
        home=shown.video.home,
        chunks=chunks,
        sounds=sounds,
        picture=join([*([before.picture] if before.picture else []), *picture]),
        sound=join([*([before.sound] if before.sound else []), *sound]),
    )


def _prefix(done: frozenset[int], start: int) -> int:
    """Return how many chunks follow each other from the first one."""
    count = start
    while count in done:
        count += 1
    return count
