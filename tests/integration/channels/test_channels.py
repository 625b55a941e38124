"""Channels over HTTP, against real tables: what they show, their handles, their links."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from millrace.channels import service, store
from millrace.channels.errors import ChannelChangedMeanwhile, HandleTaken, TooManyChannels
from millrace.channels.messages import ChannelChanges, ChannelDraft
from millrace.platform import clock
from millrace.platform.ids import ChannelId, UserId, new_id
from tests.integration.channels.conftest import World, fresh_handle, somebody
from tests.integration.emulator.servers import eventually
from tests.integration.gateway import Gateway, trusting

Make = Callable[..., dict[str, Any]]


def test_a_new_channel_is_found_by_id_and_by_handle_in_any_case(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    made = make_channel(
        owner,
        handle=f"Ada.{new_id()[-10:]}",
        name="  Ada\tbuilds ",
        description="Wheels\r\nand sails\n",
        links=[{"label": "Shop", "url": "HTTPS://Ada.Example"}],
    )

    by_id = channels.call("GET", f"/api/channels/{made['channel_id']}").json
    by_handle = channels.call("GET", f"/api/channels/@{made['handle'].upper()}").json

    assert by_id == by_handle
    assert by_id["name"] == "Ada builds"
    assert by_id["description"] == "Wheels\nand sails"
    assert by_id["links"] == [{"label": "Shop", "url": "https://ada.example/"}]
    assert (by_id["owner_id"], by_id["follower_count"], by_id["banner"]) == (owner.user_id, 0, None)
    assert "former_handles" not in by_id
    assert channels.call("GET", "/api/me/channels", caller=owner).json["items"] == [made]


def test_making_and_changing_a_channel_is_announced(make_channel: Make, channels: Gateway, world: World) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    channels.call("PATCH", f"/api/channels/{channel_id}", {"name": "Other"}, caller=owner)
    channels.call("PATCH", f"/api/channels/{channel_id}", {"name": "Other"}, caller=owner)
    heard: list[dict[str, Any]] = []

    def announced() -> None:
        heard.extend(world.heard())
        ours = [event for event in heard if event["detail"].get("channel_id") == channel_id]
        assert sorted(event["detail-type"] for event in ours) == ["ChannelChanged", "ChannelCreated"]
        assert {event["detail"]["owner_id"] for event in ours} == {owner.user_id}

    eventually(announced)


@pytest.mark.parametrize(
    "handle",
    [
        "ab",
        "x" * 31,
        "a b c",
        "-ada",
        "ada-",
        "a..b",
        "ada@home",
        "ädä",
        "\u0430da",
        "ada/x",
        "admin",
        "AdMiN",
        "ad_min",
        "4dm1n",
        "m1llrace",
        "support",
        "a.p.i.s/",
        "\u202eada",
    ],
)
def test_a_handle_that_misleads_is_refused(channels: Gateway, handle: str) -> None:
    answer = channels.call("POST", "/api/channels", {"handle": handle, "name": "x"}, caller=somebody())
    assert answer.status == 422, answer.body
    assert list(answer.refused_fields) == ["handle"]


def test_of_many_who_want_one_handle_in_any_case_exactly_one_gets_it(channels: Gateway, world: World) -> None:
    handle = fresh_handle()
    spellings = [handle.upper() if number % 2 else handle for number in range(12)]
    containers = [Gateway(trusting("channels")) for _ in spellings]

    def ask(pair: tuple[Gateway, str]) -> int:
        draft = {"handle": pair[1], "name": "Mine"}
        return pair[0].call("POST", "/api/channels", draft, caller=somebody()).status

    with ThreadPoolExecutor(len(spellings)) as pool:
        statuses = list(pool.map(ask, zip(containers, spellings, strict=True)))

    assert sorted(statuses) == [201] + [409] * 11
    taken = [
        item for item in world.everything_in("CHANNELS_TABLE") if item.get("handle", {}).get("S", "").lower() == handle
    ]
    assert len(taken) == 1


def test_an_account_has_ten_channels_however_many_it_asks_for_at_once(world: World, channels: Gateway) -> None:
    owner = somebody()

    def ask(_: int) -> bool:
        try:
            service.create(owner.user_id, ChannelDraft(handle=fresh_handle(), name="Mine"))
        except TooManyChannels:
            return False
        return True

    with ThreadPoolExecutor(14) as pool:
        made = list(pool.map(ask, range(14)))

    assert sum(made) == 10
    assert len(service.of_owner(owner.user_id)) == 10
    answer = channels.call("POST", "/api/channels", {"handle": fresh_handle(), "name": "x"}, caller=owner)
    assert (answer.status, answer.problem) == (409, "too-many-channels")


def test_of_many_who_need_the_first_channel_at_once_all_get_the_same(world: World, channels: Gateway) -> None:
    owner_id = UserId(new_id())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: service.first_of(owner_id, "Ada Löve Lace"), range(8)))
    assert len({channel.channel_id for channel in found}) == 1
    assert found[0].handle.startswith("ada-love-lace")
    assert len(service.of_owner(owner_id)) == 1
    # Another person of the same name has a handle of their own.
    assert service.first_of(UserId(new_id()), "Ada Löve Lace").handle != found[0].handle


@pytest.mark.parametrize("name", ["admin", "工房", "", "x", "🙂🙂🙂", "a" * 80])
def test_a_first_channel_has_a_good_handle_whatever_the_name(world: World, channels: Gateway, name: str) -> None:
    channel = service.first_of(UserId(new_id()), name or "?")
    assert ChannelChanges(handle=channel.handle).handle == channel.handle


def test_a_renamed_channel_is_still_found_by_its_old_handle_and_nobody_else_gets_it(
    channels: Gateway, make_channel: Make
) -> None:
    owner = somebody()
    made = make_channel(owner)
    old, new = made["handle"], fresh_handle()
    address = f"/api/channels/{made['channel_id']}"

    changed = channels.call("PATCH", address, {"handle": new}, caller=owner)

    assert changed.status == 200, changed.body
    assert [former["handle"] for former in changed.json["former_handles"]] == [old]
    for handle in (old, new):
        assert channels.call("GET", f"/api/channels/@{handle}").json["handle"] == new
    stranger = channels.call("POST", "/api/channels", {"handle": old.upper(), "name": "Thief"}, caller=somebody())
    assert (stranger.status, stranger.problem) == (409, "handle-taken")
    # Its own channel may take it back, and then the other one is kept.
    back = channels.call("PATCH", address, {"handle": old}, caller=owner)
    assert back.json["handle"] == old
    assert [former["handle"] for former in back.json["former_handles"]] == [new]


def test_a_former_handle_is_free_when_its_time_is_over(
    world: World, channels: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_id = UserId(new_id())
    old = fresh_handle()
    channel = service.create(owner_id, ChannelDraft(handle=old, name="Mine"))
    service.change(channel.channel_id, owner_id, ChannelChanges(handle=fresh_handle()))
    with pytest.raises(HandleTaken):
        service.create(UserId(new_id()), ChannelDraft(handle=old, name="Early"))

    later = clock.now() + timedelta(days=91)
    monkeypatch.setattr(store, "now", lambda: later)

    assert channels.call("GET", f"/api/channels/@{old}").status == 404
    heir = service.create(UserId(new_id()), ChannelDraft(handle=old, name="Heir"))
    assert service.named(f"@{old}").channel_id == heir.channel_id


def test_handles_cannot_be_hoarded_by_renaming(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    made = make_channel(owner)
    address = f"/api/channels/{made['channel_id']}"
    for _ in range(3):
        assert channels.call("PATCH", address, {"handle": fresh_handle()}, caller=owner).status == 200
    refused = channels.call("PATCH", address, {"handle": fresh_handle()}, caller=owner)
    assert (refused.status, refused.problem) == (409, "renamed-too-often")
    assert channels.call("PATCH", address, {"handle": made["handle"]}, caller=owner).status == 200


def test_another_spelling_of_the_same_handle_keeps_no_former_one(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    made = make_channel(owner)
    answer = channels.call(
        "PATCH", f"/api/channels/{made['channel_id']}", {"handle": made["handle"].upper()}, caller=owner
    )
    assert answer.json["handle"] == made["handle"].upper()
    assert answer.json["former_handles"] == []


def test_what_is_left_out_of_a_change_stays(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    made = make_channel(owner, description="Old", links=[{"label": "A", "url": "https://a.example/"}])
    answer = channels.call("PATCH", f"/api/channels/{made['channel_id']}", {"name": "New"}, caller=owner)
    assert answer.json == {**made, "name": "New"}
    cleared = channels.call("PATCH", f"/api/channels/{made['channel_id']}", {"links": []}, caller=owner)
    assert cleared.json["links"] == []


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "\tjavascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "ftp://files.example/",
        "//evil.example/",
        "/api/auth",
        "ada.example",
        "https://",
        "https:///path",
        "https://millrace.example@evil.example/",
        "https://user:secret@evil.example/",
        "https://evil.example\\@millrace.example/",
        "https://a b.example/",
        "https://localhost/",
        "https://a.example/\u202egpj.exe",
        "https://a.example/" + "x" * 500,
    ],
)
def test_only_plain_web_addresses_are_links(channels: Gateway, url: str) -> None:
    draft = {"handle": fresh_handle(), "name": "x", "links": [{"label": "Click", "url": url}]}
    answer = channels.call("POST", "/api/channels", draft, caller=somebody())
    assert answer.status == 422, answer.body
    assert list(answer.refused_fields) == ["links.0.url"]


def test_scripts_in_texts_are_kept_as_texts_and_never_as_a_document(channels: Gateway, make_channel: Make) -> None:
    script = "<script>alert(1)</script>"
    made = make_channel(somebody(), name=script, description=script)
    answer = channels.call("GET", f"/api/channels/{made['channel_id']}")
    assert (answer.json["name"], answer.json["description"]) == (script, script)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "extra", [{"owner_id": new_id()}, {"follower_count": 9}, {"is_hidden": False}, {"version": 7}, {"channel_id": "x"}]
)
def test_nothing_else_can_be_assigned(channels: Gateway, make_channel: Make, extra: dict[str, Any]) -> None:
    owner = somebody()
    made = make_channel(owner)
    draft = {"handle": fresh_handle(), "name": "x", **extra}
    assert channels.call("POST", "/api/channels", draft, caller=owner).status == 422
    assert channels.call("PATCH", f"/api/channels/{made['channel_id']}", extra, caller=owner).status == 422


ROUTES_OF_OWNERS: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "Mine now"}),
    ("POST", "/banner", {"content_type": "image/png", "size_bytes": 9}),
    ("PUT", "/banner", {"banner_id": "01kc3v9m5t3q8x5f0h2j4n6p8r"}),
    ("DELETE", "/banner", None),
    ("POST", "/stream-keys", {}),
    ("GET", "/stream-keys", None),
    ("DELETE", "/stream-keys/01kc3v9m5t3q8x5f0h2j4n6p8r", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES_OF_OWNERS)
def test_anothers_channel_cannot_be_touched_even_by_an_admin(
    channels: Gateway, make_channel: Make, method: str, path: str, body: Any
) -> None:
    address = f"/api/channels/{make_channel(somebody())['channel_id']}{path}"
    for caller in (somebody(), somebody("viewer", "creator", "moderator", "admin")):
        answer = channels.call(method, address, body, caller=caller)
        assert (answer.status, answer.problem) == (403, "not-your-channel")
    assert channels.call(method, address, body).status == 401
    gone = channels.call(method, f"/api/channels/{new_id()}{path}", body, caller=somebody())
    assert (gone.status, gone.problem) == (404, "channel-gone")


def test_a_viewer_who_is_no_creator_publishes_nothing(channels: Gateway) -> None:
    draft = {"handle": fresh_handle(), "name": "x"}
    answer = channels.call("POST", "/api/channels", draft, caller=somebody("viewer"))
    assert (answer.status, answer.problem) == (403, "may-not-publish")


def test_two_changes_at_once_never_mix(world: World, channels: Gateway, make_channel: Make) -> None:
    made = make_channel(somebody())
    seen = store.get(ChannelId(made["channel_id"]))
    store.change(seen, replace(seen, name="First"))
    with pytest.raises(ChannelChangedMeanwhile):
        store.change(seen, replace(seen, name="Second"))
    with pytest.raises(ChannelChangedMeanwhile):
        store.rename(seen, replace(seen, handle=fresh_handle(), former_handles=service._former_handles(seen, "x")))
    assert store.get(seen.channel_id).name == "First"


@pytest.mark.parametrize("address", ["@", "@nobody-has-this", "not-an-id", "@" + "x" * 200, "@a%2F..%2Fb", new_id()])
def test_what_is_no_channel_is_a_404(channels: Gateway, address: str) -> None:
    assert channels.call("GET", f"/api/channels/{address}").status == 404


def test_the_channels_of_a_suspended_account_are_hidden_until_it_is_restored(
    channels: Gateway, make_channel: Make
) -> None:
    owner, other = somebody(), somebody()
    made = make_channel(owner)
    address = f"/api/channels/{made['channel_id']}"

    service.hide_of_owner(owner.user_id)
    service.hide_of_owner(owner.user_id)

    assert channels.call("GET", address).status == 404
    assert channels.call("GET", f"/api/channels/@{made['handle']}").status == 404
    assert channels.call("PUT", f"{address}/follow", caller=other).status == 404
    assert channels.call("GET", "/api/me/channels", caller=owner).json["items"][0]["is_hidden"] is True
    draft = {"handle": fresh_handle(), "name": "x"}
    refused = channels.call("POST", "/api/channels", draft, caller=owner)
    assert (refused.status, refused.problem) == (403, "may-not-publish")

    service.show_of_owner(owner.user_id)

    assert channels.call("GET", address).json["follower_count"] == 0
    assert channels.call("POST", "/api/channels", draft, caller=owner).status == 201


def test_an_edit_may_name_the_state_that_it_changes(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    address = f"/api/channels/{make_channel(owner)['channel_id']}"
    tag = channels.call("GET", address).headers["ETag"]
    changed = channels.call("PATCH", address, {"name": "First"}, caller=owner, If_Match=tag)
    assert changed.status == 200
    assert changed.headers["ETag"] != tag
    stale = channels.call("PATCH", address, {"name": "Second"}, caller=owner, If_Match=tag)
    assert stale.status == 412
    assert channels.call("GET", address).json["name"] == "First"
    assert channels.call("GET", address).headers["ETag"] == changed.headers["ETag"]
    # Followers do not make another state of it.
    channels.call("PUT", f"{address}/follow", caller=somebody())
    assert channels.call("GET", address).headers["ETag"] == changed.headers["ETag"]
