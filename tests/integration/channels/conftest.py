"""A real emulator with what channels need: tables as in the template, buckets, and a bus that we can hear."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from millrace.platform.caller import Caller
from millrace.platform.ids import UserId, new_id
from tests.integration.emulator import servers
from tests.integration.gateway import Gateway, forget_container, trusting
from tests.integration.tables import make_table

TABLES = {
    "CHANNELS_TABLE": "ChannelsTable",
    "FOLLOWS_TABLE": "FollowsTable",
    "STREAM_KEYS_TABLE": "StreamKeysTable",
}
BUS = "channels-test"


@dataclass(frozen=True)
class World:
    """The resources, and the server that keeps them."""

    server: servers.Server
    tables: dict[str, str]
    uploads: str
    media: str
    heard_queue: str

    def everything_in(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.server.client("dynamodb").scan(TableName=self.tables[table])["Items"]
        return found

    def heard(self) -> list[dict[str, Any]]:
        """Return the events that reached the bus since the last call."""
        answer = self.server.client("sqs").receive_message(QueueUrl=self.heard_queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        servers.running(tmp_path_factory.mktemp("channels") / "state", is_stock=False) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        made = _make_world(server)
        settings = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "UPLOADS_BUCKET": made.uploads,
            "MEDIA_BUCKET": made.media,
            "EVENT_BUS": BUS,
            **made.tables,
        }
        for name, value in settings.items():
            environment.setenv(name, value)
        forget_container()
        yield made
    forget_container()


@pytest.fixture
def channels(world: World) -> Gateway:
    """The channels function, in a container that has just started."""
    forget_container()
    return Gateway(trusting("channels"))


@pytest.fixture
def make_channel(channels: Gateway) -> Callable[..., dict[str, Any]]:
    """Make a channel for somebody; returns what creating it answered."""

    def make(owner: Caller, **changes: Any) -> dict[str, Any]:
        draft = {"handle": fresh_handle(), "name": "Mills", **changes}
        answer = channels.call("POST", "/api/channels", draft, caller=owner)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json
        return made

    return make


def somebody(*roles: str) -> Caller:
    """Return a new person; a creator, unless other roles are given."""
    return Caller(UserId(new_id()), frozenset(roles or ("viewer", "creator")))


def fresh_handle() -> str:
    return f"mill-{new_id()[-12:]}"


def _make_world(server: servers.Server) -> World:
    s3, events, sqs = server.client("s3"), server.client("events"), server.client("sqs")
    uploads, media = f"uploads-{new_id()}", f"media-{new_id()}"
    for bucket in (uploads, media):
        s3.create_bucket(Bucket=bucket)
    events.create_event_bus(Name=BUS)
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["millrace"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "heard", "Arn": arn}])
    tables = {name: make_table(server, logical_id) for name, logical_id in TABLES.items()}
    return World(server, tables, uploads, media, queue)
