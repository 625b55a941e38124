"""Follow and unfollow: repeated, raced, blocked; the count is always the number of follows."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError
from pynamodb.transactions import TransactWrite

from millrace.channels import service
from millrace.channels.follows import service as follows
from millrace.platform.ids import ChannelId, UserId, new_id
from tests.integration.channels.conftest import World, somebody
from tests.integration.emulator.servers import eventually
from tests.integration.gateway import Gateway

Make = Callable[..., dict[str, Any]]


def stored_follows(world: World, channel_id: str) -> int:
    return sum(item["channel_id"]["S"] == channel_id for item in world.everything_in("FOLLOWS_TABLE"))


def test_following_twice_counts_once_and_unfollowing_twice_takes_one_away(
    channels: Gateway, make_channel: Make, world: World
) -> None:
    fan, other = somebody("viewer"), somebody("viewer")
    channel_id = make_channel(somebody())["channel_id"]
    address = f"/api/channels/{channel_id}/follow"
    assert channels.call("PUT", address, caller=other).json["follower_count"] == 1

    for _ in range(3):
        answer = channels.call("PUT", address, caller=fan)
        assert answer.json == {"channel_id": channel_id, "is_following": True, "follower_count": 2}
    assert channels.call("GET", address, caller=fan).json["is_following"] is True
    for _ in range(3):
        answer = channels.call("DELETE", address, caller=fan)
        assert answer.json == {"channel_id": channel_id, "is_following": False, "follower_count": 1}
    assert channels.call("GET", address, caller=fan).json["is_following"] is False
    assert stored_follows(world, channel_id) == 1


def test_only_what_changes_is_announced(channels: Gateway, make_channel: Make, world: World) -> None:
    fan, owner = somebody("viewer"), somebody()
    channel_id = make_channel(owner)["channel_id"]
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        channels.call(method, f"/api/channels/{channel_id}/follow", caller=fan)
    heard: list[dict[str, Any]] = []

    def announced() -> None:
        heard.extend(world.heard())
        ours = [event for event in heard if event["detail"].get("follower_id") == fan.user_id]
        assert sorted(event["detail-type"] for event in ours) == ["ChannelFollowed", "ChannelUnfollowed"]
        assert {event["detail"]["owner_id"] for event in ours} == {owner.user_id}

    eventually(announced)


def test_the_count_is_exact_when_many_follow_and_unfollow_at_once(make_channel: Make, world: World) -> None:
    """Each of thirty people clicks wildly, several clicks at once; in the end the count is who is left."""
    channel_id = ChannelId(make_channel(somebody())["channel_id"])
    people = [UserId(new_id()) for _ in range(30)]
    clicks = [(person, random.random() < 0.6) for person in people for _ in range(6)]
    random.shuffle(clicks)

    def click(wanted: tuple[UserId, bool]) -> None:
        person, is_follow = wanted
        (follows.follow if is_follow else follows.unfollow)(person, channel_id)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(click, clicks))

    following = sum(follows.is_following(person, channel_id) for person in people)
    assert service.get(channel_id).follower_count == following == stored_follows(world, channel_id)
    assert 0 < following < 30


@pytest.mark.parametrize(("conflicts", "status"), [(5, 200), (8, 503)])
def test_a_follow_that_others_block_looks_again(
    channels: Gateway, make_channel: Make, monkeypatch: pytest.MonkeyPatch, conflicts: int, status: int
) -> None:
    """The emulator runs one transaction after the other, so the conflict is made here as DynamoDB words it."""
    channel_id = make_channel(somebody())["channel_id"]
    commit = TransactWrite._commit
    reasons = [None, CancellationReason("TransactionConflict")]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "conflict"}}
    left = [
        TransactWriteError("blocked", VerboseClientError(error, "TransactWriteItems", cancellation_reasons=reasons))
        for _ in range(conflicts)
    ]

    def blocked(transaction: TransactWrite) -> Any:
        if left:
            raise left.pop()
        return commit(transaction)

    monkeypatch.setattr(TransactWrite, "_commit", blocked)
    answer = channels.call("PUT", f"/api/channels/{channel_id}/follow", caller=somebody("viewer"))
    assert answer.status == status
    assert [str(error) for error in left] == []
    if status == 503:
        assert int(answer.headers["Retry-After"]) > 0
        assert service.get(ChannelId(channel_id)).follower_count == 0


def test_nobody_follows_themselves_or_what_is_not_there(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    own = channels.call("PUT", f"/api/channels/{channel_id}/follow", caller=owner)
    assert (own.status, own.problem) == (409, "own-channel")
    for method in ("GET", "PUT", "DELETE"):
        assert channels.call(method, f"/api/channels/{new_id()}/follow", caller=owner).status == 404
        assert channels.call(method, f"/api/channels/{channel_id}/follow").status == 401
    assert channels.call("GET", f"/api/channels/{channel_id}").json["follower_count"] == 0


def test_what_one_follows_is_listed_page_by_page_the_latest_first(channels: Gateway, make_channel: Make) -> None:
    fan, owner = somebody("viewer"), somebody()
    made = [make_channel(owner)["channel_id"] for _ in range(5)]
    wanted = [made[index] for index in (3, 0, 4, 1, 2)]
    for channel_id in wanted:
        channels.call("PUT", f"/api/channels/{channel_id}/follow", caller=fan)
    listed: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        page = channels.call("GET", f"/api/me/follows?limit=2{cursor and f'&cursor={cursor}'}", caller=fan).json
        listed += [item["channel"]["channel_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        pages += 1
    assert listed == wanted[::-1]
    assert pages == 3
    assert channels.call("GET", "/api/me/follows", caller=somebody()).json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("cursor", ["x", "e30", "eyJjaGFubmVsX2lkIjoxfQ", "W10"])
def test_a_foreign_cursor_is_refused(channels: Gateway, cursor: str) -> None:
    answer = channels.call("GET", f"/api/me/follows?cursor={cursor}", caller=somebody())
    assert answer.status == 422
    assert list(answer.refused_fields) == ["cursor"]


def test_anothers_cursor_shows_nothing_of_theirs(channels: Gateway, make_channel: Make) -> None:
    fan, spy = somebody("viewer"), somebody("viewer")
    for _ in range(3):
        channels.call("PUT", f"/api/channels/{make_channel(somebody())['channel_id']}/follow", caller=fan)
    cursor = channels.call("GET", "/api/me/follows?limit=1", caller=fan).json["next_cursor"]
    assert channels.call("GET", f"/api/me/follows?cursor={cursor}", caller=spy).json["items"] == []
