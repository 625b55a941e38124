"""Banners: presigned by type and size, looked at, served clean."""

import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from millrace.platform.ids import new_id
from tests.integration.channels.conftest import World, somebody
from tests.integration.gateway import Gateway
from tests.unit.media.test_picture import SECRET, chunk, png

Make = Callable[..., dict[str, Any]]
WIDE = png(chunk(b"eXIf", SECRET), width_px=1280, height_px=210)


def put(upload: dict[str, Any], data: bytes, **headers: str) -> int:
    given = {**upload["headers"], "Content-Length": str(len(data)), **headers}
    request = urllib.request.Request(upload["url"], data, method="PUT", headers=given)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def begin(channels: Gateway, address: str, owner: Any, data: bytes, kind: str = "image/png") -> dict[str, Any]:
    answer = channels.call("POST", address, {"content_type": kind, "size_bytes": len(data)}, caller=owner)
    assert answer.status == 201, answer.body
    upload: dict[str, Any] = answer.json
    return upload


def test_an_uploaded_banner_is_shown_without_what_the_camera_wrote(
    channels: Gateway, make_channel: Make, world: World
) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    address = f"/api/channels/{channel_id}/banner"
    upload = begin(channels, address, owner, WIDE)
    assert put(upload, WIDE) == 200

    answer = channels.call("PUT", address, {"banner_id": upload["banner_id"]}, caller=owner)

    assert answer.status == 200, answer.body
    banner = answer.json["banner"]
    assert (banner["width_px"], banner["height_px"]) == (1280, 210)
    assert channels.call("GET", f"/api/channels/{channel_id}").json["banner"] == banner
    served = world.server.client("s3").get_object(Bucket=world.media, Key=banner["url"].lstrip("/"))
    assert (served["ContentType"], "immutable" in served["CacheControl"]) == ("image/png", True)
    assert served["Body"].read() == png(width_px=1280, height_px=210)
    assert channels.call("PUT", address, {"banner_id": upload["banner_id"]}, caller=owner).json == answer.json


def test_a_replaced_or_removed_banner_is_deleted(channels: Gateway, make_channel: Make, world: World) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    address = f"/api/channels/{channel_id}/banner"

    def served() -> list[str]:
        found = world.server.client("s3").list_objects_v2(
            Bucket=world.media, Prefix=f"media/public/banners/{channel_id}"
        )
        return [entry["Key"] for entry in found.get("Contents", [])]

    for _ in range(2):
        upload = begin(channels, address, owner, WIDE)
        put(upload, WIDE)
        banner = channels.call("PUT", address, {"banner_id": upload["banner_id"]}, caller=owner).json["banner"]
    assert served() == [banner["url"].lstrip("/")]
    for _ in range(2):
        assert channels.call("DELETE", address, caller=owner).json["banner"] is None
    assert served() == []


@pytest.mark.parametrize("size_bytes", [0, -1, 4 * 1024 * 1024 + 1, 10**12])
def test_a_banner_of_a_size_that_cannot_be_is_refused_at_once(
    channels: Gateway, make_channel: Make, size_bytes: int
) -> None:
    owner = somebody()
    address = f"/api/channels/{make_channel(owner)['channel_id']}/banner"
    answer = channels.call("POST", address, {"content_type": "image/png", "size_bytes": size_bytes}, caller=owner)
    assert list(answer.refused_fields) == ["size_bytes"]


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "image/gif", "application/octet-stream"])
def test_a_kind_that_could_carry_scripts_is_refused_at_once(channels: Gateway, make_channel: Make, kind: str) -> None:
    owner = somebody()
    address = f"/api/channels/{make_channel(owner)['channel_id']}/banner"
    answer = channels.call("POST", address, {"content_type": kind, "size_bytes": 10}, caller=owner)
    assert list(answer.refused_fields) == ["content_type"]


def test_the_address_takes_no_other_size_or_type_than_it_was_signed_for(channels: Gateway, make_channel: Make) -> None:
    owner = somebody()
    upload = begin(channels, f"/api/channels/{make_channel(owner)['channel_id']}/banner", owner, WIDE)
    assert put(upload, WIDE + b"more") == 403
    assert put(upload, WIDE, **{"Content-Type": "text/html"}) == 403


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "neither a JPEG"),
        (b"\x89PNG\r\n\x1a\n<html>", "ends too early"),
        (png(width_px=600, height_px=300), "at least"),
        (png(width_px=1280, height_px=50), "at least"),
        (png(width_px=7000, height_px=300), "at most"),
    ],
)
def test_what_is_no_banner_never_reaches_viewers(
    channels: Gateway, make_channel: Make, world: World, data: bytes, words: str
) -> None:
    owner = somebody()
    channel_id = make_channel(owner)["channel_id"]
    address = f"/api/channels/{channel_id}/banner"
    upload = begin(channels, address, owner, data)
    put(upload, data)
    answer = channels.call("PUT", address, {"banner_id": upload["banner_id"]}, caller=owner)
    assert answer.status == 422
    assert words in answer.refused_fields["banner_id"]
    found = world.server.client("s3").list_objects_v2(Bucket=world.media, Prefix=f"media/public/banners/{channel_id}")
    assert "Contents" not in found


def test_a_banner_that_never_came_and_one_of_another_channel_are_missing(channels: Gateway, make_channel: Make) -> None:
    owner, thief = somebody(), somebody()
    upload = begin(channels, f"/api/channels/{make_channel(owner)['channel_id']}/banner", owner, WIDE)
    put(upload, WIDE)
    address = f"/api/channels/{make_channel(thief)['channel_id']}/banner"
    for banner_id in (upload["banner_id"], new_id()):
        answer = channels.call("PUT", address, {"banner_id": banner_id}, caller=thief)
        assert (answer.status, answer.problem) == (409, "banner-missing")
    for banner_id in ("../../x", "x", upload["banner_id"].upper()):
        assert channels.call("PUT", address, {"banner_id": banner_id}, caller=thief).status == 422
