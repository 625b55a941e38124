"""Count what the routes of discovery ask of DynamoDB and S3, on the emulator, through the functions' own code."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from millrace.channels.follows import store as follows
from millrace.channels.model import Follow
from millrace.discovery import snapshots
from millrace.platform.clock import now
from tests.integration.discovery.conftest import TABLES, World, forget_container, make_channel, person
from tests.integration.discovery.test_views import watch
from tests.integration.emulator import servers
from tests.integration.gateway import load_function
from tests.integration.tables import make_table

UNIT_BYTES = 4096
VIDEOS = 60
DESCRIPTION = "A long walk along the river, with the mill at the end of it. " * 12


@dataclass
class Tally:
    """The requests of one invocation."""

    operations: list[str] = field(default_factory=list)
    read_units: float = 0.0

    def add(self, request: AWSPreparedRequest, response: AWSResponse) -> None:
        """Count a request; the units are worked out from the size of what came."""
        target = request.headers.get("X-Amz-Target", b"")
        name = (target.decode() if isinstance(target, bytes) else str(target)).rpartition(".")[2]
        self.operations.append(name or f"S3 {request.method}")
        if name in {"Query", "GetItem", "BatchGetItem"}:
            self.read_units += _units(
                name,
                json.loads(str(request.body, "utf-8") if isinstance(request.body, bytes) else str(request.body)),
                json.loads(response.content),
            )

    def __str__(self) -> str:
        names = dict.fromkeys(self.operations)
        return ", ".join(f"{self.operations.count(name)} {name}" for name in names) or "none"


def _units(name: str, asked: dict[str, object], came: dict[str, object]) -> float:
    text = json.dumps(asked)
    weight = 1.0 if '"ConsistentRead": true' in text else 0.5
    if name != "BatchGetItem":
        # All items of a query are measured together, those of a batch one by one.
        return weight * max(1, -(-len(json.dumps(came.get("Items") or came.get("Item") or "")) // UNIT_BYTES))
    responses = came["Responses"]
    assert isinstance(responses, dict)
    return sum(weight * -(-len(json.dumps(item)) // UNIT_BYTES) for items in responses.values() for item in items)


def requests_per_route() -> list[list[str]]:
    """Return the rows of the table: a container that has just started, and one that is warm."""
    with tempfile.TemporaryDirectory() as name, servers.running(Path(name) / "state", is_stock=False) as server:
        world = _world(server)
        channel, reader = make_channel(), person()
        follows.add(Follow(reader.user_id, channel.channel_id, now()))
        videos = [
            world.publish(f"River mill {number}", channel=channel, category="travel", description=DESCRIPTION)
            for number in range(VIDEOS)
        ]
        for video in videos[:30]:
            watch(world, video.video_id, "ada")
        world.refresh()
        routes: dict[str, Callable[[], object]] = {
            "GET /api/search": lambda: world.ids("/api/search?q=river mill"),
            "GET /api/feed/home, a stranger's": lambda: world.ids("/api/feed/home"),
            "GET /api/feed/home, signed in": lambda: world.ids("/api/feed/home", reader),
            "GET /api/feed/following": lambda: world.ids("/api/feed/following", reader),
            "GET /api/feed/trending": lambda: world.ids("/api/feed/trending"),
            "GET /api/categories": lambda: world.get("/api/categories"),
            "GET /api/categories/{category}": lambda: world.ids("/api/categories/travel"),
            "GET /api/channels/{channel_id}/videos": lambda: world.ids(f"/api/channels/{channel.channel_id}/videos"),
            "GET /api/videos/{video_id}/related": lambda: world.ids(f"/api/videos/{videos[0].video_id}/related"),
        }
        forget_container()
        rows = [["the first search of a container", *_tallied(routes["GET /api/search"])]]
        return rows + [[route, *_tallied(call)] for route, call in routes.items()]


def _tallied(call: Callable[[], object]) -> list[str]:
    with tallied() as tally:
        call()
    return [str(tally), f"{tally.read_units:g}"]


@contextmanager
def storage() -> Iterator[Callable[[Path], float]]:
    """Give what stores an index and returns the milliseconds that a cold start takes to fetch it."""
    with tempfile.TemporaryDirectory() as name, servers.running(Path(name) / "state", is_stock=False) as server:
        _world(server)

        def fetch_ms(folder: Path) -> float:
            snapshots.save("measured", folder)
            with tempfile.TemporaryDirectory() as copy:
                started_s = time.perf_counter()
                snapshots.load("measured", Path(copy))
                return (time.perf_counter() - started_s) * 1000

        yield fetch_ms
    forget_container()


@contextmanager
def tallied() -> Iterator[Tally]:
    """Count the requests of everything inside."""
    tally = Tally()
    send = URLLib3Session.send

    def counting(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        response = send(session, request)
        tally.add(request, response)
        return response

    with patch.object(URLLib3Session, "send", counting):
        yield tally


def _world(server: servers.Server) -> World:
    server.client("ssm").put_parameter(Name="/benchmark/url", Value="https://millrace.example", Type="String")
    server.client("s3").create_bucket(Bucket="benchmark")
    tables = {name: make_table(server, logical_id) for name, logical_id in TABLES.items()}
    aws = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    own = {"DISCOVERY_BUCKET": "benchmark", "PUBLIC_URL_PARAMETER": "/benchmark/url"}
    os.environ.update({"AWS_ENDPOINT_URL": server.endpoint, **aws, **own, **tables})
    forget_container()
    index_video, count_views, refresh = map(load_function, ("index_video", "count_views", "refresh_discovery"))
    return World(server, tables, "benchmark", index_video, count_views, refresh)
