"""What follows from a video's record: who may watch, where media belongs, and the one word for it all."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.platform.clock import now
from millrace.platform.ids import UploadId, UserId, VideoId, new_id
from millrace.videos.details import Details, PlaybackRules, distinct_tags
from millrace.videos.model import Audience, Film, Home, Status, TakenDown, Upload, Video, VideoState, Visibility

FILM = Film(
    duration_ms=40_000,
    frame_rate=Fraction(30000, 1001),
    width_px=1920,
    height_px=1080,
    has_audio=True,
    renditions=("1080p", "720p"),
    chunk_count=5,
)
DOWN = TakenDown(reason="No.", at=now(), by=UserId(new_id()))


def video(**fields: Any) -> Video:
    upload = Upload(upload_id=UploadId(new_id()), s3_upload_id="s3", filename="a", size_bytes=1, part_size_bytes=1)
    known = {
        "video_id": VideoId(new_id()),
        "owner_id": UserId(new_id()),
        "details": Details(title="Mill"),
        "visibility": Visibility.PUBLIC,
        "state": VideoState.READY,
        "home": Home.PUBLIC,
        "upload": upload,
        "created_at": now(),
    }
    return Video.model_validate(known | fields)


@pytest.mark.parametrize(
    ("fields", "status", "audience", "home"),
    [
        ({}, Status.PUBLISHED, Audience.EVERYONE, Home.PUBLIC),
        ({"visibility": "unlisted"}, Status.UNLISTED, Audience.LINK, Home.PUBLIC),
        ({"visibility": "private"}, Status.PRIVATE, Audience.OWNER, Home.PRIVATE),
        ({"is_draft": True}, Status.DRAFT, Audience.OWNER, Home.PRIVATE),
        ({"publish_at": now() + timedelta(days=1)}, Status.SCHEDULED, Audience.OWNER, Home.PRIVATE),
        ({"taken_down": DOWN}, Status.TAKEN_DOWN, Audience.OWNER, Home.PRIVATE),
        ({"taken_down": DOWN, "state": "processing"}, Status.TAKEN_DOWN, Audience.OWNER, Home.PRIVATE),
        ({"state": "processing"}, Status.PROCESSING, Audience.EVERYONE, Home.PUBLIC),
        ({"state": "failed", "is_draft": True}, Status.FAILED, Audience.OWNER, Home.PRIVATE),
    ],
)
def test_status_audience_and_home_follow_from_the_record(
    fields: dict[str, Any], status: Status, audience: Audience, home: Home
) -> None:
    found = video(**fields)
    assert (found.status, found.audience, found.wanted_home) == (status, audience, home)
    assert found.is_listed == (status is Status.PUBLISHED)


@given(
    visibility=st.sampled_from(Visibility),
    is_draft=st.booleans(),
    publish_at=st.sampled_from([None, now()]),
    taken_down=st.sampled_from([None, DOWN]),
    deleted_at=st.sampled_from([None, now()]),
    state=st.sampled_from(VideoState),
    rules=st.sampled_from([PlaybackRules(), PlaybackRules(blocked_countries=("AT",)), PlaybackRules(embed_origins=())]),
)
def test_nothing_that_is_closed_or_bound_to_rules_ever_belongs_into_the_open(
    rules: PlaybackRules, **fields: Any
) -> None:
    found = video(details=Details(title="Mill", rules=rules), **fields)
    closed = fields["is_draft"] or fields["publish_at"] or fields["taken_down"] or fields["deleted_at"]
    if closed or fields["visibility"] is Visibility.PRIVATE or not rules.is_empty:
        assert found.wanted_home is Home.PRIVATE
    if closed or fields["visibility"] is not Visibility.PUBLIC:
        assert not found.is_listed


def test_tags_are_distinct_whatever_their_case_and_keep_their_order() -> None:
    assert distinct_tags(["Water", "wheel", "WATER", "Wheel", "straße", "STRASSE"]) == ("Water", "wheel", "straße")


def test_an_upload_of_neither_version_is_nobodys() -> None:
    found = video()
    assert found.through(found.upload.upload_id) is found
    assert found.through(UploadId(new_id())) is None


def test_progress_only_grows_and_is_complete_only_when_ready() -> None:
    steps = [video(state="uploading"), video(state="processing")]
    steps += [video(state="processing", film=FILM, chunks_done=done) for done in range(FILM.chunk_count + 1)]
    percents = [step.progress_percent for step in steps]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert 0 < percents[2] < percents[-1] < 100
    assert video(film=FILM).progress_percent == 100


def test_a_failed_video_shows_no_progress() -> None:
    assert video(state="failed", film=FILM, chunks_done=3).progress_percent == 0


def test_the_frame_rate_survives_storage_exactly() -> None:
    stored = FILM.model_dump(mode="json")
    assert stored["frame_rate"] == "30000/1001"
    assert Film.model_validate(stored) == FILM
