"""What people report: moderators read it, decide, and close it."""

from collections.abc import Callable
from typing import Any

from millrace.comments import service as comments
from millrace.comments.model import Reason, Target
from millrace.platform.caller import Caller
from tests.integration.administration.conftest import World
from tests.integration.administration.test_videos import make_video
from tests.integration.gateway import Gateway

Person = Callable[..., Caller]


def read(admin_api: Gateway, moderator: Caller) -> list[dict[str, Any]]:
    """Return all open reports, read in small pages."""
    reports: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/api/admin/reports?limit=2{cursor and f'&cursor={cursor}'}"
        page = admin_api.call("GET", path, caller=moderator)
        assert page.status == 200, page.body
        reports += page.json["items"]
        cursor = page.json["next_cursor"]
    return reports


def test_reports_are_read_oldest_first_and_closed_with_a_reason_in_the_log(
    admin_api: Gateway, person: Person, world: World
) -> None:
    owner, moderator = person(), person("moderator")
    video = make_video(owner)
    comment = comments.post(video.video_id, None, owner, "Ada", "Buy gears!")
    reporters = [person("viewer") for _ in range(3)]
    for reporter in reporters:
        comments.report(Target(video.video_id), reporter, Reason.SPAM, "Only advertising.")
    comments.report(Target(video.video_id, comment.comment_id), reporters[0], Reason.OTHER, "")

    found = [report for report in read(admin_api, moderator) if report["video_id"] == video.video_id]

    assert [(report["reporter_id"], report["comment_id"]) for report in found] == [
        *((reporter.user_id, None) for reporter in reporters),
        (reporters[0].user_id, comment.comment_id),
    ]
    assert (found[0]["broken_rule"], found[0]["text"]) == ("spam", "Only advertising.")
    names = ("video_id", "comment_id", "reporter_id")
    for report in (found[0], found[3], found[3]):
        decision = {"reason": "It is fine.", **{name: report[name] for name in names}}
        assert admin_api.call("POST", "/api/admin/reports/close", decision, caller=moderator).status == 204
    left = [report for report in read(admin_api, moderator) if report["video_id"] == video.video_id]
    assert left == found[1:3]
    logged = [entry["target"]["S"] for entry in world.entries() if entry["action"]["S"] == "close_report"]
    assert logged.count(f"comment:{comment.comment_id}") == 2
    assert logged.count(f"video:{video.video_id}") == 1


def test_a_moderator_removes_a_comment_and_the_log_says_why(admin_api: Gateway, person: Person, world: World) -> None:
    owner, moderator = person(), person("moderator")
    video = make_video(owner)
    comment = comments.post(video.video_id, None, person("viewer"), "Ada", "Buy gears!")
    address = f"/api/admin/comments/{comment.comment_id}/remove"

    assert admin_api.call("POST", address, {"reason": "Spam."}, caller=moderator).status == 204

    assert comments.page_of_video(video.video_id, None, 10, None).comments == []
    assert admin_api.call("POST", address, {"reason": "Spam."}, caller=moderator).status == 404
    logged = [entry for entry in world.entries() if entry["target"]["S"] == f"comment:{comment.comment_id}"]
    assert [(entry["action"]["S"], entry["reason"]["S"]) for entry in logged] == [("remove_comment", "Spam.")]
