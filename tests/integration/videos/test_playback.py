"""Who may play, from where, with which cookies: what is granted opens the edge, and nothing else does."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from millrace.platform.clock import now
from tests.integration.emulator.servers import eventually
from tests.integration.gateway import Answer, Gateway
from tests.integration.videos.conftest import SITE, Owner, World, settle, somebody

SECRET = "what only the distribution knows"
FROM_DISTRIBUTION = {"X_Millrace_Origin": SECRET}
AUSTRIA = {**FROM_DISTRIBUTION, "CloudFront_Viewer_Country": "AT"}
GERMANY = {**FROM_DISTRIBUTION, "CloudFront_Viewer_Country": "DE"}
FORGED = {"CloudFront_Viewer_Country": "AT", "X_Millrace_Origin": "a guess"}


def cookies(answer: Answer) -> dict[str, str]:
    found: Any = answer.headers
    raw = found.get("Set-Cookie") or []
    return dict(line.split(";")[0].split("=", 1) for line in ([raw] if isinstance(raw, str) else raw))


def decoded(text: str) -> bytes:
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")))


def play(catalog: Gateway, video_id: str, query: str = "", **kwargs: Any) -> Answer:
    return catalog.call("POST", f"/api/videos/{video_id}/playback{query}", **kwargs)


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", SECRET)


@pytest.fixture
def signed(catalog: Gateway) -> Gateway:
    """The function with answers whose cookies can be seen."""
    inner = catalog.function.handler

    class WithCookies:
        api = catalog.function.api

        @staticmethod
        def handler(event: Any, context: Any) -> Any:
            answer = inner(event, context)
            lines = answer.get("multiValueHeaders", {}).get("Set-Cookie", [])
            return {**answer, "headers": {**answer["headers"], "Set-Cookie": lines}}

    return Gateway(WithCookies)  # type: ignore[arg-type]  # what Gateway uses of a module


def test_public_media_needs_no_cookie(owner: Owner, signed: Gateway) -> None:
    answer = play(signed, owner.ready())
    assert answer.status == 200
    assert cookies(answer) == {}
    assert answer.json["expires_at"] is None


def test_a_private_videos_cookies_say_path_and_hour_and_are_signed_by_the_newest_key(
    owner: Owner, signed: Gateway, world: World
) -> None:
    video_id = owner.ready(visibility="private")
    answer = play(signed, video_id, "?lifetime_s=300", caller=owner.caller)
    granted = cookies(answer)
    assert granted["CloudFront-Key-Pair-Id"] == "KNEWEST"
    policy = decoded(granted["CloudFront-Policy"])
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Resource"] == f"{SITE}/media/private/{video_id}/*"
    assert 290 < statement["Condition"]["DateLessThan"]["AWS:EpochTime"] - now().timestamp() <= 300
    assert "IpAddress" not in statement["Condition"]
    world.key.public_key().verify(
        decoded(granted["CloudFront-Signature"]),
        policy,
        padding.PKCS1v15(),
        hashes.SHA1(),
    )
    lines: Any = answer.headers["Set-Cookie"]
    assert all(f"Path=/media/private/{video_id}/" in line and "HttpOnly" in line and "Secure" in line for line in lines)


def test_cookies_can_be_bound_to_the_viewers_address(owner: Owner, signed: Gateway) -> None:
    video_id = owner.ready(visibility="private")
    for told, expected in (
        ({}, "192.0.2.1"),
        ({**FROM_DISTRIBUTION, "X_Forwarded_For": "8.8.8.8, 2001:db8::7"}, "2001:db8::7"),
    ):
        answer = play(signed, video_id, "?bind_address=true", caller=owner.caller, **told)
        (statement,) = json.loads(decoded(cookies(answer)["CloudFront-Policy"]))["Statement"]
        assert statement["Condition"]["IpAddress"] == {"AWS:SourceIp": expected}


@pytest.mark.parametrize("query", ["?lifetime_s=5", "?lifetime_s=9999999", "?embedded_by=nonsense", "?other=1"])
def test_a_wish_that_cannot_be_is_refused(owner: Owner, catalog: Gateway, query: str) -> None:
    assert play(catalog, owner.ready(), query).status == 422


def test_nobody_else_gets_a_private_videos_cookies(owner: Owner, signed: Gateway) -> None:
    video_id = owner.ready(visibility="private")
    for caller in (None, somebody()):
        answer = play(signed, video_id, caller=caller)
        assert (answer.status, cookies(answer)) == (404, {})


def test_a_video_that_is_not_ready_cannot_be_played(owner: Owner, catalog: Gateway) -> None:
    video_id = owner.begin()["video"]["video_id"]
    assert play(catalog, video_id, caller=owner.caller).problem == "not-playable"


def test_a_public_video_of_some_countries_lies_behind_cookies(owner: Owner, signed: Gateway) -> None:
    video_id = owner.ready()
    found = owner.change(video_id, rules={"allowed_countries": ["AT", "CH"]})
    assert "/media/private/" in found["playback"]["hls_url"]
    there = play(signed, video_id, **AUSTRIA)
    assert (there.status, set(cookies(there))) == (
        200,
        {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"},
    )
    for elsewhere in (GERMANY, FORGED, {}):
        refused = play(signed, video_id, **elsewhere)
        assert (refused.status, refused.problem, cookies(refused)) == (403, "not-here", {})
    assert play(signed, video_id, caller=owner.caller).status == 200
    opened = owner.change(video_id, rules={})
    assert "/media/public/" in opened["playback"]["hls_url"]


def test_blocked_countries_are_blocked_and_unknown_ones_with_them(owner: Owner, catalog: Gateway) -> None:
    video_id = owner.ready(rules={"blocked_countries": ["AT"]})
    assert play(catalog, video_id, **AUSTRIA).status == 403
    assert play(catalog, video_id).status == 403
    assert play(catalog, video_id, **GERMANY).status == 200


def test_only_the_sites_that_were_named_may_embed(owner: Owner, catalog: Gateway) -> None:
    video_id = owner.ready(rules={"embed_origins": ["https://blog.example"]})
    assert play(catalog, video_id).status == 200
    assert play(catalog, video_id, Origin=SITE).status == 200
    assert play(catalog, video_id, Origin="https://blog.example").status == 200
    assert play(catalog, video_id, "?embedded_by=https://blog.example", Origin=SITE).status == 200
    assert play(catalog, video_id, Origin="https://thief.example").problem == "not-here"
    assert play(catalog, video_id, "?embedded_by=https://thief.example", Origin=SITE).problem == "not-here"
    nowhere = owner.ready(rules={"embed_origins": []})
    assert play(catalog, nowhere, Origin="https://blog.example").status == 403


def test_views_are_told_without_telling_who(owner: Owner, catalog: Gateway, world: World) -> None:
    video_id = owner.ready()
    fan = somebody()
    for caller in (None, None, fan, owner.caller):
        play(catalog, video_id, caller=caller)
    heard: list[dict[str, Any]] = []

    def told() -> None:
        heard.extend(detail for kind, detail in world.heard(video_id) if kind == "VideoViewed")
        assert len(heard) == 3

    eventually(told)
    assert len({detail["viewer"] for detail in heard}) == 2
    assert all(str(fan.user_id) not in json.dumps(detail) and "192.0.2.1" not in json.dumps(detail) for detail in heard)


def test_while_media_moves_everybody_plays_from_where_it_is(owner: Owner, signed: Gateway) -> None:
    video_id = owner.ready(visibility="private")
    owner.call("PATCH", f"/api/videos/{video_id}", {"visibility": "public"})
    moving = play(signed, video_id)
    assert "/media/private/" in moving.json["hls_url"]
    assert len(cookies(moving)) == 3
    settle(video_id)
    moved = play(signed, video_id)
    assert "/media/public/" in moved.json["hls_url"]
    assert cookies(moved) == {}
