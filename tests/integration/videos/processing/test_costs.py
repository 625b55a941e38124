"""A film's cost is known before it is spent, kept within the budget, and counted when it is made."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from millrace.media.timeline import Timeline
from millrace.platform.clock import now
from millrace.transcode import watchdog, work
from millrace.transcode.failure import ONE_OF_MANY, UploadRejected, fail_video
from millrace.transcode.model import FailureTask, ProbedSource, UploadTask
from millrace.transcode.package import package_video
from millrace.transcode.plan import plan_encode
from millrace.videos.model import Failure
from millrace.videos.processing import service
from tests.integration.videos.conftest import Owner
from tests.integration.videos.processing.encoding import Workflow, begin
from tests.media_fixtures.values import a_source, a_timeline


def _planned(owner: Owner, timeline: Timeline | None = None) -> Workflow:
    """Let a film arrive and be planned by the step itself."""
    film = begin(owner)
    work.save(film.place, work.SOURCE, ProbedSource(source=a_source(), timeline=timeline or a_timeline()))
    plan_encode(_task(film))
    return Workflow(owner, film.place, work.load_plan(film.place))


def _task(film: Workflow) -> UploadTask:
    return UploadTask(video_id=film.video_id, upload_id=film.place.upload_id)


def test_the_estimate_is_there_with_the_plan_and_what_it_took_at_the_end(owner: Owner) -> None:
    film = _planned(owner)
    cost = owner.video(film.video_id)["owner"]["processing_cost"]
    assert cost["actual"] is None
    assert cost["estimated"]["usd_micro"] > 0
    plan_encode(_task(film))
    usage = owner.call("GET", "/api/me/usage").json
    assert (usage["films"], usage["usd_micro"]) == (1, cost["estimated"]["usd_micro"]), "a repeated step counts once"

    for chunk in film.plan.chunks:
        film.encode(chunk.index)
    for sound in film.plan.audio_chunks:
        film.encode_sound(sound.index)
    for _ in range(2):
        package_video(_task(film))
    service.publish(*film.ids)
    after = owner.video(film.video_id)["owner"]["processing_cost"]
    assert after["estimated"] == cost["estimated"]
    assert after["cpu_s"] == len(film.plan.chunks) + len(film.plan.audio_chunks)
    assert after["actual"]["gb_s"] > 5 * len(film.plan.chunks)
    usage = owner.call("GET", "/api/me/usage").json
    assert (usage["films"], usage["usd_micro"]) == (1, after["actual"]["usd_micro"])
    assert usage["budget_usd_micro_a_day"] == 1_000_000


def test_a_film_beyond_the_budget_fails_in_words_and_can_be_tried_again(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCOUNT_BUDGET_USD", "0.0001")
    with pytest.raises(UploadRejected, match=r"^budget: Processing this video would cost about .*tomorrow") as refused:
        _planned(owner)
    (video,) = owner.call("GET", "/api/videos").json["items"]
    film = service.newest_upload(video["video_id"], owner.caller.user_id)
    cause = f'{{"errorType": "UploadRejected", "errorMessage": "{refused.value}"}}'
    fail_video(FailureTask(video_id=video["video_id"], upload_id=film, error="UploadRejected", cause=cause))
    failure = owner.video(video["video_id"])["failure"]
    assert failure["code"] == "budget"
    assert failure["message"].endswith("upload a shorter or smaller video.")
    assert owner.call("GET", "/api/me/usage").json["films"] == 0

    monkeypatch.setenv("ACCOUNT_BUDGET_USD", "1")
    assert owner.call("POST", f"/api/videos/{video['video_id']}/retry").status == 202
    plan_encode(UploadTask(video_id=video["video_id"], upload_id=film))
    assert owner.call("GET", "/api/me/usage").json["films"] == 1


def _used(owner: Owner) -> int:
    return int(owner.call("GET", "/api/me/usage").json["usd_micro"])


def test_what_a_cancelled_film_has_not_used_is_given_back_once(owner: Owner) -> None:
    film = _planned(owner, a_timeline(seconds=3600))
    estimated = _used(owner)
    film.encode(0)
    film.encode_sound(0)
    assert owner.call("POST", f"/api/videos/{film.video_id}/cancel").status == 200
    for _ in range(2):
        watchdog.watch(now() + timedelta(minutes=6))
    # Two parts that are known, and as many as may have been at work: two of about 150.
    used = _used(owner)
    assert estimated / 150 < used < estimated / 10


def test_a_retry_pays_for_itself_and_not_for_what_failed(owner: Owner) -> None:
    film = _planned(owner, a_timeline(seconds=3600))
    estimated = _used(owner)
    film.encode(0)
    chunks_note = Failure(code="damaged_part", message="The part from 0:08 could not be decoded.")
    work.save(film.place, work.PART_FAILURE, chunks_note)
    cause = '{"errorType": "PartFailed", "errorMessage": "damaged_part: The part"}'
    fail_video(FailureTask(video_id=film.video_id, upload_id=film.place.upload_id, error="PartFailed", cause=cause))
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 202
    for _ in range(2):
        plan_encode(_task(film))
    assert estimated < _used(owner) < estimated * 1.1
    assert work.reports(film.place) == [], "the last attempt's parts are not this one's"
    # What failed now is named, and not what failed then.
    fail_video(FailureTask(video_id=film.video_id, upload_id=film.place.upload_id, error=ONE_OF_MANY))
    assert owner.video(film.video_id)["failure"]["code"] == "internal"


def test_a_film_that_never_was_planned_costs_nothing(owner: Owner) -> None:
    film = begin(owner)
    assert owner.call("POST", f"/api/videos/{film.video_id}/cancel").status == 200
    watchdog.watch(now() + timedelta(minutes=6))
    assert owner.call("GET", "/api/me/usage").json["films"] == 0


def test_a_film_can_be_estimated_before_it_is_uploaded(owner: Owner) -> None:
    body = {"duration_s": 3600, "width_px": 1920, "height_px": 1080, "frame_rate": 29.97}
    shown = owner.call("POST", "/api/estimates", body).json
    assert shown["renditions"][0] == "1080p"
    assert 200_000 < shown["processing"]["usd_micro"] < 700_000
    assert shown["storage_usd_micro_a_month"] > 0
    wrong = owner.call("POST", "/api/estimates", {**body, "duration_s": 0})
    assert wrong.status == 422
    assert wrong.json["errors"][0]["field"] == "duration_s"


def test_nobody_else_sees_what_a_film_cost(owner: Owner, make_owner: Callable[[], Owner]) -> None:
    film = _planned(owner)
    assert make_owner().video(film.video_id)["owner"] is None
