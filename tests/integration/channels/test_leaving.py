"""An account that is deleted leaves nothing behind, and the counts of others stay right."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from millrace.channels import service, store
from millrace.channels.follows import service as follows
from millrace.channels.service import verify_stream_key
from millrace.platform.events import AccountDeleted
from millrace.platform.ids import ChannelId
from tests.integration.channels.conftest import World, fresh_handle, somebody
from tests.integration.channels.test_banners import WIDE, begin, put
from tests.integration.gateway import Gateway, load_function

Make = Callable[..., dict[str, Any]]


def leave(user_id: str) -> None:
    event = AccountDeleted.model_validate({"user_id": user_id})
    detail = json.loads(event.model_dump_json())
    load_function("forget_channels").handler({"detail-type": "AccountDeleted", "detail": detail}, SimpleNamespace())


def test_nothing_of_a_deleted_account_is_left(channels: Gateway, make_channel: Make, world: World) -> None:
    leaver, fan, other = somebody(), somebody(), somebody()
    made = make_channel(leaver)
    channel_id, elsewhere = ChannelId(made["channel_id"]), ChannelId(make_channel(other)["channel_id"])
    channels.call("PATCH", f"/api/channels/{channel_id}", {"handle": fresh_handle()}, caller=leaver)
    address = f"/api/channels/{channel_id}"
    key = channels.call("POST", f"{address}/stream-keys", {}, caller=leaver).json["stream_key"]
    upload = begin(channels, f"{address}/banner", leaver, WIDE)
    put(upload, WIDE)
    channels.call("PUT", f"{address}/banner", {"banner_id": upload["banner_id"]}, caller=leaver)
    follows.follow(fan.user_id, channel_id)
    follows.follow(fan.user_id, elsewhere)
    follows.follow(leaver.user_id, elsewhere)

    leave(leaver.user_id)
    leave(leaver.user_id)

    left = json.dumps([world.everything_in(name) for name in ("CHANNELS_TABLE", "FOLLOWS_TABLE", "STREAM_KEYS_TABLE")])
    for trace in (leaver.user_id, channel_id, made["handle"]):
        assert trace not in left
    prefix = f"media/public/banners/{channel_id}"
    assert "Contents" not in world.server.client("s3").list_objects_v2(Bucket=world.media, Prefix=prefix)
    assert verify_stream_key(key) is None
    assert service.get(elsewhere).follower_count == 1
    assert [follow.channel_id for follow in follows.followed_by(fan.user_id).follows] == [elsewhere]
    # The handle is free for anybody now.
    make_channel(other, handle=made["handle"])


def test_leaving_goes_on_where_it_broke_off(make_channel: Make, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    leaver, fan = somebody(), somebody()
    channel_id = ChannelId(make_channel(leaver)["channel_id"])
    follows.follow(fan.user_id, channel_id)
    with monkeypatch.context() as broken:
        broken.setattr(store, "delete", lambda _: (_ for _ in ()).throw(OSError("the function died")))
        with pytest.raises(OSError, match="died"):
            leave(leaver.user_id)
    leave(leaver.user_id)
    assert service.of_owner(leaver.user_id) == ()
    assert channel_id not in json.dumps(world.everything_in("CHANNELS_TABLE"))


def test_following_a_channel_that_is_gone_can_be_undone(make_channel: Make, world: World) -> None:
    """A follow that slipped in while the channel was being removed goes when its owner leaves."""
    owner, fan = somebody(), somebody()
    channel_id = ChannelId(make_channel(owner)["channel_id"])
    follows.follow(fan.user_id, channel_id)
    store.delete(store.get(channel_id))
    leave(fan.user_id)
    assert fan.user_id not in json.dumps(world.everything_in("FOLLOWS_TABLE"))
