"""The whole API by its own description: nobody reaches what is another's, and nothing odd gets in or out."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.architecture.test_template import ROOT
from tests.e2e.conftest import TIMEOUT_S, Creator, Platform

DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
SCRIPT = "<script>alert(document.cookie)</script>"
# What anybody may do with a channel.
OPEN = frozenset(
    (
        "get_channel",
        "list_channel_videos",
        "follow_channel",
        "unfollow_channel",
        "get_follow",
        "get_channel_live",
        "list_scheduled",
    )
)
# What says who may come in by itself comes before what is said: a creator is neither an administrator nor the ingest.
CLOSED = {"/api/admin/": 403, "/api/ingest/": 401}
# These take a thing away from the caller's own: that it was never there is no failure.
OF_THE_CALLER = frozenset(("end_session", "unlink_identity", "forget_watching", "drop_from_later"))
# Fields that every clever client tries.
INJECTED = {"owner_id": "x", "user_id": "x", "roles": ["admin"], "is_admin": True, "state": "ready", "version": 99}


@dataclass(frozen=True)
class Operation:
    """One operation of the description."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.described["operationId"])

    @property
    def body(self) -> Any:
        content = self.described.get("requestBody", {}).get("content", {})
        return content.get("application/json", {}).get("example")

    @property
    def is_open(self) -> bool:
        return not self.described["security"]


def operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described)


OPERATIONS = list(operations())
WITH_IDS = [found for found in OPERATIONS if "{" in found.path and not found.is_open and found.name not in OPEN]
WITH_BODY = [found for found in OPERATIONS if found.body is not None]


@pytest.fixture(scope="module")
def owned(creator: Creator) -> dict[str, str]:
    """Things of the creator's, by the name of their id in paths. None of them is public."""

    def make(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = creator.call("POST", path, json=body)
        assert answer.status_code == 201, (path, answer.text)
        made: dict[str, Any] = answer.json()
        return made

    draft = {"title": "Mine", "filename": "mine.mp4", "size_bytes": 9, "visibility": "private"}
    video_id = make("/api/videos", draft)["video"]["video_id"]
    channels = creator.call("GET", "/api/me/channels").json()["items"]
    channel_id = (channels or [make("/api/channels", {"handle": "mine-only", "name": "Mine"})])[0]["channel_id"]
    key = make(f"/api/channels/{channel_id}/stream-keys", {"label": "Studio"})
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    scheduled = {"starts_at": soon, "title": "Mine", "visibility": "private"}
    return {
        "video_id": video_id,
        "channel_id": channel_id,
        "key_id": key["key"]["key_id"],
        "playlist_id": make("/api/playlists", {"title": "Mine", "visibility": "private"})["playlist_id"],
        "session_id": creator.call("GET", "/api/auth/sessions").json()["items"][0]["session_id"],
        "user_id": creator.call("GET", "/api/users/me").json()["user_id"],
        "scheduled_id": make(f"/api/channels/{channel_id}/scheduled-streams", scheduled)["scheduled_id"],
        "comment_id": "01kc3v9m5t3q8x5f0h2j4n6p8r",
        "clip_id": "01kc3v9m5t3q8x5f0h2j4n6p8r",
    }


def filled(path: str, owned: dict[str, str]) -> str:
    return path.format_map({**owned, "category": "music", "provider": "nobody", "language": "en"})


def states(creator: Creator, owned: dict[str, str]) -> list[Any]:
    paths = (
        "/api/videos/{video_id}",
        "/api/channels/{channel_id}",
        "/api/channels/{channel_id}/stream-keys",
        "/api/channels/{channel_id}/scheduled-streams",
        "/api/playlists/{playlist_id}",
        "/api/users/me",
    )
    sessions = creator.call("GET", "/api/auth/sessions").json()["items"]
    return [[found["session_id"] for found in sessions]] + [
        creator.call("GET", filled(path, owned)).json() for path in paths
    ]


def test_nothing_of_anothers_can_be_read_or_changed_by_its_id(
    creator: Creator, stranger: Creator, owned: dict[str, str]
) -> None:
    before = states(creator, owned)
    assert len(WITH_IDS) > 30
    reached = {}
    for found in WITH_IDS:
        answer = stranger.call(found.method, filled(found.path, owned), json=found.body)
        if answer.status_code not in ({204} if found.name in OF_THE_CALLER else {403, 404}):
            reached[found.name] = (answer.status_code, answer.text[:200])
    assert reached == {}
    assert states(creator, owned) == before


def test_nothing_of_anothers_can_be_reached_without_signing_in(platform: Platform, owned: dict[str, str]) -> None:
    reached = {}
    for found in WITH_IDS:
        url = platform.edge_url + filled(found.path, owned)
        answer = requests.request(found.method, url, json=found.body, timeout=TIMEOUT_S)
        if answer.status_code not in {401, 403, 404}:
            reached[found.name] = (answer.status_code, answer.text[:200])
    assert reached == {}


def test_no_route_takes_a_field_that_it_does_not_know(creator: Creator, owned: dict[str, str]) -> None:
    taken = {}
    for found in WITH_BODY:
        unknown = {name: value for name, value in INJECTED.items() if name not in found.body}
        answer = creator.call(found.method, filled(found.path, owned), json={**found.body, **unknown})
        closed = [status for path, status in CLOSED.items() if found.path.startswith(path)]
        if answer.status_code not in {422, *closed}:
            taken[found.name] = (answer.status_code, answer.text[:200])
    assert taken == {}


def test_no_route_reads_a_body_of_more_than_a_mebibyte(creator: Creator, owned: dict[str, str]) -> None:
    read = {}
    body = json.dumps({"title": "x" * (1024 * 1024 + 1)})
    for found in WITH_BODY:
        headers = {"Content-Type": "application/json"}
        answer = creator.call(found.method, filled(found.path, owned), data=body, headers=headers)
        if (answer.status_code, answer.headers["Content-Type"]) != (413, "application/problem+json"):
            read[found.name] = (answer.status_code, answer.text[:200])
    assert read == {}


def test_a_script_in_a_text_comes_back_as_json_that_no_browser_runs(creator: Creator) -> None:
    draft = {"title": SCRIPT, "filename": "x.mp4", "size_bytes": 9, "description": SCRIPT}
    made = creator.call("POST", "/api/videos", json=draft)
    assert made.status_code == 201
    read = creator.call("GET", f"/api/videos/{made.json()['video']['video_id']}", headers={"Accept": "text/html"})
    renamed = creator.call("PATCH", "/api/users/me", json={"display_name": SCRIPT})
    refused = creator.call("GET", f"/api/videos/{SCRIPT}")
    for answer in (made, read, renamed, refused):
        assert answer.headers["Content-Type"].split(";")[0] in {"application/json", "application/problem+json"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers.get("Content-Security-Policy", "default-src 'none'").startswith("default-src 'none'")
    assert (read.json()["title"], read.json()["description"]) == (SCRIPT, SCRIPT)
    assert renamed.json()["display_name"] == SCRIPT


@pytest.fixture(scope="module")
def hidden(platform: Platform) -> str:
    """The key of a private object that really is there."""
    key = "media/private/01kc3v9m5t3q8x5f0h2j4n6p8r/01kc3v9m5t3q8x5f0h2j4n6p8r/main.m3u8"
    s3 = platform.session().client("s3", endpoint_url=platform.emulator_url)
    s3.put_object(Bucket=platform.outputs["MediaBucket"], Key=key, Body=b"#EXTM3U\n# very private\n")
    open_key = key.replace("/private/", "/public/")
    s3.put_object(Bucket=platform.outputs["MediaBucket"], Key=open_key, Body=b"#EXTM3U\n# open\n")
    assert fetch(platform, "/" + open_key)[0] == 200
    return key


@pytest.mark.parametrize(
    "trick",
    [
        "/{key}",
        "//{key}",
        "/media/public/../private/{rest}",
        "/media/public/%2e%2e/private/{rest}",
        "/media/public/..%2fprivate/{rest}",
        "/media/public/..%5cprivate/{rest}",
        "/media/./private/{rest}",
        "/media//private/{rest}",
        "/media/%70rivate/{rest}",
        "/media%2fprivate/{rest}",
        "/%6dedia/private/{rest}",
        "/MEDIA/private/{rest}",
        "/media/private%2f{rest}",
        "/media/private/{rest}?x=/media/public/",
        "/media/private/{rest}%00.m3u8",
        "/api/../media/private/{rest}",
        "/index.html/../media/private/{rest}",
    ],
)
def test_no_spelling_of_an_address_opens_private_media(platform: Platform, hidden: str, trick: str) -> None:
    status, body = fetch(platform, trick.format(key=hidden, rest=hidden.removeprefix("media/private/")))
    assert b"very private" not in body
    assert status in {400, 403, 404} or (status == 200 and body.lstrip().lower().startswith(b"<!doctype html"))


def fetch(platform: Platform, target: str) -> tuple[int, bytes]:
    """Send the address as it is: a library would tidy it up."""
    place = urlsplit(platform.edge_url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=TIMEOUT_S)
    try:
        connection.putrequest("GET", target, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
