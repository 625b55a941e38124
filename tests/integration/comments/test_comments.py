"""Comments, replies, likes and reports over HTTP, against a real table and bus."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from millrace.comments import service
from millrace.comments.forgetting import forget
from millrace.comments.model import CommentId, Target
from millrace.platform.caller import Caller
from millrace.platform.ids import VideoId, new_id
from tests.integration.emulator.servers import eventually
from tests.integration.gateway import Gateway
from tests.integration.videos.conftest import Owner, World, somebody

Write = Callable[..., dict[str, Any]]


@pytest.fixture
def video_id(owner: Owner) -> str:
    return owner.ready()


@pytest.fixture
def write(comments: Gateway, video_id: str) -> Write:
    """Write a comment, or a reply; returns what the API shows."""

    def post(caller: Caller | None = None, text: str = "Fine wheel", *, to: str | None = None) -> dict[str, Any]:
        path = f"/api/comments/{to}/replies" if to else f"/api/videos/{video_id}/comments"
        answer = comments.call("POST", path, {"text": text}, caller=caller or somebody())
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json
        return made

    return post


def counted(comments: Gateway, video_id: str) -> tuple[int, int]:
    found = comments.call("GET", f"/api/videos/{video_id}/reactions").json
    return found["comment_count"], found["like_count"]


def shown(comments: Gateway, path: str, caller: Caller | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = comments.call("GET", path, caller=caller).json["items"]
    return found


def test_what_is_written_is_shown_newest_first_as_the_text_that_it_is(
    comments: Gateway, video_id: str, write: Write, world: World
) -> None:
    script = "<img src=x onerror=alert(1)>\r\n\tand  <b>more</b> "
    ada = somebody()
    first, second = write(ada, script), write()
    answer = comments.call("GET", f"/api/videos/{video_id}/comments")
    assert [item["comment_id"] for item in answer.json["items"]] == [second["comment_id"], first["comment_id"]]
    assert answer.json["items"][1]["text"] == "<img src=x onerror=alert(1)>\n and  <b>more</b>"
    assert (answer.json["items"][1]["author_id"], answer.json["items"][1]["author_name"]) == (ada.user_id, "Ada")
    assert answer.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    heard: list[Any] = []

    def told() -> None:
        heard.extend(detail for kind, detail in world.heard(video_id) if kind == "CommentPosted")
        assert [detail["comment_id"] for detail in heard] == [first["comment_id"], second["comment_id"]]

    eventually(told)


@pytest.mark.parametrize("text", ["", "  \n ", "a\u202eb", "\x00", "x" * 5001, None, 7])
def test_a_text_that_is_none_is_refused(comments: Gateway, video_id: str, text: object) -> None:
    answer = comments.call("POST", f"/api/videos/{video_id}/comments", {"text": text}, caller=somebody())
    assert answer.status == 422
    assert counted(comments, video_id) == (0, 0)


def test_replies_stand_below_their_comment_oldest_first(comments: Gateway, video_id: str, write: Write) -> None:
    top = write()
    replies = [write(to=top["comment_id"])["comment_id"] for _ in range(3)]
    path = f"/api/comments/{top['comment_id']}/replies"
    assert [item["comment_id"] for item in shown(comments, path)] == replies
    (found,) = shown(comments, f"/api/videos/{video_id}/comments")
    assert (found["reply_count"], counted(comments, video_id)) == (3, (4, 0))
    answer = comments.call("POST", f"/api/comments/{replies[0]}/replies", {"text": "no"}, caller=somebody())
    assert answer.problem == "no-reply-to-a-reply"


def test_threads_are_walked_by_cursors_to_their_end(comments: Gateway, video_id: str, write: Write) -> None:
    wanted = [write()["comment_id"] for _ in range(5)][::-1]
    found, cursor = [], ""
    while True:
        page = comments.call("GET", f"/api/videos/{video_id}/comments?limit=2{cursor}").json
        found += [item["comment_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == wanted
    assert comments.call("GET", f"/api/videos/{video_id}/comments?cursor=bm9uc2Vuc2U").status == 422


def test_counts_are_exact_however_many_write_and_like_at_once(comments: Gateway, video_id: str, write: Write) -> None:
    top = write()
    target = Target(VideoId(video_id), CommentId(top["comment_id"]))
    people = [somebody() for _ in range(8)]

    def everything(person: Caller) -> None:
        service.reply(CommentId(top["comment_id"]), person, "Ada", "Yes")
        for _ in range(2):
            service.like(target, person)
        service.like(Target(VideoId(video_id)), person)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(everything, people))
    assert counted(comments, video_id) == (9, 8)
    (found,) = shown(comments, f"/api/videos/{video_id}/comments", people[0])
    assert (found["reply_count"], found["like_count"], found["liked"]) == (8, 8, True)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda person: service.unlike(target, person), people * 2))
    (found,) = shown(comments, f"/api/videos/{video_id}/comments", people[0])
    assert (found["like_count"], found["liked"]) == (0, False)


def test_likes_are_natural_to_repeat(comments: Gateway, video_id: str) -> None:
    ada = somebody()
    path = f"/api/videos/{video_id}/like"
    for method, expected in (("PUT", 1), ("PUT", 1), ("DELETE", 0), ("DELETE", 0)):
        assert comments.call(method, path, caller=ada).status == 204
        assert counted(comments, video_id) == (0, expected)


def test_only_its_author_changes_a_comment(comments: Gateway, owner: Owner, write: Write) -> None:
    ada = somebody()
    path = f"/api/comments/{write(ada)['comment_id']}"
    for caller in (somebody(), owner.caller, somebody("moderator")):
        assert comments.call("PATCH", path, {"text": "Mine"}, caller=caller).problem == "not-your-comment"
    assert comments.call("PATCH", path, {"text": "Mine"}).status == 401
    changed = comments.call("PATCH", path, {"text": "Better"}, caller=ada).json
    assert (changed["text"], changed["edited_at"] is not None) == ("Better", True)
    assert comments.call("PATCH", path, {"text": "x", "author_id": new_id()}, caller=ada).status == 422


def test_author_owner_and_moderator_remove_and_nobody_else(
    comments: Gateway, video_id: str, owner: Owner, write: Write
) -> None:
    ada = somebody()
    for caller in (ada, owner.caller, somebody("moderator")):
        path = f"/api/comments/{write(ada)['comment_id']}"
        assert comments.call("DELETE", path, caller=somebody()).problem == "not-your-comment"
        assert comments.call("DELETE", path, caller=caller).status == 204
        assert comments.call("DELETE", path, caller=caller).status == 404
    assert shown(comments, f"/api/videos/{video_id}/comments") == []
    assert counted(comments, video_id) == (0, 0)


def test_a_removed_comment_stands_for_its_replies_without_text_and_author(
    comments: Gateway, video_id: str, write: Write
) -> None:
    ada = somebody()
    top = write(ada, "Secret")
    reply = write(to=top["comment_id"])
    comments.call("DELETE", f"/api/comments/{top['comment_id']}", caller=ada)
    (found,) = shown(comments, f"/api/videos/{video_id}/comments")
    assert (found["removed"], found["text"], found["author_id"], found["author_name"]) == (True, "", None, "")
    assert [item["comment_id"] for item in shown(comments, f"/api/comments/{top['comment_id']}/replies")] == [
        reply["comment_id"]
    ]
    answer = comments.call("POST", f"/api/comments/{top['comment_id']}/replies", {"text": "a"}, caller=ada)
    assert answer.status == 404
    assert comments.call("PUT", f"/api/comments/{top['comment_id']}/like", caller=ada).status == 404
    assert counted(comments, video_id) == (1, 0)


def test_where_comments_are_turned_off_nobody_writes(comments: Gateway, owner: Owner) -> None:
    closed = owner.ready(comments_enabled=False)
    answer = comments.call("POST", f"/api/videos/{closed}/comments", {"text": "a"}, caller=somebody())
    assert (answer.status, answer.problem) == (403, "comments-closed")


def test_comments_of_a_hidden_video_are_hidden_with_it(
    comments: Gateway, video_id: str, owner: Owner, write: Write
) -> None:
    ada = somebody()
    comment_id = write(ada)["comment_id"]
    owner.change(video_id, visibility="private")
    tries: list[tuple[str, str, object]] = [
        ("GET", f"/api/videos/{video_id}/comments", None),
        ("GET", f"/api/videos/{video_id}/reactions", None),
        ("POST", f"/api/videos/{video_id}/comments", {"text": "a"}),
        ("PUT", f"/api/videos/{video_id}/like", None),
        ("POST", f"/api/videos/{video_id}/reports", {"reason": "spam"}),
        ("GET", f"/api/comments/{comment_id}/replies", None),
        ("PATCH", f"/api/comments/{comment_id}", {"text": "a"}),
        ("PUT", f"/api/comments/{comment_id}/like", None),
    ]
    for method, path, body in tries:
        assert comments.call(method, path, body, caller=ada).status == 404, (method, path)
    assert len(shown(comments, f"/api/videos/{video_id}/comments", owner.caller)) == 1


def test_a_report_reaches_the_moderators_once_per_person(
    comments: Gateway, video_id: str, write: Write, world: World
) -> None:
    comment_id = write()["comment_id"]
    ada, ben = somebody(), somebody()
    for caller in (ada, ada, ben):
        body = {"reason": "spam", "text": "Sells <b>wheels</b>"}
        assert comments.call("POST", f"/api/comments/{comment_id}/reports", body, caller=caller).status == 204
    comments.call("POST", f"/api/videos/{video_id}/reports", {"reason": "copyright"}, caller=ada)

    def queued() -> list[Any]:
        found = [report for report in service.reports(100, None)[0] if report.target.video_id == video_id]
        assert len(found) == 3
        return found

    found = eventually(queued)
    assert {report.reporter_id for report in found} == {ada.user_id, ben.user_id}
    first, after = service.reports(1, None)
    rest, _ = service.reports(100, after)
    assert first[0].report_id not in {report.report_id for report in rest}
    for report in found:
        service.resolve(report.target, report.reporter_id)
    assert not [report for report in service.reports(100, None)[0] if report.target.video_id == video_id]
    assert comments.call("POST", f"/api/videos/{video_id}/reports", {"reason": "ugly"}, caller=ada).status == 422
    heard: list[str] = []

    def told() -> None:
        heard.extend(kind for kind, _ in world.heard(video_id))
        assert (heard.count("CommentReported"), heard.count("VideoReported")) == (2, 1)

    eventually(told)


def test_a_deleted_video_takes_all_below_it_with_it(
    comments: Gateway, video_id: str, owner: Owner, write: Write, world: World, comments_table: str
) -> None:
    top = write()
    write(to=top["comment_id"])
    ada = somebody()
    comments.call("PUT", f"/api/comments/{top['comment_id']}/like", caller=ada)
    comments.call("PUT", f"/api/videos/{video_id}/like", caller=ada)
    comments.call("POST", f"/api/videos/{video_id}/reports", {"reason": "spam"}, caller=ada)
    for _ in range(2):
        forget("VideoDeleted", {"video_id": video_id, "owner_id": owner.caller.user_id})
    items = world.server.client("dynamodb").scan(TableName=comments_table)["Items"]
    assert not [item for item in items if video_id in str(item)]


def test_an_account_that_ends_takes_its_words_with_it(
    comments: Gateway, video_id: str, write: Write, world: World, comments_table: str
) -> None:
    ada, ben = somebody(), somebody()
    top, other = write(ada, "Gone soon"), write(ben)
    write(ben, to=top["comment_id"])
    write(ada, to=other["comment_id"])
    comments.call("PUT", f"/api/comments/{other['comment_id']}/like", caller=ada)
    comments.call("POST", f"/api/videos/{video_id}/reports", {"reason": "spam"}, caller=ada)
    for _ in range(2):
        service.forget_user(ada.user_id)
    items = world.server.client("dynamodb").scan(TableName=comments_table)["Items"]
    assert not [item for item in items if ada.user_id in str(item) or "Gone soon" in str(item)]
    assert counted(comments, video_id) == (2, 0)
    assert {item["comment_id"]: item["like_count"] for item in shown(comments, f"/api/videos/{video_id}/comments")} == {
        top["comment_id"]: 0,
        other["comment_id"]: 0,
    }
