"""A real emulator with what videos need: table, buckets, workflows, a signing key, and a bus that we can hear."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from millrace.channels import store as channels_store
from millrace.costs import store as costs_store
from millrace.platform import clients, site
from millrace.platform import store as platform_store
from millrace.platform.caller import Caller
from millrace.platform.ids import UploadId, UserId, VideoId, new_id
from millrace.platform.steps import Deadline
from millrace.transcode import start
from millrace.transcode.runs import store as runs_store
from millrace.videos import media_keys, owning, store
from millrace.videos.model import Film, Home
from millrace.videos.places import UploadPlace
from millrace.videos.processing import service as processing
from millrace.videos.settling import service as settling
from tests.integration.emulator import servers
from tests.integration.gateway import Gateway, trusting
from tests.integration.tables import make_table

BUS = "videos-test"
SITE = "https://millrace.example"
FILM = Film(
    duration_ms=60_000,
    frame_rate="25",  # type: ignore[arg-type]  # parsed
    width_px=1280,
    height_px=720,
    has_audio=True,
    renditions=("720p",),
    chunk_count=2,
)
# What a version leaves in the media bucket, as the steps write it.
FILES = ("main.m3u8", "manifest.mpd", "poster.jpg", "video_720p/init.mp4", "video_720p/seg_00001.m4s")


@dataclass(frozen=True)
class World:
    """The resources, and the server that keeps them."""

    server: servers.Server
    uploads: str
    media: str
    distribution: str
    heard_queue: str
    workflows: dict[str, str]
    key: rsa.RSAPrivateKey

    def heard(self, video_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the kinds and details of the events about a video so far; those of others are dropped."""
        sqs = self.server.client("sqs")
        found = []
        while messages := sqs.receive_message(QueueUrl=self.heard_queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=self.heard_queue, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                if event["detail"].get("video_id") == video_id:
                    found.append((event["detail-type"], event["detail"]))
        return found

    def keys(self, bucket: str, prefix: str) -> set[str]:
        listed = self.server.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        return {item["Key"] for item in listed.get("Contents", [])}

    def media_of(self, video_id: str) -> dict[str, set[str]]:
        """Return the names of a video's objects by their home."""
        return {
            home.value: {key.split("/", 4)[-1] for key in self.keys(self.media, f"media/{home}/{video_id}/")}
            for home in Home
        }

    def executions(self, workflow: str) -> set[str]:
        arn = self.workflows[workflow]
        listed = self.server.client("stepfunctions").list_executions(stateMachineArn=arn)
        return {item["name"] for item in listed["executions"]}

    def invalidated(self) -> set[str]:
        cloudfront = self.server.client("cloudfront")
        listed = cloudfront.list_invalidations(DistributionId=self.distribution)["InvalidationList"]
        paths: set[str] = set()
        for item in listed.get("Items", ()):
            batch = cloudfront.get_invalidation(DistributionId=self.distribution, Id=item["Id"])["Invalidation"]
            paths |= set(batch["InvalidationBatch"]["Paths"]["Items"])
        return paths


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        servers.running(tmp_path_factory.mktemp("videos") / "state", is_stock=False) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        made, table, secret = _make_world(server)
        settings = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "VIDEOS_TABLE": table,
            "TRANSCODES_TABLE": make_table(server, "TranscodesTable"),
            "COSTS_TABLE": make_table(server, "CostsTable"),
            "ACCOUNT_BUDGET_USD": "1",
            "STACK_BUDGET_USD": "0",
            "TRANSCODE_CONCURRENCY": "8",
            "ENCODE_MEMORY_MB": "10240",
            "CHANNELS_TABLE": make_table(server, "ChannelsTable"),
            "LIMITS_TABLE": make_table(server, "LimitsTable"),
            "ANSWERS_TABLE": make_table(server, "AnswersTable"),
            # Limits are tested elsewhere: here one owner makes many videos.
            "LIMIT_SCALE": "1000",
            "UPLOADS_BUCKET": made.uploads,
            "MEDIA_BUCKET": made.media,
            "DISTRIBUTION_ID": made.distribution,
            "MEDIA_KEY_SECRET": secret,
            "MEDIA_KEY_ID": "KNEWEST",
            "EVENT_BUS": BUS,
            "PUBLIC_URL_PARAMETER": "/videos-test/public-url",
            "TRANSCODE_STATE_MACHINE_ARN": made.workflows["transcode"],
            "SETTLE_STATE_MACHINE_ARN": made.workflows["settle"],
        }
        for name, value in settings.items():
            environment.setenv(name, value)
        forget_container()
        yield made
    forget_container()


@pytest.fixture
def catalog(world: World, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The catalog function, in a container that has just started; everybody is called Ada."""
    forget_container()
    monkeypatch.setattr(owning, "_name_of", lambda owner_id: "Ada")
    return Gateway(trusting("catalog"))


@dataclass(frozen=True)
class Owner:
    """Somebody with videos."""

    caller: Caller
    catalog: Gateway
    world: World

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        return self.catalog.call(method, path, body, caller=self.caller, **headers)

    def begin(self, **fields: Any) -> dict[str, Any]:
        draft = {"title": "Mill", "filename": "mill.mp4", "size_bytes": 11, **fields}
        answer = self.call("POST", "/api/videos", draft)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json
        return made

    def ready(self, **fields: Any) -> str:
        """Make a video and take it through processing; return its id."""
        made = self.begin(**fields)
        video_id = str(made["video"]["video_id"])
        self.process(video_id, made["upload"]["upload_id"])
        return video_id

    def process(self, video_id: str, upload_id: str, *, settled: bool = True) -> None:
        """Do what the workflow does, but for the encoding."""
        self.arrive(video_id, upload_id)
        ids = VideoId(video_id), UploadId(upload_id)
        processing.record_film(*ids, FILM)
        home = processing.in_processing(*ids).home
        s3 = self.world.server.client("s3")
        for name in FILES:
            key = UploadPlace(*ids).media_prefix(home) + name
            s3.put_object(Bucket=self.world.media, Key=key, Body=name.encode(), ContentType="video/mp4")
        processing.publish(*ids)
        if settled:
            settle(video_id)

    def arrive(self, video_id: str, upload_id: str) -> None:
        """Let the source file arrive."""
        place = UploadPlace(VideoId(video_id), UploadId(upload_id))
        s3 = self.world.server.client("s3")
        s3.put_object(Bucket=self.world.uploads, Key=place.source_key, Body=b"source file")
        s3.put_object(Bucket=self.world.uploads, Key=place.work_key("plan.json"), Body=b"{}")
        assert start.start(place.source_key, 11)

    def video(self, video_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/api/videos/{video_id}")
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found

    def change(self, video_id: str, **changes: Any) -> dict[str, Any]:
        answer = self.call("PATCH", f"/api/videos/{video_id}", changes)
        assert answer.status == 200, answer.body
        settle(video_id)
        return self.video(video_id)


@pytest.fixture
def owner(catalog: Gateway, world: World) -> Owner:
    return Owner(somebody(), catalog, world)


@pytest.fixture
def make_owner(catalog: Gateway, world: World) -> Callable[[], Owner]:
    return lambda: Owner(somebody(), catalog, world)


def somebody(*roles: str) -> Caller:
    return Caller(UserId(new_id()), frozenset(roles or ("viewer", "creator")))


def settle(video_id: str) -> settling.Settled:
    """Run what the workflow "settle" runs."""
    video = store.find(VideoId(video_id))
    version = video.version if video else 1
    return settling.settle(settling.SettleTask(video_id=VideoId(video_id), version=version), Deadline.within(600))


def forget_container() -> None:
    """Do to this process what a cold start does to a container."""
    clients.forget()
    for cached in (
        site.public_url,
        store.table,
        runs_store.table,
        costs_store.table,
        channels_store._tables,
        platform_store.connection,
        media_keys.private_key,
        media_keys._pem,
    ):
        cached.cache_clear()


def _make_world(server: servers.Server) -> tuple[World, str, str]:
    s3, events, sqs = server.client("s3"), server.client("events"), server.client("sqs")
    uploads, media = f"uploads-{new_id()}", f"media-{new_id()}"
    for bucket in (uploads, media):
        s3.create_bucket(Bucket=bucket)
    server.client("ssm").put_parameter(Name="/videos-test/public-url", Value=SITE, Type="String")
    events.create_event_bus(Name=BUS)
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["millrace"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "heard", "Arn": arn}])
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    secret = server.client("secretsmanager").create_secret(Name="media-key", SecretString=pem)["ARN"]
    world = World(server, uploads, media, _distribution(server), queue, _workflows(server), key)
    return world, make_table(server, "VideosTable"), secret


def _workflows(server: servers.Server) -> dict[str, str]:
    """Make workflows that only remember what was started: their steps are called by the tests."""
    nothing = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    make = server.client("stepfunctions").create_state_machine
    return {
        name: make(name=name, definition=nothing, roleArn=servers.ROLE)["stateMachineArn"]
        for name in ("transcode", "settle")
    }


def _distribution(server: servers.Server) -> str:
    config: dict[str, Any] = {
        "CallerReference": "videos",
        "Comment": "",
        "Enabled": True,
        "Origins": {
            "Quantity": 1,
            "Items": [
                {"Id": "media", "DomainName": "media.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "media",
            "ViewerProtocolPolicy": "allow-all",
            "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
    }
    made = server.client("cloudfront").create_distribution(DistributionConfig=config)
    return str(made["Distribution"]["Id"])


SOON = timedelta(hours=2)
