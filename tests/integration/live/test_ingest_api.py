"""The ingest API: who may stream, one session through disconnects, and what a lost ingest leaves behind."""

from datetime import timedelta
from typing import Any

import pytest

from millrace.channels import service as channels
from millrace.channels.stream_keys.service import list_stream_keys, revoke_stream_key
from millrace.live import model, store
from millrace.live.edge import store as edge_store
from millrace.live.errors import LeaseLost
from millrace.live.model import LEASE, RECONNECT_WINDOW_S, SessionState
from millrace.platform.clock import now
from millrace.platform.ids import LiveSessionId
from tests.integration.live.conftest import Ingest, Studio, World
from tests.integration.live.media import AUDIO, SMALL, SOURCE, Film


def state_of(grant: dict[str, Any]) -> SessionState:
    return store.get(LiveSessionId(grant["session_id"])).state


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let the API's clock go on."""
    for module in ("ingesting", "ending"):
        monkeypatch.setattr(f"millrace.live.{module}.now", lambda: now() + by)


def told(world: World, grant: dict[str, Any]) -> list[str]:
    return [event["detail-type"] for event in world.heard() if event["detail"].get("session_id") == grant["session_id"]]


def test_nobody_without_the_secret_is_heard(ingest: Ingest, studio: Studio) -> None:
    body = {"stream_key": studio.stream_key, "ingest_id": "a"}
    answer = ingest.call("POST", "", body, secret="another")
    assert (answer.status, answer.problem) == (401, "bad-ingest-secret")


@pytest.mark.parametrize("key", ["", "live_", "live_" + "a" * 52, "live_" + "a" * 52 + "?test=1", "ü"])
def test_an_unknown_key_is_refused(ingest: Ingest, key: str) -> None:
    answer = ingest.open(key)
    assert (answer.status, answer.problem) == (403, "stream-key-unknown")
    assert "key" in answer.json["detail"]


def test_a_revoked_key_is_refused(ingest: Ingest, studio: Studio) -> None:
    channel_id = studio.channel.channel_id
    revoke_stream_key(channel_id, list_stream_keys(channel_id)[0].key_id)
    assert ingest.open(studio.stream_key).problem == "stream-key-unknown"


def test_a_suspended_channel_is_refused(ingest: Ingest, studio: Studio) -> None:
    channels.hide_of_owner(studio.owner.user_id)
    assert ingest.open(studio.stream_key).problem == "channel-suspended"


def test_a_stream_goes_through_its_life(world: World, ingest: Ingest, studio: Studio) -> None:
    opened = ingest.open(studio.stream_key)
    grant = opened.json
    assert opened.status == 201
    assert (grant["epoch"], grant["period"], grant["next_segment"], grant["next_part"]) == (1, 0, 1, {})
    assert grant["home"] == "public"
    assert state_of(grant) is SessionState.STARTING
    assert ingest.beat(grant, has_media=False).json["state"] == "starting"
    beaten = ingest.beat(grant).json
    assert (beaten["state"], beaten["command"], beaten["title"]) == ("live", "go_on", "Mills live")
    assert ingest.tell("interrupt", grant).json["state"] == "interrupted"
    again = ingest.open(studio.stream_key).json
    assert again["session_id"] == grant["session_id"]
    assert again["epoch"] == 2
    assert ingest.beat(again).json["state"] == "live"
    assert ingest.tell("end", again).json["state"] == "ended"
    assert ingest.tell("end", again).json["state"] == "ended"
    assert told(world, grant) == ["StreamStarted", "StreamInterrupted", "StreamResumed", "StreamEnded"]


def test_a_second_publisher_is_refused_while_the_first_sends(ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    ingest.beat(grant)
    answer = ingest.open(studio.stream_key)
    assert (answer.status, answer.problem) == (409, "already-live")


def test_an_ingest_that_did_not_hear_the_answer_gets_it_again(ingest: Ingest, studio: Studio) -> None:
    lost = ingest.open(studio.stream_key).json
    again = ingest.open(studio.stream_key).json
    assert (again["session_id"], again["epoch"]) == (lost["session_id"], 2)
    assert Ingest(ingest.gateway, "ingest-b").open(studio.stream_key).problem == "already-live"
    ingest.beat(again)
    assert ingest.open(studio.stream_key).problem == "already-live"


def test_a_publisher_that_fell_silent_gives_way_at_once(ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    ingest.beat(grant, health={"silent_ms": model.SILENT_MS})
    taken = ingest.open(studio.stream_key).json
    assert (taken["session_id"], taken["epoch"]) == (grant["session_id"], 2)
    assert ingest.beat(grant).problem == "lease-lost"


def test_an_ingest_without_beats_gives_way(ingest: Ingest, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = ingest.open(studio.stream_key).json
    ingest.beat(grant)
    later(monkeypatch, LEASE)
    taken = ingest.open(studio.stream_key).json
    assert (taken["session_id"], taken["epoch"]) == (grant["session_id"], 2)


def test_whoever_comes_after_the_window_begins_a_new_session(
    world: World, ingest: Ingest, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = ingest.open(studio.stream_key).json
    ingest.beat(grant)
    later(monkeypatch, LEASE + timedelta(seconds=RECONNECT_WINDOW_S))
    fresh = ingest.open(studio.stream_key).json
    assert fresh["session_id"] != grant["session_id"]
    assert state_of(grant) is SessionState.ENDED
    assert ingest.beat(grant).problem == "lease-lost"
    assert told(world, grant)[-1] == "StreamEnded"


def test_a_test_stream_is_private_and_beside_the_real_one(ingest: Ingest, studio: Studio) -> None:
    real = ingest.open(studio.stream_key).json
    ingest.beat(real)
    test = ingest.open(studio.stream_key + "?test=1").json
    assert test["session_id"] != real["session_id"]
    assert (test["is_test"], test["home"]) == (True, "private")
    assert not store.get(LiveSessionId(test["session_id"])).is_listed


def test_an_owner_who_wants_the_end_is_heard_with_the_next_beat(ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    session = store.get(LiveSessionId(grant["session_id"]))
    store.change(session, session.model_copy(update={"is_end_asked": True}))
    assert ingest.beat(grant).json["command"] == "end"


def test_a_new_stream_says_what_the_last_one_said(ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    assert grant["title"] == "Mills live"
    session = store.get(LiveSessionId(grant["session_id"]))
    store.change(session, session.model_copy(update={"title": "Grinding oats"}))
    ingest.tell("end", grant)
    assert ingest.open(studio.stream_key).json["title"] == "Grinding oats"


def test_another_ingest_makes_a_segment_of_what_was_shown(world: World, ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    film = Film(world, grant)
    film.begin()
    film.whole(2)
    film.open()
    for _ in range(2):
        film.part()
    film.part([AUDIO])
    ingest.tell("interrupt", grant)
    taken = Ingest(ingest.gateway, "ingest-b").open(studio.stream_key).json
    assert (taken["period"], taken["next_segment"]) == (1, 4)
    assert taken["next_part"] == {"video_source": 1014, "video_240p": 1014, "audio": 1015}
    sealed = edge_store.segments(film.session_id)[-1]
    assert sealed.number == 3
    assert sealed.tracks["audio"].duration == AUDIO.timescale
    assert sealed.tracks[SOURCE.name].duration == 2 * SOURCE.timescale // 3
    stored = world.stored(film.place.segment_key("audio", 0, 3))
    assert list(stored.values()) == [b"[audio 12][audio 13][audio 14]"]


def test_a_number_that_nothing_came_of_hides_nothing_behind_it(world: World, ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    film = Film(world, grant)
    film.begin()
    film.whole()
    film.segment += 1
    film.open()
    film.part()
    ingest.tell("interrupt", grant)
    assert ingest.open(studio.stream_key).json["next_segment"] == 4
    found = edge_store.segments(film.session_id)
    assert [(segment.number, segment.is_hole) for segment in found] == [(1, False), (2, True), (3, False)]


def test_a_track_that_lagged_behind_has_a_gap(world: World, ingest: Ingest, studio: Studio) -> None:
    grant = ingest.open(studio.stream_key).json
    film = Film(world, grant)
    film.begin()
    film.whole()
    film.open([SOURCE, AUDIO])
    film.part([SOURCE, AUDIO])
    ingest.tell("interrupt", grant)
    taken = ingest.open(studio.stream_key).json
    assert taken["next_segment"] == 3
    assert sorted(edge_store.segments(film.session_id)[-1].tracks) == sorted([SOURCE.name, AUDIO.name])
    assert SMALL.name in taken["next_part"]


def test_the_next_ingest_goes_on_where_the_last_one_stopped(world: World, ingest: Ingest, studio: Studio) -> None:
    film = Film(world, ingest.open(studio.stream_key).json)
    film.begin()
    film.whole(2)
    ingest.tell("interrupt", film.grant)
    film = Film(world, ingest.open(studio.stream_key).json)
    film.begin()
    film.whole(2)
    ingest.tell("end", film.grant)
    assert [(found.number, found.period) for found in edge_store.segments(film.session_id)] == [
        (1, 0),
        (2, 0),
        (3, 1),
        (4, 1),
    ]
    assert edge_store.shown(film.session_id).head.has_ended


def test_an_ended_session_cannot_be_written_any_more(world: World, ingest: Ingest, studio: Studio) -> None:
    film = Film(world, ingest.open(studio.stream_key).json)
    film.begin()
    film.whole()
    ingest.tell("end", film.grant)
    film.open()
    with pytest.raises(LeaseLost):
        film.part()
