"""A real emulator with what discovery needs: tables as in the template, and a bucket."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest

from millrace.channels import service as channels_service
from millrace.channels import store as channels_store
from millrace.channels.follows import store as follows_store
from millrace.channels.messages import ChannelDraft
from millrace.channels.model import Channel
from millrace.discovery import current, service, showing, store
from millrace.platform import clients, site
from millrace.platform import store as platform_store
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.events import DomainEvent, VideoChanged, VideoDeleted, VideoPublished, VideoUnpublished
from millrace.platform.ids import ChannelId, UploadId, UserId, VideoId, new_id
from millrace.videos import store as videos_store
from millrace.videos.model import Details, Home, Upload, Video, VideoState, Visibility
from tests.integration.emulator import servers
from tests.integration.gateway import Answer, Gateway, load_function, trusting
from tests.integration.tables import make_table

TABLES = {
    "DISCOVERY_TABLE": "DiscoveryTable",
    "VIDEOS_TABLE": "VideosTable",
    "CHANNELS_TABLE": "ChannelsTable",
    "FOLLOWS_TABLE": "FollowsTable",
}


@dataclass(frozen=True)
class World:
    """The server, and where discovery keeps things for this test."""

    server: servers.Server
    tables: dict[str, str]
    bucket: str
    index_video: ModuleType
    count_views: ModuleType
    refresh_discovery: ModuleType
    gateway: Gateway = field(default_factory=lambda: Gateway(trusting("discover")))

    def tell(self, *events: DomainEvent) -> None:
        """Let the consumer take events, as the bus would deliver them."""
        for event in events:
            self.index_video.handler(
                {"detail-type": type(event).__name__, "detail": event.model_dump(mode="json")}, None
            )

    def publish(self, title: str = "Mill", *, channel: Channel | None = None, **changes: Any) -> Video:
        """Store a listed video and announce it."""
        video = listed(title, channel, **changes)
        videos_store.create(video)
        self.tell(VideoPublished(**about(video)))
        return video

    def change(self, video: Video, **changes: Any) -> Video:
        """Edit a video as its owner would, without announcing it."""
        before = videos_store.get(video.video_id)
        after = before.model_copy(update=changes)
        assert videos_store.edit(before, after)
        return after

    def get(self, target: str, caller: Caller | None = None) -> Answer:
        return self.gateway.call("GET", target, caller=caller)

    def ids(self, target: str, caller: Caller | None = None) -> list[str]:
        """Return the ids on a page."""
        answer = self.get(target, caller)
        assert answer.status == 200, answer.body
        return [item["video_id"] for item in answer.json["items"]]

    def all_ids(self, target: str, caller: Caller | None = None, *, behind: str | None = None) -> list[str]:
        """Turn all pages of a list, or those behind a cursor; the target has a query."""
        found: list[str] = []
        cursor = behind
        while True:
            answer = self.get(f"{target}&cursor={cursor}" if cursor else target, caller)
            assert answer.status == 200, answer.body
            found += [item["video_id"] for item in answer.json["items"]]
            cursor = answer.json["next_cursor"]
            if cursor is None:
                return found

    def refresh(self) -> dict[str, int]:
        counts: dict[str, int] = self.refresh_discovery.handler({}, None)
        return counts

    def stored_indexes(self) -> list[str]:
        listed = self.server.client("s3").list_objects_v2(Bucket=self.bucket, Prefix="index/")
        return [item["Key"] for item in listed.get("Contents", [])]


def about(video: Video) -> dict[str, Any]:
    return {"video_id": video.video_id, "owner_id": video.owner_id, "channel_id": video.channel_id}


def changed(video: Video) -> VideoChanged:
    return VideoChanged(**about(video), is_listed=video.is_listed)


def unpublished(video: Video) -> VideoUnpublished:
    return VideoUnpublished(**about(video))


def deleted(video: Video) -> VideoDeleted:
    return VideoDeleted(**about(video))


def listed(title: str, channel: Channel | None = None, **changes: Any) -> Video:
    """Return a video that everybody may find."""
    details = {name: changes.pop(name) for name in list(changes) if name in Details.model_fields}
    values: dict[str, Any] = {
        "video_id": VideoId(new_id()),
        "owner_id": channel.owner_id if channel else UserId(new_id()),
        "channel_id": channel.channel_id if channel else None,
        "details": Details(title=title, **details),
        "visibility": Visibility.PUBLIC,
        "state": VideoState.READY,
        "home": Home.PUBLIC,
        "upload": Upload(
            upload_id=UploadId(new_id()), s3_upload_id="s3", filename="a.mp4", size_bytes=1, part_size_bytes=1
        ),
        "created_at": now(),
        "published_at": now(),
        **changes,
    }
    return Video(**values)


def person() -> Caller:
    return Caller(UserId(new_id()), frozenset({"viewer", "creator"}))


def make_channel(name: str = "Ada's mills") -> Channel:
    """Make a channel without a bus to tell."""
    owner_id, channel_id = UserId(new_id()), ChannelId(new_id())
    draft = ChannelDraft(handle=f"mill-{channel_id[-12:]}", name=name)
    channel = channels_service._fresh(owner_id, draft.handle, draft.name, draft.description, ())
    channels_store.create(channel)
    return channel


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.running(tmp_path_factory.mktemp("discovery") / "state", is_stock=False) as running:
        running.client("ssm").put_parameter(Name="/discovery-test/url", Value="https://millrace.example", Type="String")
        yield running


@pytest.fixture
def world(server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Tables and a bucket that nobody else uses: an index is of everything."""
    tables = {name: make_table(server, logical_id) for name, logical_id in TABLES.items()}
    bucket = f"discovery-{new_id()}"
    server.client("s3").create_bucket(Bucket=bucket)
    settings = {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "DISCOVERY_BUCKET": bucket,
        "PUBLIC_URL_PARAMETER": "/discovery-test/url",
        **tables,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    forget_container()
    index_video, count_views, refresh = map(load_function, ("index_video", "count_views", "refresh_discovery"))
    yield World(server, tables, bucket, index_video, count_views, refresh)
    forget_container()


def forget_container() -> None:
    """Do to this process what the end of a container and a cold start do."""
    clients.forget()
    site.public_url.cache_clear()
    for capability in (current, service, showing, store):
        capability.forget()
    for cached in (videos_store.table, channels_store._tables, follows_store._table, platform_store.connection):
        cached.cache_clear()


@pytest.fixture
def at_hour(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Move the clock of whoever counts and weighs views."""
    from millrace.discovery import refreshing, views

    def move(moment: datetime) -> None:
        for module in (refreshing, views):
            monkeypatch.setattr(module, "now", lambda: moment)

    return move
