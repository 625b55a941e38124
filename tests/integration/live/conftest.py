"""A real emulator with what live streams need: tables as in the template, buckets, and a bus that we can hear."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from millrace.channels import service as channels
from millrace.channels.messages import ChannelDraft
from millrace.channels.model import Channel
from millrace.channels.stream_keys.service import create_stream_key
from millrace.platform.caller import Caller
from millrace.platform.ids import UserId, new_id
from tests.integration.emulator import servers
from tests.integration.gateway import Answer, Gateway, forget_container, load_function
from tests.integration.tables import make_table

TABLES = {
    "CHANNELS_TABLE": "ChannelsTable",
    "STREAM_KEYS_TABLE": "StreamKeysTable",
    "VIDEOS_TABLE": "VideosTable",
    "LIVE_SESSIONS_TABLE": "LiveSessionsTable",
    "LIVE_MEDIA_TABLE": "LiveMediaTable",
    "CLIPS_TABLE": "ClipsTable",
    "SCHEDULED_STREAMS_TABLE": "ScheduledStreamsTable",
    "LIMITS_TABLE": "LimitsTable",
    "ANSWERS_TABLE": "AnswersTable",
}
BUS = "live-test"
SECRET = "the-secret-of-ingests"
# What the distribution proves itself with.
ORIGIN = "0123456789abcdef"


@dataclass(frozen=True)
class World:
    """The resources, and the server that keeps them."""

    server: servers.Server
    media: str
    uploads: str
    heard_queue: str

    def heard(self) -> list[dict[str, Any]]:
        """Return the events that reached the bus since the last call."""
        found: list[dict[str, Any]] = []
        sqs = self.server.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.heard_queue, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=self.heard_queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def stored(self, prefix: str = "") -> dict[str, bytes]:
        """Return the media objects that begin with the prefix."""
        s3 = self.server.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.media, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key: s3.get_object(Bucket=self.media, Key=key)["Body"].read() for key in keys}


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        servers.running(tmp_path_factory.mktemp("live") / "state", is_stock=False) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        made = _make_world(server)
        tables = {name: make_table(server, logical_id) for name, logical_id in TABLES.items()}
        for name, value in {**_settings(made), **tables}.items():
            environment.setenv(name, value)
        forget_container()
        yield made
    forget_container()


@dataclass(frozen=True)
class Studio:
    """Somebody with a channel and a key to stream to it."""

    owner: Caller
    channel: Channel
    stream_key: str


@dataclass(frozen=True)
class Ingest:
    """An ingest as the API sees it."""

    gateway: Gateway
    ingest_id: str = "ingest-a"

    def call(self, method: str, path: str, body: object, secret: str = SECRET) -> Answer:
        return self.gateway.call(method, f"/api/ingest/sessions{path}", body, Authorization=f"Bearer {secret}")

    def open(self, stream_key: str) -> Answer:
        return self.call("POST", "", {"stream_key": stream_key, "ingest_id": self.ingest_id, "client": "OBS"})

    def beat(self, grant: dict[str, Any], **told: Any) -> Answer:
        body = {"epoch": grant["epoch"], "has_media": True, "tracks": ["video_source", "audio"], **told}
        return self.call("PUT", f"/{grant['session_id']}/beat", body)

    def tell(self, verb: str, grant: dict[str, Any]) -> Answer:
        return self.call("POST", f"/{grant['session_id']}/{verb}", {"epoch": grant["epoch"]})


@pytest.fixture
def studio(container: object) -> Studio:
    owner = Caller(UserId(new_id()), frozenset({"viewer", "creator"}))
    channel = channels.create(owner.user_id, ChannelDraft(handle=f"mill-{new_id()[-12:]}", name="Mills"))
    return Studio(owner, channel, create_stream_key(channel.channel_id, "OBS").secret)


@pytest.fixture
def ingest(container: object) -> Ingest:
    return Ingest(Gateway(load_function("live_ingest")))


@pytest.fixture
def container(world: World) -> Callable[[], None]:
    """A container that has just started, and what starts the next one."""
    forget_container()
    return forget_container


def _settings(made: World) -> dict[str, str]:
    secret = made.server.client("secretsmanager").create_secret(Name="ingest", SecretString=SECRET)
    return {
        "INGEST_SECRET": secret["ARN"],
        "AWS_ENDPOINT_URL": made.server.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "MEDIA_BUCKET": made.media,
        "UPLOADS_BUCKET": made.uploads,
        "EVENT_BUS": BUS,
        "ORIGIN_SECRET": ORIGIN,
        "PUBLIC_URL_PARAMETER": "/millrace/public-url",
        "LIMIT_SCALE": "0",
    }


def _make_world(server: servers.Server) -> World:
    parameter = {"Name": "/millrace/public-url", "Value": "https://mill.example", "Type": "String"}
    server.client("ssm").put_parameter(**parameter)
    s3, events, sqs = server.client("s3"), server.client("events"), server.client("sqs")
    media, uploads = f"media-{new_id()}", f"uploads-{new_id()}"
    for bucket in (media, uploads):
        s3.create_bucket(Bucket=bucket)
    events.create_event_bus(Name=BUS)
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["millrace"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "heard", "Arn": arn}])
    return World(server, media, uploads, queue)
