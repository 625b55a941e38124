"""Events: their form on the bus, and what happens when the bus refuses."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from millrace.platform import clients, events
from millrace.platform.ids import UserId, VideoId, is_id

VIDEO, OWNER = VideoId("v"), UserId("u")


class Bus:
    """The part of EventBridge that we use; it throttles what it is told to, in turn."""

    def __init__(self, *refused: set[int]) -> None:
        self.refused = list(refused)
        self.calls: list[list[dict[str, Any]]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the client's own name
        self.calls.append(list(Entries))
        refused = self.refused.pop(0) if self.refused else set()
        results = [
            {"ErrorCode": "ThrottlingException"} if i in refused else {"EventId": "x"} for i in range(len(Entries))
        ]
        return {"FailedEntryCount": len(refused), "Entries": results}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setenv("EVENT_BUS", "the-bus")
    monkeypatch.setattr(clients, "events", lambda: bus)
    monkeypatch.setattr(events, "RETRY_WAITS_S", (0.0, 0.0))
    return bus


def ready(number: int = 0) -> events.VideoReady:
    return events.VideoReady(video_id=VIDEO, owner_id=OWNER, duration_ms=number)


def test_an_event_has_an_id_a_moment_and_a_version() -> None:
    event = ready()
    assert is_id(event.event_id)
    assert event.occurred_at.tzinfo is not None
    assert event.version == 1
    with pytest.raises(ValidationError):
        event.duration_ms = 2


@pytest.mark.parametrize("event_type", events.EVENTS.values(), ids=lambda event_type: event_type.__name__)
def test_every_event_comes_back_from_the_bus_as_it_was(event_type: type[events.DomainEvent]) -> None:
    samples: dict[Any, Any] = {bool: True, int: 1, str: "a text", str | None: "a text"}
    required = {name: info for name, info in event_type.model_fields.items() if info.is_required()}
    # Ids are texts with a name of their own.
    values: dict[str, Any] = {name: samples.get(info.annotation, "an id") for name, info in required.items()}
    made = event_type(**values)
    assert events.parse(event_type.__name__, made.model_dump(mode="json")) == made


def test_a_newer_producer_may_say_more() -> None:
    detail = {**ready().model_dump(mode="json"), "width_px": 1920}
    assert isinstance(events.parse("VideoReady", detail), events.VideoReady)


def test_what_is_not_ours_is_unknown() -> None:
    with pytest.raises(events.UnknownEvent):
        events.parse("Object Created", {})


@given(st.integers(0, 35))
def test_events_leave_in_batches_of_ten_in_order(count: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        bus = Bus()
        patch.setenv("EVENT_BUS", "the-bus")
        patch.setattr(clients, "events", lambda: bus)
        events.publish(*(ready(number) for number in range(count)))
    sent = [events.VideoReady.model_validate_json(entry["Detail"]) for call in bus.calls for entry in call]
    assert [event.duration_ms for event in sent] == list(range(count))
    assert all(len(call) <= 10 for call in bus.calls)
    assert all(entry["Source"] == "millrace" and entry["DetailType"] == "VideoReady" for c in bus.calls for entry in c)


def test_only_refused_events_are_sent_again(bus: Bus) -> None:
    bus.refused = [{1, 2}, {1}]
    events.publish(ready(0), ready(1), ready(2))
    sent = [[events.VideoReady.model_validate_json(entry["Detail"]).duration_ms for entry in c] for c in bus.calls]
    assert sent == [[0, 1, 2], [1, 2], [2]]


def test_events_that_stay_refused_are_reported(bus: Bus) -> None:
    bus.refused = [{0}, {0}, {0}]
    with pytest.raises(events.EventsNotPublished) as failure:
        events.publish(ready(0), ready(1))
    assert failure.value.count == 1
    assert len(bus.calls) == 3


def test_a_bus_that_does_not_answer_is_reported(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="x")

    monkeypatch.setattr(bus, "put_events", unreachable)
    with pytest.raises(events.EventsNotPublished):
        events.publish(ready())
