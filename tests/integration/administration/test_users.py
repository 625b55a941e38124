"""Search, suspend and restore: the person is out, their channels hidden, until somebody lets them in again."""

from collections.abc import Callable

import pytest

from millrace.accounts import standing
from millrace.channels import service as channels
from millrace.channels import store as channels_store
from millrace.channels.errors import ChannelGone
from millrace.channels.messages import ChannelDraft
from millrace.channels.service import verify_stream_key
from millrace.channels.stream_keys.service import create_stream_key
from millrace.platform.caller import Caller
from millrace.platform.ids import new_id
from tests.integration.gateway import Gateway

Person = Callable[..., Caller]


def test_an_account_is_found_by_id_address_and_name(admin_api: Gateway, person: Person) -> None:
    admin = person("admin")
    mark = new_id()[-10:]
    wanted = person(email=f"{mark}.grace@example.org", display_name=f"{mark} Hopper")
    for query in (wanted.user_id, f"{mark}.gra", f"{mark.upper()}.GRACE@example", f"{mark}%20hop"):
        items = []
        cursor: str | None = ""
        while cursor is not None:
            page = admin_api.call(
                "GET", f"/api/admin/users?query={query}{cursor and f'&cursor={cursor}'}", caller=admin
            )
            assert page.status == 200, page.body
            items += page.json["items"]
            cursor = page.json["next_cursor"]
        assert [item["user_id"] for item in items] == [wanted.user_id]
        assert items[0]["suspension"] is None
        assert "password" not in page.body


def test_all_accounts_are_listed_page_by_page_each_once(admin_api: Gateway, person: Person) -> None:
    admin = person("admin")
    made = {person().user_id for _ in range(5)} | {admin.user_id}
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = admin_api.call("GET", f"/api/admin/users?limit=2{cursor and f'&cursor={cursor}'}", caller=admin).json
        listed += [item["user_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert made <= set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("cursor", ["x", "e30", "eyJpbiI6Im5hbWVzIn0", "eyJhZnRlciI6eyJwayI6MX0sImluIjoiZW1haWxzIn0"])
def test_a_foreign_cursor_is_refused(admin_api: Gateway, person: Person, cursor: str) -> None:
    admin = person("admin")
    for path in ("users", "audit-log"):
        answer = admin_api.call("GET", f"/api/admin/{path}?cursor={cursor}", caller=admin)
        assert list(answer.refused_fields) == ["cursor"]


def test_a_suspended_person_is_out_and_hidden_until_restored(admin_api: Gateway, person: Person) -> None:
    admin, owner = person("admin"), person("creator")
    channel = channels.create(owner.user_id, ChannelDraft(handle=f"mill-{new_id()[-12:]}", name="Mills"))
    key = create_stream_key(channel.channel_id, "").secret
    address = f"/api/admin/users/{owner.user_id}"

    for reason in ("Spam.", "Spam, again."):
        answer = admin_api.call("POST", f"{address}/suspend", {"reason": reason}, caller=admin)
        assert answer.json["suspension"]["reason"] == reason

    (account,), _ = standing.search(owner.user_id)
    assert account.suspension is not None
    with pytest.raises(ChannelGone):
        channels.get(channel.channel_id)
    assert verify_stream_key(key) is None

    restored = admin_api.call("POST", f"{address}/restore", {"reason": "Apologised."}, caller=admin)

    assert restored.json["suspension"] is None
    assert channels.get(channel.channel_id).channel_id == channel.channel_id
    assert verify_stream_key(key) == channel.channel_id


def test_a_suspension_that_broke_off_is_completed_by_repeating_it(
    admin_api: Gateway, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, owner = person("admin"), person("creator")
    channel = channels.create(owner.user_id, ChannelDraft(handle=f"mill-{new_id()[-12:]}", name="Mills"))
    address = f"/api/admin/users/{owner.user_id}/suspend"

    def broken(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as now_broken:
        now_broken.setattr(channels_store, "set_hidden", broken)
        assert admin_api.call("POST", address, {"reason": "Spam."}, caller=admin).status == 500
    assert not channels.get(channel.channel_id).is_hidden
    assert admin_api.call("POST", address, {"reason": "Spam."}, caller=admin).status == 200
    assert channels_store.get(channel.channel_id).is_hidden


def test_who_is_not_there_cannot_be_suspended(admin_api: Gateway, person: Person) -> None:
    admin = person("admin")
    for method, path in (("GET", ""), ("POST", "/suspend"), ("POST", "/restore")):
        body = {"reason": "x"} if method == "POST" else None
        answer = admin_api.call(method, f"/api/admin/users/{new_id()}{path}", body, caller=admin)
        assert (answer.status, answer.problem) == (404, "account-gone")
