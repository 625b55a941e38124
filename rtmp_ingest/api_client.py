"""Speak with the platform's API as the ingest: sessions are opened, kept, interrupted and ended there."""

import asyncio
import logging
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError
from ulid import ULID

from millrace.live.health import Health
from millrace.platform.ids import LiveSessionId, VideoId
from millrace.videos.model import Home

__all__ = ["ApiClient", "ApiRefused", "ApiUnavailable", "Beaten", "Grant"]

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 5.0
# Encoders wait about ten seconds for an answer to "publish". One that is slow is waited for: asking twice opens twice.
OPEN_WITHIN_S: Final = 9.0
TELL_WITHIN_S: Final = 20.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 2.0


class ApiRefused(Exception):
    """The API says no, in words for the streamer; `slug` names the reason."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(detail)
        self.slug = slug
        self.detail = detail


class ApiUnavailable(Exception):
    """The API does not answer."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


A = TypeVar("A", bound=_Answer)


class Grant(_Answer):
    """A session that we hold, and where it goes on."""

    session_id: LiveSessionId
    video_id: VideoId
    home: Home
    epoch: int
    period: int
    next_segment: int
    next_part: dict[str, int] = {}
    first_part: int = 0

    @property
    def began_at(self) -> datetime:
        """Return when the session began: its id carries the moment."""
        return datetime.fromtimestamp(ULID.from_str(self.session_id.upper()).timestamp, UTC)


class Beaten(_Answer):
    """What a session wants of its ingest."""

    command: Literal["go_on", "end"] = "go_on"


class _Problem(_Answer):
    type: str = ""
    title: str = ""
    detail: str = ""


class ApiClient:
    """One client for all streams of the process."""

    def __init__(
        self, base_url: str, secret: str, ingest_id: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._ingest_id = ingest_id
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {secret}"},
            timeout=TIMEOUT_S,
            transport=transport,
            # A proxy of the environment is none of this connection's business.
            trust_env=False,
        )

    async def open_session(self, stream_key: str, client: str) -> Grant:
        """Open or resume the session of a stream key; raises ApiRefused, ApiUnavailable."""
        body = {"stream_key": stream_key, "ingest_id": self._ingest_id, "client": client[:120]}
        answer = await self._insist("POST", "/api/ingest/sessions", body, OPEN_WITHIN_S, OPEN_WITHIN_S)
        return _parsed(Grant, answer)

    async def beat(
        self, session_id: LiveSessionId, epoch: int, *, has_media: bool, tracks: tuple[str, ...], health: Health
    ) -> Beaten:
        """Keep the session; raises ApiRefused when it is no longer ours, ApiUnavailable."""
        body = {
            "epoch": epoch,
            "has_media": has_media,
            "tracks": list(tracks),
            "health": health.model_dump(mode="json", exclude_none=True),
        }
        return _parsed(Beaten, await self._ask("PUT", f"/api/ingest/sessions/{session_id}/beat", body))

    async def interrupt(self, session_id: LiveSessionId, epoch: int) -> None:
        """Tell that the publisher is gone."""
        await self._insist("POST", f"/api/ingest/sessions/{session_id}/interrupt", {"epoch": epoch}, TELL_WITHIN_S)

    async def end(self, session_id: LiveSessionId, epoch: int) -> None:
        """End the session."""
        await self._insist("POST", f"/api/ingest/sessions/{session_id}/end", {"epoch": epoch}, TELL_WITHIN_S)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _insist(
        self, method: str, path: str, body: Mapping[str, object], within_s: float, timeout_s: float = TIMEOUT_S
    ) -> object:
        """Ask until there is an answer, or time is up."""
        deadline_s = asyncio.get_running_loop().time() + within_s
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await self._ask(method, path, body, timeout_s)
            except ApiUnavailable:
                if asyncio.get_running_loop().time() + pause_s > deadline_s:
                    raise
            await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def _ask(self, method: str, path: str, body: Mapping[str, object], timeout_s: float = TIMEOUT_S) -> object:
        try:
            response = await self._http.request(method, path, json=body, timeout=timeout_s)
            answer: object = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ApiUnavailable(str(error)) from error
        if response.is_success:
            return answer
        if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise ApiUnavailable(f"status {response.status_code}")
        try:
            problem = _Problem.model_validate(answer)
        except ValidationError:
            problem = _Problem()
        slug = problem.type.rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        raise ApiRefused(slug or str(response.status_code), problem.detail or problem.title or "refused")


def _parsed(kind: type[A], answer: object) -> A:
    """Return an answer as a value; what is none of ours comes from something in between that has a fault."""
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        raise ApiUnavailable("an answer that is none") from error
