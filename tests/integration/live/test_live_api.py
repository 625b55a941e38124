"""The API of live streams: who sees what, and what owners may do while they are live."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from millrace.channels import service as channels
from millrace.channels.messages import ChannelDraft
from millrace.channels.stream_keys.service import create_stream_key
from millrace.live import store
from millrace.live.model import LEASE, RECONNECT_WINDOW_S, SessionState
from millrace.live.sweeping import RECORDED_WITHIN
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import LiveSessionId, UserId, new_id
from tests.integration.gateway import Gateway, load_function, trusting
from tests.integration.live.conftest import Ingest, Studio, World
from tests.integration.live.media import Film


@pytest.fixture
def api(container: object) -> Gateway:
    return Gateway(trusting("live"))


@pytest.fixture
def live(ingest: Ingest, studio: Studio) -> dict[str, Any]:
    """A stream that can be watched."""
    grant: dict[str, Any] = ingest.open(studio.stream_key).json
    ingest.beat(grant, health={"key_frame_interval_s": 8.0, "bitrate_bps": 3_000_000})
    return grant


@pytest.fixture
def stranger() -> Caller:
    return Caller(UserId(new_id()), frozenset({"viewer"}))


@pytest.fixture
def signing_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret = world.server.client("secretsmanager").create_secret(Name=new_id(), SecretString=pem.decode())
    monkeypatch.setenv("MEDIA_KEY_SECRET", secret["ARN"])
    monkeypatch.setenv("MEDIA_KEY_ID", "K1")


def test_a_stream_is_listed_while_it_is_live(api: Gateway, ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    path = f"/api/channels/@{studio.channel.handle}/live"

    def found() -> list[str]:
        return [item["session_id"] for item in api.call("GET", "/api/live?limit=100").json["items"]]

    assert grant["session_id"] not in found()
    assert api.call("GET", path).json["stream"] is None
    assert api.call("GET", path, caller=studio.owner).json["stream"]["state"] == "starting"
    ingest.beat(grant)
    assert grant["session_id"] in found()
    shown = api.call("GET", path).json["stream"]
    assert shown["state"] == "live"
    assert shown["hls_url"] == f"https://mill.example/live/public/{grant['session_id']}/main.m3u8"
    assert shown["is_kept"] is None
    ingest.tell("interrupt", grant)
    assert grant["session_id"] in found()
    ingest.tell("end", grant)
    assert grant["session_id"] not in found()
    assert api.call("GET", path).json["stream"] is None
    assert api.call("GET", f"/api/live/{grant['session_id']}").json["state"] == "ended"


def test_pages_of_streams_go_on_where_they_stopped(api: Gateway, ingest: Ingest, studio: Studio) -> None:
    for _ in range(2):
        owner = Caller(UserId(new_id()), frozenset({"creator"}))
        channel = channels.create(owner.user_id, ChannelDraft(handle=f"mill-{new_id()[-12:]}", name="Mills"))
        ingest.beat(ingest.open(create_stream_key(channel.channel_id, "OBS").secret).json)
    first = api.call("GET", "/api/live?limit=1").json
    second = api.call("GET", f"/api/live?limit=1&cursor={first['next_cursor']}").json
    assert first["items"][0]["session_id"] > second["items"][0]["session_id"]
    assert api.call("GET", "/api/live?cursor=x").status == 422


def test_nobody_else_sees_a_test_stream(api: Gateway, ingest: Ingest, studio: Studio, stranger: Caller) -> None:
    grant = ingest.open(studio.stream_key + "?test=1").json
    ingest.beat(grant)
    path = f"/api/live/{grant['session_id']}"
    assert api.call("GET", path, caller=stranger).problem == "stream-gone"
    assert api.call("GET", path).problem == "stream-gone"
    assert api.call("GET", path, caller=studio.owner).json["is_test"] is True
    assert (
        api.call("GET", f"/api/channels/{studio.channel.channel_id}/live", caller=studio.owner).json["stream"] is None
    )


def test_a_suspended_channel_is_seen_by_nobody(api: Gateway, live: dict[str, Any], studio: Studio) -> None:
    channels.hide_of_owner(studio.owner.user_id)
    assert api.call("GET", f"/api/live/{live['session_id']}").problem == "stream-gone"
    assert live["session_id"] not in [each["session_id"] for each in api.call("GET", "/api/live").json["items"]]


def test_an_owner_changes_title_and_category_while_live(
    world: World, api: Gateway, ingest: Ingest, live: dict[str, Any], studio: Studio
) -> None:
    path = f"/api/live/{live['session_id']}"
    tag = api.call("GET", path, caller=studio.owner).headers["ETag"]
    world.heard()
    changes = {"title": "Grinding  oats", "category": "howto", "is_kept": False}
    changed = api.call("PATCH", path, changes, caller=studio.owner, If_Match=tag)
    assert changed.status == 200, changed.body
    assert (changed.json["title"], changed.json["category"], changed.json["is_kept"]) == (
        "Grinding oats",
        "howto",
        False,
    )
    assert [event["detail-type"] for event in world.heard()] == ["StreamChanged"]
    assert ingest.beat(live).json["title"] == "Grinding oats"
    stale = api.call("PATCH", path, {"title": "Wheat"}, caller=studio.owner, If_Match=tag)
    assert (stale.status, stale.problem) == (412, "stale")


def test_beats_do_not_make_an_edit_stale(api: Gateway, ingest: Ingest, live: dict[str, Any], studio: Studio) -> None:
    path = f"/api/live/{live['session_id']}"
    tag = api.call("GET", path, caller=studio.owner).headers["ETag"]
    ingest.beat(live)
    assert api.call("PATCH", path, {"title": "Wheat"}, caller=studio.owner, If_Match=tag).status == 200


@pytest.mark.parametrize(("method", "verb"), [("PATCH", ""), ("POST", "/end"), ("GET", "/health")])
def test_a_stream_is_its_owners_alone(
    api: Gateway, live: dict[str, Any], stranger: Caller, method: str, verb: str
) -> None:
    body = {"title": "Mine"} if method == "PATCH" else None
    answer = api.call(method, f"/api/live/{live['session_id']}{verb}", body, caller=stranger)
    assert (answer.status, answer.problem) == (403, "not-your-stream")


def test_an_owner_ends_a_stream_by_its_ingest(
    api: Gateway, ingest: Ingest, live: dict[str, Any], studio: Studio
) -> None:
    path = f"/api/live/{live['session_id']}"
    for _ in range(2):
        assert api.call("POST", f"{path}/end", caller=studio.owner).json["is_end_asked"] is True
    assert ingest.beat(live).json["command"] == "end"
    ingest.tell("end", live)
    assert api.call("POST", f"{path}/end", caller=studio.owner).json["state"] == "ended"
    assert api.call("PATCH", path, {"title": "Late"}, caller=studio.owner).problem == "stream-ended"


def test_an_owner_ends_an_interrupted_stream_at_once(
    api: Gateway, ingest: Ingest, live: dict[str, Any], studio: Studio
) -> None:
    ingest.tell("interrupt", live)
    answer = api.call("POST", f"/api/live/{live['session_id']}/end", caller=studio.owner)
    assert answer.json["state"] == "ended"


def test_health_comes_with_advice_in_words(api: Gateway, live: dict[str, Any], studio: Studio) -> None:
    found = api.call("GET", f"/api/live/{live['session_id']}/health", caller=studio.owner).json
    assert found["health"]["bitrate_bps"] == 3_000_000
    assert any("8" in each["message"] and "OBS" in each["message"] for each in found["advice"])


def test_a_public_stream_is_played_without_cookies(api: Gateway, live: dict[str, Any]) -> None:
    answer = api.call("POST", f"/api/live/{live['session_id']}/playback")
    assert answer.json["expires_at"] is None
    assert "Set-Cookie" not in answer.headers
    assert answer.json["dash_url"].endswith("/manifest.mpd")


def test_a_private_stream_is_opened_by_cookies_for_all_of_its_folders(
    signing_key: None, ingest: Ingest, studio: Studio
) -> None:
    api = Gateway(trusting("live"))
    grant = ingest.open(studio.stream_key + "?test=1").json
    path = f"/api/live/{grant['session_id']}/playback"
    assert api.call("POST", path, caller=studio.owner).problem == "stream-not-started"
    ingest.beat(grant)
    assert api.call("POST", path).problem == "stream-gone"
    event = api.call("POST", path, caller=studio.owner)
    assert event.status == 200, event.body
    assert event.json["hls_url"].startswith("https://mill.example/live/private/")


def test_the_clock_tells_the_time(api: Gateway) -> None:
    answer = api.call("GET", "/api/live/clock")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert abs(datetime.fromisoformat(answer.body) - now()) < timedelta(minutes=1)


def test_a_stream_that_was_announced_is_the_one_that_begins(api: Gateway, ingest: Ingest, studio: Studio) -> None:
    path = f"/api/channels/{studio.channel.channel_id}/scheduled-streams"
    soon = {"starts_at": (now() + timedelta(minutes=10)).isoformat(), "title": "Oats"}
    later = {"starts_at": (now() + timedelta(days=2)).isoformat(), "title": "Rye", "visibility": "unlisted"}
    for draft in (later, soon):
        assert api.call("POST", path, draft, caller=studio.owner).status == 201
    assert [each["title"] for each in api.call("GET", path, caller=studio.owner).json["items"]] == ["Oats", "Rye"]
    assert [each["title"] for each in api.call("GET", path).json["items"]] == ["Oats"]
    assert ingest.open(studio.stream_key).json["title"] == "Oats"
    assert [each["title"] for each in api.call("GET", path, caller=studio.owner).json["items"]] == ["Rye"]


def test_an_announcement_can_be_changed_and_called_off(api: Gateway, studio: Studio, stranger: Caller) -> None:
    path = f"/api/channels/{studio.channel.channel_id}/scheduled-streams"
    draft = {"starts_at": (now() + timedelta(days=1)).isoformat(), "title": "Oats"}
    made = api.call("POST", path, draft, caller=studio.owner).json
    one = f"{path}/{made['scheduled_id']}"
    assert api.call("PATCH", one, {"title": "Rye"}, caller=studio.owner).json["title"] == "Rye"
    assert api.call("PATCH", one, {"title": "Rye"}, caller=stranger).problem == "not-your-channel"
    past = {"starts_at": (now() - timedelta(days=1)).isoformat()}
    assert api.call("PATCH", one, past, caller=studio.owner).status == 422
    for _ in range(2):
        assert api.call("DELETE", one, caller=studio.owner).status == 204
    assert api.call("PATCH", one, {"title": "Rye"}, caller=studio.owner).problem == "scheduled-stream-gone"


@pytest.fixture
def sweeper(container: object) -> Any:
    return load_function("watch_live")


def later_by(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    for module in ("sweeping", "ending"):
        monkeypatch.setattr(f"millrace.live.{module}.now", lambda: now() + by)


def test_a_session_that_nobody_came_back_to_ends_by_itself(
    world: World, ingest: Ingest, live: dict[str, Any], sweeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = Film(world, live)
    film.begin()
    film.open()
    film.part()
    sweeper.handler({}, None)
    session_id = LiveSessionId(live["session_id"])
    assert store.get(session_id).state is SessionState.LIVE
    later_by(monkeypatch, LEASE + timedelta(seconds=RECONNECT_WINDOW_S + 1))
    sweeper.handler({}, None)
    ended = store.get(session_id)
    assert ended.state is SessionState.ENDED
    assert world.stored(film.place.segment_key("audio", 0, 1))


def test_the_stream_of_a_suspended_channel_is_told_to_end(
    ingest: Ingest, live: dict[str, Any], studio: Studio, sweeper: Any
) -> None:
    channels.hide_of_owner(studio.owner.user_id)
    sweeper.handler({}, None)
    assert ingest.beat(live).json["command"] == "end"


def test_a_recording_that_was_forgotten_is_asked_for_again(
    world: World, ingest: Ingest, live: dict[str, Any], sweeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.tell("end", live)
    world.heard()
    sweeper.handler({}, None)

    def asked_for() -> list[str]:
        return [event["detail"]["session_id"] for event in world.heard() if event["detail-type"] == "StreamEnded"]

    assert live["session_id"] not in asked_for()
    later_by(monkeypatch, RECORDED_WITHIN + timedelta(seconds=1))
    sweeper.handler({}, None)
    assert live["session_id"] in asked_for()
