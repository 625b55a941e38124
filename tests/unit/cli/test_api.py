"""The command line's session with the API, against an API of our own making."""

import json
from collections.abc import Iterator

import httpx
import pytest

from scripts.millrace_cli.api import Api, ApiRefused


class Platform:
    """Takes each access token for one request, and each refresh token once."""

    def __init__(self, *, refreshes: int) -> None:
        self.refreshes = refreshes
        self.generation = 0
        self.used = True
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        match request.url.path:
            case "/api/auth/sign-in":
                return self._signed_in()
            case "/api/auth/refresh":
                right = json.loads(request.content) == {"refresh_token": f"refresh {self.generation}"}
                self.refreshes -= 1
                return self._signed_in() if right and self.refreshes >= 0 else httpx.Response(401, json={})
        is_good = not self.used and request.headers.get("Authorization") == f"Bearer access {self.generation}"
        self.used = True
        return httpx.Response(200 if is_good else 401, json={})

    def _signed_in(self) -> httpx.Response:
        self.generation += 1
        self.used = False
        tokens = {"access_token": f"access {self.generation}", "refresh_token": f"refresh {self.generation}"}
        return httpx.Response(200, json=tokens)


@pytest.fixture
def platform() -> Platform:
    return Platform(refreshes=2)


@pytest.fixture
def api(platform: Platform) -> Iterator[Api]:
    with Api("http://platform.test", httpx.MockTransport(platform.answer)) as api:
        yield api


def test_a_long_upload_outlives_its_access_tokens(api: Api, platform: Platform) -> None:
    api.sign_in("ada@example.org", "mill wheel and river")
    for _ in range(3):
        api.request("GET", "/api/videos")
    assert platform.asked.count("/api/auth/refresh") == 2


def test_a_session_that_is_over_is_told_and_not_tried_for_ever(api: Api, platform: Platform) -> None:
    api.sign_in("ada@example.org", "mill wheel and river")
    for _ in range(3):
        api.request("GET", "/api/videos")
    with pytest.raises(ApiRefused) as refused:
        api.request("GET", "/api/videos")
    assert refused.value.status == 401
    assert platform.asked.count("/api/auth/refresh") == 3


def test_without_a_session_nothing_is_refreshed(api: Api, platform: Platform) -> None:
    with pytest.raises(ApiRefused):
        api.request("GET", "/api/videos")
    assert platform.asked == ["/api/videos"]
