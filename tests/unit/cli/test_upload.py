"""Waiting for a video goes on while the platform restarts, and ends when the API refuses."""

import httpx
import pytest

from scripts.millrace_cli import upload
from scripts.millrace_cli.api import Api, ApiRefused


def _api(*answers: httpx.Response) -> Api:
    left = list(answers)
    return Api("http://localhost", httpx.MockTransport(lambda _request: left.pop(0)))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_POLL_S", 0)


def test_a_restart_of_the_platform_is_not_noticed() -> None:
    api = _api(httpx.Response(502), httpx.Response(503), httpx.Response(200, json={"state": "ready"}))
    assert upload._look(api, "v") == {"state": "ready"}


def test_a_refusal_is_told_at_once() -> None:
    with pytest.raises(ApiRefused):
        upload._look(_api(httpx.Response(404, json={"detail": "There is no such video."})), "v")


def test_an_outage_that_lasts_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "_OUTAGE_S", -1)
    with pytest.raises(ApiRefused):
        upload._look(_api(httpx.Response(502)), "v")
