"""A task that has streams is not taken away."""

import asyncio
import json

import httpx

from rtmp_ingest.protection import EXPIRES_MINUTES, RENEW_EVERY_S, TRY_AGAIN_S, Protection


class _Agent:
    """The agent of ECS: keeps what it was asked, and refuses while it is told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.status = 200

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("PUT", "/api/1234/task-protection/v1/state")
        self.asked.append(json.loads(request.content))
        return httpx.Response(self.status, json={})


def test_a_task_is_protected_while_it_has_streams() -> None:
    streams = 0
    agent = _Agent()
    protection = Protection("http://169.254.170.2/api/1234", lambda: streams)
    on = {"ProtectionEnabled": True, "ExpiresInMinutes": EXPIRES_MINUTES}

    async def run() -> None:
        nonlocal streams
        async with httpx.AsyncClient(transport=httpx.MockTransport(agent.answer)) as client:
            await protection.look(client, 0)
            assert agent.asked == []
            streams = 2
            await protection.look(client, 10)
            await protection.look(client, 12)
            assert agent.asked == [on]
            # It would run out.
            await protection.look(client, 10 + RENEW_EVERY_S)
            assert agent.asked == [on, on]
            streams = 0
            await protection.look(client, 20 + RENEW_EVERY_S)
            await protection.look(client, 22 + RENEW_EVERY_S)
            assert agent.asked == [on, on, {"ProtectionEnabled": False}]

    asyncio.run(run())


def test_an_agent_that_refuses_is_asked_again_later() -> None:
    agent = _Agent()
    agent.status = 400
    protection = Protection("http://169.254.170.2/api/1234", lambda: 1)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(agent.answer)) as client:
            await protection.look(client, 0)
            await protection.look(client, 2)
            assert len(agent.asked) == 1
            agent.status = 200
            await protection.look(client, TRY_AGAIN_S)
            await protection.look(client, TRY_AGAIN_S + 2)
            assert len(agent.asked) == 2

    asyncio.run(run())
