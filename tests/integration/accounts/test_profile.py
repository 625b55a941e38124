"""Pictures, copies of one's data, and going for good, against real buckets and tables."""

import json
import struct
import urllib.error
import urllib.request
import zlib
from datetime import timedelta
from typing import Any

import pytest

from millrace.accounts import leaving, store
from millrace.platform import clients
from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from tests.integration.accounts.conftest import World
from tests.integration.accounts.gateway import Answer, Gateway, load_function
from tests.integration.emulator.servers import eventually, free_port

AVATAR = "/api/users/me/avatar"
EXPORT = "/api/users/me/export"
DELETION = "/api/users/me/deletion"
ME = "/api/users/me"
SIGN_IN = "/api/auth/sign-in"


@pytest.fixture
def profile(auth: Gateway) -> Gateway:
    """The profile function, in the container that `auth` has started anew."""
    return Gateway(load_function("profile"))


def png(width_px: int = 128, height_px: int = 128, *more: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * (width_px + 1) * min(height_px, 200))
    extra = b"".join(chunk(b"tEXt", text) for text in more)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def put(url: str, data: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, data=data, method="PUT", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def upload(profile: Gateway, ada: dict[str, Any], data: bytes, content_type: str = "image/png") -> str:
    wish = {"content_type": content_type, "size_bytes": len(data)}
    answer = profile.call("POST", AVATAR, wish, token=ada["access_token"])
    assert answer.status == 201, answer.body
    assert put(answer.json["url"], data, answer.json["headers"]) == 200
    avatar_id: str = answer.json["avatar_id"]
    return avatar_id


def publish(profile: Gateway, ada: dict[str, Any], avatar_id: str) -> Answer:
    return profile.call("PUT", AVATAR, {"avatar_id": avatar_id}, token=ada["access_token"])


def media(world: World, ada: dict[str, Any]) -> list[str]:
    prefix = f"media/public/avatars/{ada['user']['user_id']}/"
    found = world.server.client("s3").list_objects_v2(Bucket="media", Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def test_a_picture_is_shown_without_what_a_camera_wrote_into_it(
    profile: Gateway, auth: Gateway, ada: dict[str, Any], world: World
) -> None:
    avatar_id = upload(profile, ada, png(128, 128, b"Comment\x00taken at home"))
    answer = publish(profile, ada, avatar_id)
    assert answer.status == 200
    url = answer.json["avatar_url"]
    assert url == f"/media/public/avatars/{ada['user']['user_id']}/{avatar_id}.png"
    assert auth.call("GET", ME, token=ada["access_token"]).json["avatar_url"] == url
    found = world.server.client("s3").get_object(Bucket="media", Key=url[1:])
    assert b"taken at home" not in found["Body"].read()
    assert found["ContentType"] == "image/png"
    assert "immutable" in found["CacheControl"]
    assert publish(profile, ada, avatar_id).json["avatar_url"] == url


def test_another_picture_takes_the_place_of_the_first_and_none_of_both(
    profile: Gateway, ada: dict[str, Any], world: World
) -> None:
    publish(profile, ada, upload(profile, ada, png()))
    second = upload(profile, ada, png(256, 256))
    publish(profile, ada, second)
    assert [key.rpartition("/")[2] for key in media(world, ada)] == [f"{second}.png"]
    for _ in range(2):
        answer = profile.call("DELETE", AVATAR, token=ada["access_token"])
        assert (answer.status, answer.json["avatar_url"]) == (200, None)
    assert media(world, ada) == []


@pytest.mark.parametrize(
    "data",
    [
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + bytes(100),
        png(16, 16),
        png(10_000, 10_000),
        png()[:60],
    ],
    ids=["html", "svg", "gif", "small", "huge", "cut off"],
)
def test_what_is_no_picture_is_never_shown(profile: Gateway, ada: dict[str, Any], world: World, data: bytes) -> None:
    answer = publish(profile, ada, upload(profile, ada, data))
    assert (answer.status, list(answer.refused_fields)) == (422, ["avatar_id"])
    assert media(world, ada) == []


@pytest.mark.parametrize(
    "wish",
    [
        {"content_type": "image/svg+xml", "size_bytes": 10},
        {"content_type": "image/png", "size_bytes": 0},
        {"content_type": "image/png", "size_bytes": 3 * 1024 * 1024},
        {"content_type": "image/png"},
    ],
)
def test_only_small_pictures_get_an_address(profile: Gateway, ada: dict[str, Any], wish: dict[str, Any]) -> None:
    assert profile.call("POST", AVATAR, wish, token=ada["access_token"]).status == 422


def test_an_address_takes_no_other_type(profile: Gateway, ada: dict[str, Any]) -> None:
    data = png()
    wish = {"content_type": "image/png", "size_bytes": len(data)}
    answer = profile.call("POST", AVATAR, wish, token=ada["access_token"]).json
    assert put(answer["url"], data, {**answer["headers"], "Content-Type": "text/html"}) == 403


def test_nobody_shows_anothers_upload(profile: Gateway, auth: Gateway, ada: dict[str, Any]) -> None:
    avatar_id = upload(profile, ada, png())
    person = {"email": f"{new_id()}@example.org", "password": "mill wheel and river"}
    eve = auth.call("POST", "/api/auth/register", person).json
    assert publish(profile, eve, avatar_id).status == 409
    for made_up in (f"../{ada['user']['user_id']}/{avatar_id}", new_id(), ""):
        assert publish(profile, eve, made_up).status in {409, 422}


def test_the_export_has_everything_and_no_secret(profile: Gateway, ada: dict[str, Any]) -> None:
    answer = profile.call("GET", EXPORT, token=ada["access_token"])
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="account.json"'
    found = answer.json
    assert found["user"] == ada["user"]
    assert [session["session_id"] for session in found["sessions"]] == [ada["session_id"]]
    assert found["has_password"] is True
    assert not any(word in answer.body for word in ("argon2", "hash", ada["refresh_token"]))


def delete(profile: Gateway, ada: dict[str, Any], **changes: Any) -> Answer:
    body = {"password": ada["password"], **changes}
    return profile.call("POST", DELETION, body, token=ada["access_token"])


def test_deleting_leaves_nothing_behind_and_tells_the_others(
    profile: Gateway, auth: Gateway, ada: dict[str, Any], world: World
) -> None:
    user_id = ada["user"]["user_id"]
    publish(profile, ada, upload(profile, ada, png()))
    upload(profile, ada, png(256, 256))
    store.link(store.account(UserId(user_id)), f"corp|{user_id}")

    assert delete(profile, ada).status == 204

    table = world.server.client("dynamodb").scan(TableName=world.table)["Items"]
    assert user_id not in json.dumps([item for item in table if not item["pk"]["S"].startswith("MAIL#")])
    assert ada["email"] not in json.dumps(table)
    sessions = world.server.client("dynamodb").scan(TableName=world.sessions_table)["Items"]
    assert user_id not in str(sessions)
    for bucket in ("uploads", "media"):
        found = world.server.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
        assert not any(user_id in item["Key"] for item in found)
    assert auth.call("POST", "/api/auth/refresh", {"refresh_token": ada["refresh_token"]}).status == 401
    assert auth.call("GET", ME, token=ada["access_token"]).status == 404
    heard: list[dict[str, Any]] = []

    def told() -> None:
        heard.extend(world.heard())
        deleted = [event["detail"]["user_id"] for event in heard if event["detail-type"] == "AccountDeleted"]
        assert user_id in deleted

    eventually(told)
    again = auth.call("POST", "/api/auth/register", {"email": ada["email"], "password": ada["password"]})
    assert (again.status, again.json["user"]["user_id"] == user_id) == (201, False)


@pytest.mark.parametrize("password", ["something else", "", None])
def test_only_the_owner_deletes(profile: Gateway, auth: Gateway, ada: dict[str, Any], password: str | None) -> None:
    assert delete(profile, ada, password=password).status == 401
    assert auth.call("GET", ME, token=ada["access_token"]).status == 200


def test_a_deletion_that_cannot_be_told_of_deletes_nothing_and_can_be_asked_for_again(
    profile: Gateway, ada: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", f"http://127.0.0.1:{free_port()}")
        clients.forget()
        assert delete(profile, ada).status == 503
    clients.forget()
    assert delete(profile, ada).status == 204


def test_who_has_no_password_goes_by_a_fresh_session(
    profile: Gateway, auth: Gateway, ada: dict[str, Any], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.server.client("dynamodb").update_item(
        TableName=world.table, Key={"pk": {"S": f"EMAIL#{ada['email']}"}}, UpdateExpression="REMOVE password_hash"
    )
    with monkeypatch.context() as later:
        later.setattr(leaving, "now", lambda: now() + timedelta(minutes=10))
        assert delete(profile, ada, password=None).json["type"] == "urn:millrace:problem:sign-in-again"
    assert delete(profile, ada, password=None).status == 204
