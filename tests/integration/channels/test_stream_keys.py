"""Stream keys: shown once, stored hashed, listed by prefix, revoked for good."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from millrace.channels import service
from millrace.channels.errors import TooManyStreamKeys
from millrace.channels.service import verify_stream_key
from millrace.channels.stream_keys import service as stream_keys
from millrace.platform.ids import ChannelId, new_id
from tests.integration.channels.conftest import World, somebody
from tests.integration.gateway import Gateway

Make = Callable[..., dict[str, Any]]


def test_a_key_is_shown_once_opens_its_channel_and_is_stored_only_as_a_hash(
    channels: Gateway, make_channel: Make, world: World
) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    address = f"/api/channels/{channel_id}/stream-keys"

    answer = channels.call("POST", address, {"label": "Studio"}, caller=owner)

    assert answer.status == 201, answer.body
    secret = answer.json["stream_key"]
    assert verify_stream_key(secret) == channel_id
    listed = channels.call("GET", address, caller=owner)
    assert listed.json["items"] == [answer.json["key"]]
    assert secret.startswith(answer.json["key"]["prefix"])
    stored = json.dumps(world.everything_in("STREAM_KEYS_TABLE"))
    for text in (stored, listed.body):
        assert secret not in text
        assert secret[-20:] not in text
    assert hashlib.sha256(secret.encode()).hexdigest() in stored


def test_a_revoked_key_opens_nothing_and_makes_room(channels: Gateway, make_channel: Make, world: World) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    address = f"/api/channels/{channel_id}/stream-keys"
    kept, lost = (channels.call("POST", address, {}, caller=owner).json for _ in range(2))

    assert channels.call("DELETE", f"{address}/{lost['key']['key_id']}", caller=owner).status == 204

    assert verify_stream_key(lost["stream_key"]) is None
    assert verify_stream_key(kept["stream_key"]) == channel_id
    assert [key["key_id"] for key in channels.call("GET", address, caller=owner).json["items"]] == [
        kept["key"]["key_id"]
    ]
    again = channels.call("DELETE", f"{address}/{lost['key']['key_id']}", caller=owner)
    assert (again.status, again.problem) == (404, "stream-key-gone")
    assert lost["key"]["key_id"] not in json.dumps(world.everything_in("STREAM_KEYS_TABLE"))


def test_a_key_cannot_be_revoked_through_another_channel(channels: Gateway, make_channel: Make) -> None:
    owner, thief = somebody(), somebody()
    victim, own = make_channel(owner)["channel_id"], make_channel(thief)["channel_id"]
    made = channels.call("POST", f"/api/channels/{victim}/stream-keys", {}, caller=owner).json
    path = f"stream-keys/{made['key']['key_id']}"
    assert channels.call("DELETE", f"/api/channels/{own}/{path}", caller=thief).status == 404
    assert channels.call("DELETE", f"/api/channels/{victim}/{path}", caller=thief).status == 403
    assert verify_stream_key(made["stream_key"]) == victim


def test_a_channel_has_ten_keys_however_many_are_asked_for_at_once(make_channel: Make) -> None:
    channel_id = ChannelId(make_channel(somebody())["channel_id"])

    def ask(_: int) -> str | None:
        try:
            return stream_keys.create_stream_key(channel_id, "").secret
        except TooManyStreamKeys:
            return None

    with ThreadPoolExecutor(13) as pool:
        made = [secret for secret in pool.map(ask, range(13)) if secret]
    assert len(made) == len(set(made)) == len(stream_keys.list_stream_keys(channel_id)) == 10
    stream_keys.revoke_stream_key(channel_id, stream_keys.list_stream_keys(channel_id)[0].key_id)
    assert ask(0) is not None
    assert ask(0) is None


def test_the_key_of_a_suspended_owner_opens_nothing(make_channel: Make) -> None:
    owner = somebody()
    channel_id = ChannelId(make_channel(owner)["channel_id"])
    secret = stream_keys.create_stream_key(channel_id, "").secret
    service.hide_of_owner(owner.user_id)
    assert verify_stream_key(secret) is None
    service.show_of_owner(owner.user_id)
    assert verify_stream_key(secret) == channel_id


@pytest.mark.parametrize(
    "text", ["", "live_", "live_" + "a" * 52, "live_" + "a" * 51, "x" * 100_000, "live_" + "A" * 52, "\x00", new_id()]
)
def test_what_is_no_key_opens_nothing(world: World, text: str) -> None:
    assert verify_stream_key(text) is None


def test_neither_the_hash_nor_the_prefix_is_a_key(make_channel: Make, world: World) -> None:
    shown = stream_keys.create_stream_key(ChannelId(make_channel(somebody())["channel_id"]), "")
    for text in (shown.key.key_hash, shown.key.prefix, shown.secret + " ", shown.secret.upper(), shown.secret[:-1]):
        assert verify_stream_key(text) is None


def test_only_a_creator_makes_keys(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    address = f"/api/channels/{make_channel(owner)['channel_id']}/stream-keys"
    demoted = type(owner)(owner.user_id, frozenset({"viewer"}))
    answer = channels.call("POST", address, {}, caller=demoted)
    assert (answer.status, answer.problem) == (403, "may-not-publish")
