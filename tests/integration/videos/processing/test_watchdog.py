"""Nothing stays in processing for ever, and nothing is left of what was given up."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from millrace.platform.clock import now
from millrace.platform.ids import new_id
from millrace.transcode import start, watchdog
from millrace.transcode.runs import store as runs
from millrace.transcode.runs.model import PLANNING, Run, budget, execution_arn
from millrace.videos.model import Film, Home
from millrace.videos.processing import service
from tests.integration.emulator import servers
from tests.integration.videos.conftest import FILM, Owner, World
from tests.integration.videos.processing.encoding import Workflow, begin

LATER = timedelta(minutes=6)
LONG_AFTER = timedelta(minutes=60)


@pytest.fixture
def waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """A workflow whose executions go on until they are stopped."""
    wait = json.dumps({"StartAt": "On", "States": {"On": {"Type": "Wait", "Seconds": 3000, "End": True}}})
    workflows = world.server.client("stepfunctions")
    arn = workflows.create_state_machine(name=f"waiting-{new_id()}", definition=wait, roleArn=servers.ROLE)
    monkeypatch.setenv("TRANSCODE_STATE_MACHINE_ARN", arn["stateMachineArn"])
    return str(arn["stateMachineArn"])


def _statuses(world: World, machine: str) -> list[str]:
    found = world.server.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    return [execution["status"] for execution in found]


def _left(world: World, film: Workflow) -> set[str]:
    return world.keys(world.media, f"media/public/{film.video_id}/")


def _write(world: World, film: Workflow, name: str = "video_720p/seg_00001.m4s") -> None:
    """Do what an encoder does that does not know that nobody waits for it."""
    key = film.place.media_prefix(Home.PUBLIC) + name
    world.server.client("s3").put_object(Bucket=world.media, Key=key, Body=b"segment")


def _wait_until_gone(world: World, film: Workflow) -> None:
    """Wait for the end of a workflow that does nothing: on a busy machine that takes a moment."""
    workflows = world.server.client("stepfunctions")
    arn = execution_arn(service.in_processing(*film.ids))

    def is_gone() -> None:
        assert workflows.describe_execution(executionArn=arn)["status"] == "SUCCEEDED"

    servers.eventually(is_gone, within_s=90)


def test_a_workflow_that_is_gone_fails_its_video(owner: Owner, world: World) -> None:
    film = begin(owner)
    _wait_until_gone(world, film)
    watchdog.watch()
    assert owner.video(film.video_id)["state"] == "processing", "it was looked at a moment after its start"
    watchdog.watch(now() + LATER)
    video = owner.video(film.video_id)
    assert (video["state"], video["failure"]["code"]) == ("failed", "internal")
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 202


def test_a_workflow_that_never_began_fails_its_video(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, waiting: str
) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("Step Functions is down")

    monkeypatch.setattr(start, "_start", refuse)
    with pytest.raises(RuntimeError, match="down"):
        begin(owner)
    (video,) = owner.call("GET", "/api/videos").json["items"]
    assert video["state"] == "processing"
    watchdog.watch(now() + LATER)
    assert owner.video(video["video_id"])["state"] == "failed"


def test_trying_what_runs_again_gives_it_no_more_time(owner: Owner, waiting: str) -> None:
    film = begin(owner)
    began = runs.find(*film.ids)
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 409
    owner.call("POST", f"/api/videos/{film.video_id}/cancel")
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 202
    again = runs.find(*film.ids)
    assert began
    assert again
    assert again.started_at > began.started_at
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 202, "the same attempt"
    assert runs.find(*film.ids) == again


def test_what_outlives_its_budget_is_stopped(owner: Owner, world: World, waiting: str) -> None:
    film = begin(owner, seconds=40)
    watchdog.watch(now() + LATER)
    assert owner.video(film.video_id)["state"] == "processing"
    watchdog.watch(now() + PLANNING + timedelta(seconds=40 * 30 + 60))
    assert owner.video(film.video_id)["failure"]["code"] == "too_long"
    assert _statuses(world, waiting) == ["ABORTED"]


def test_a_long_film_has_a_long_budget() -> None:
    hour = Film.model_validate({**FILM.model_dump(), "duration_ms": 3_600_000})
    assert budget(FILM) < budget(hour) > timedelta(hours=10)
    assert budget(None) == PLANNING


def test_cancelling_stops_the_workflow_and_says_so(owner: Owner, world: World, waiting: str) -> None:
    film = begin(owner)
    _write(world, film)
    answer = owner.call("POST", f"/api/videos/{film.video_id}/cancel")
    assert (answer.status, answer.json["failure"]["code"]) == (200, "cancelled")
    assert _statuses(world, waiting) == ["ABORTED"]
    assert owner.call("POST", f"/api/videos/{film.video_id}/cancel").status == 409
    # Step Functions tells of it on the bus.
    arn = world.server.client("stepfunctions").list_executions(stateMachineArn=waiting)["executions"][0]["executionArn"]
    watchdog.look(*film.ids, arn)
    assert _left(world, film) == set()


def test_what_an_encoder_writes_after_the_end_is_removed(owner: Owner, world: World, waiting: str) -> None:
    film = begin(owner)
    owner.call("POST", f"/api/videos/{film.video_id}/cancel")
    watchdog.watch(now() + LATER)
    _write(world, film)
    watchdog.watch(now() + LATER + LATER)
    assert _left(world, film), "its time has not come"
    watchdog.watch(now() + LONG_AFTER)
    assert _left(world, film) == set()
    assert runs.find(*film.ids) is None


def test_a_run_that_is_tried_again_is_left_alone(owner: Owner, world: World, waiting: str) -> None:
    film = begin(owner)
    before = service.in_processing(*film.ids)
    owner.call("POST", f"/api/videos/{film.video_id}/cancel")
    assert owner.call("POST", f"/api/videos/{film.video_id}/retry").status == 202
    _write(world, film)
    watchdog.look(*film.ids, execution_arn(before))
    watchdog.watch(now() + LATER)
    assert owner.video(film.video_id)["state"] == "processing"
    assert _left(world, film)
    assert sorted(_statuses(world, waiting)) == ["ABORTED", "RUNNING"]


def test_a_ready_video_leaves_the_list(owner: Owner, world: World) -> None:
    film = begin(owner)
    service.publish(*film.ids)
    _write(world, film)
    watchdog.watch(now() + LATER)
    assert runs.find(*film.ids) is None
    assert _left(world, film)


def test_deleting_a_video_stops_its_workflow(owner: Owner, world: World, waiting: str) -> None:
    film = begin(owner)
    assert owner.call("DELETE", f"/api/videos/{film.video_id}").status == 204
    assert _statuses(world, waiting) == ["ABORTED"]


def test_giving_up_a_replacement_stops_its_workflow_and_leaves_nothing(
    owner: Owner, world: World, waiting: str
) -> None:
    video_id = owner.ready()
    watchdog.watch(now() + LATER)
    film = begin(owner, replaces=video_id)
    assert owner.call("DELETE", f"/api/videos/{video_id}/replacement").status == 200
    assert "ABORTED" in _statuses(world, waiting)
    before = _left(world, film)
    _write(world, film)
    watchdog.watch(now() + LATER)
    watchdog.watch(now() + LONG_AFTER)
    assert _left(world, film) == before
    assert owner.video(video_id)["state"] == "ready"


def test_an_event_of_an_upload_that_nobody_waits_for_leaves_nothing(owner: Owner) -> None:
    video_id = owner.ready()
    watchdog.watch(now() + LATER)
    upload_id = owner.video(video_id)["playback"]["hls_url"].split("/")[-2]
    start.start(f"uploads/{video_id}/{upload_id}/source", 11)
    watchdog.watch(now() + LATER)
    assert owner.video(video_id)["state"] == "ready"
    assert not [run for run in runs.all_runs() if run.video_id == video_id]


def test_events_come_twice_and_late(owner: Owner, world: World, waiting: str) -> None:
    film = begin(owner)
    assert start.start(film.place.source_key, 11)
    assert len(_statuses(world, waiting)) == 1
    owner.call("POST", f"/api/videos/{film.video_id}/cancel")
    assert not start.start(film.place.source_key, 11)
    assert len(_statuses(world, waiting)) == 1


def test_a_run_that_cannot_be_looked_at_keeps_no_other_waiting(
    owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = sorted((begin(owner), begin(owner)), key=lambda film: film.video_id)
    for film in films:
        _wait_until_gone(world, film)
    look = watchdog._look

    def fail_first(run: Run, at: datetime) -> None:
        if run.video_id == films[0].video_id:
            raise RuntimeError("Step Functions is down")
        look(run, at)

    monkeypatch.setattr(watchdog, "_look", fail_first)
    with pytest.raises(ExceptionGroup, match="could not be looked at"):
        watchdog.watch(now() + LATER)
    assert [owner.video(film.video_id)["state"] for film in films] == ["processing", "failed"]
