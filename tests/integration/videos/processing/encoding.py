"""Do what the encoders do, without encoding: leave reports of segments that fit together, and say so."""

from dataclasses import dataclass

from millrace.media.cmaf import KeyFrame, MeasuredSegment
from millrace.media.package import MeasuredTrack
from millrace.media.plan import EncodePlan
from millrace.platform.ids import UploadId, VideoId
from millrace.platform.steps import Deadline
from millrace.transcode import work
from millrace.transcode.model import Encoded, ShowTask, StoredTrack
from millrace.transcode.plan import film_of
from millrace.transcode.show import show_progress
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service
from tests.integration.videos.conftest import Owner
from tests.media_fixtures.values import a_plan

AAC_FRAME = 1024


@dataclass(frozen=True)
class Workflow:
    """A video in processing, whose steps the tests take."""

    owner: Owner
    place: UploadPlace
    plan: EncodePlan

    @property
    def video_id(self) -> VideoId:
        return self.place.video_id

    def encode(self, chunk: int) -> None:
        """Encode a chunk of the picture."""
        video = service.in_processing(*self.ids)
        found = self.plan.chunks[chunk]
        tracks = [
            _stored(rendition.name, self.plan.timescale, self._pictures(found.start_frame, found.end_frame))
            for rendition in self.plan.renditions
        ]
        work.save(self.place, work.chunk_report(chunk), Encoded(tracks=tuple(tracks), cpu_s=1, function_s=0.5, gb_s=5))
        service.record_chunk(video, chunk)

    def encode_sound(self, chunk: int) -> None:
        """Encode a chunk of the sound."""
        video = service.in_processing(*self.ids)
        found = self.plan.audio_chunks[chunk]
        bounds = enumerate(self.plan.audio_segment_bounds(), start=1)
        segments = tuple(
            MeasuredSegment(
                number=number, decode_time=first * AAC_FRAME, duration=(last - first) * AAC_FRAME, size_bytes=60_000
            )
            for number, (first, last) in bounds
            if found.start_sample <= first * AAC_FRAME < found.end_sample
        )
        tracks = tuple(_stored(track.name, track.sample_rate_hz, segments) for track in self.plan.audio)
        work.save(self.place, work.audio_report(chunk), Encoded(tracks=tracks, cpu_s=1, function_s=0.5, gb_s=1))
        service.record_sound(video, chunk)

    def show(self, by: str = "chunk 0") -> None:
        """Take the step that shows what is encoded."""
        show_progress(ShowTask(video_id=self.video_id, upload_id=self.place.upload_id, by=by), Deadline.within(60))

    @property
    def ids(self) -> tuple[VideoId, UploadId]:
        return self.place.video_id, self.place.upload_id

    def _pictures(self, start: int, end: int) -> tuple[MeasuredSegment, ...]:
        firsts = range(start, end, self.plan.segment_frames)
        ticks = self.plan.frame_ticks
        return tuple(
            MeasuredSegment(
                number=first // self.plan.segment_frames + 1,
                decode_time=first * ticks,
                duration=(min(first + self.plan.segment_frames, end) - first) * ticks,
                size_bytes=500_000,
                keyframes=(KeyFrame(0, 9_000, (min(first + self.plan.segment_frames, end) - first) * ticks),),
            )
            for first in firsts
        )


def _stored(name: str, timescale: int, segments: tuple[MeasuredSegment, ...]) -> StoredTrack:
    codec = "mp4a.40.2" if name.startswith("audio") else "avc1.640028"
    track = MeasuredTrack(name=name, codec=codec, timescale=timescale, segments=segments)
    return StoredTrack(init_sha256=name, track=track)


def begin(owner: Owner, *, seconds: int = 40, replaces: str | None = None) -> Workflow:
    """Let a film arrive and be planned: a new video's, or a new file of one."""
    if replaces:
        body = {"filename": "better.mp4", "size_bytes": 22}
        made = owner.call("POST", f"/api/videos/{replaces}/replacement", body).json
    else:
        made = owner.begin()
    place = UploadPlace(VideoId(made["video"]["video_id"]), UploadId(made["upload"]["upload_id"]))
    owner.arrive(*(str(part) for part in (place.video_id, place.upload_id)))
    plan = a_plan(seconds=seconds)
    work.save(place, work.PLAN, plan)
    service.record_film(place.video_id, place.upload_id, film_of(plan))
    return Workflow(owner, place, plan)
