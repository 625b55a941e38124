"""Serve the built pages beside a fake of our own API and a folder of media, as one origin like the real one.

The real platform is under test elsewhere; this one can be in any state, at once, and can fail when told to.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.e2e.browser.accounts import Accounts, problem

# As strict as a site could set it: the pages must not need more. Media Source Extensions play from blob: addresses,
# and engines begin captions with an empty track at a data: address.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob: data:"
)

VIDEO_ID = "01jd0c2v8g3h4j5k6m7n8p9q0r"
SESSION_ID = "01jd0c2v8g3h4j5k6m7n8p9q0s"


class Origin:
    """One origin: pages, API and media. What tests set is served from the next request on."""

    def __init__(self, site: Path, media: Path) -> None:
        self.url = ""
        self.videos: dict[str, dict[str, Any]] = {}
        self.stream: dict[str, Any] | None = None
        self.playback_status = 200
        """What asking for playback of a private video answers."""
        self.faults: dict[str, int | bytes] = {}
        """By pattern of a path: a status, or a body, that is answered instead."""
        self.held: str | None = None
        """A pattern of paths that are answered once this is None."""
        self.cookie: str | None = None
        """The value that private media demands of the cookie; None refuses everybody."""
        self.asked: list[str] = []
        self.accounts = Accounts()
        self.is_owned = False
        """Whether private videos exist only for who is signed in; otherwise `playback_status` alone decides."""
        self._site = site
        self._media = media

    def add_video(self, state: str = "ready", visibility: str = "public", **fields: Any) -> dict[str, Any]:
        """Put a video in a state; `fields` overrides what the API says of it."""
        base = f"/media/{visibility}/{VIDEO_ID}/01jd0c2v8g000000000000000a"
        files = {"hls_url": "main.m3u8", "dash_url": "manifest.mpd", "poster_url": "poster.jpg"}
        playback = {name: f"{base}/{file}" for name, file in files.items()}
        video: dict[str, Any] = {
            "video_id": VIDEO_ID,
            "title": "The mill in the valley",
            "description": "A water mill through the year.\nFilmed on one roll.",
            "visibility": visibility,
            "state": state,
            "progress_percent": 100 if state == "ready" else 0,
            "duration_ms": 12_000 if state == "ready" else None,
            "failure": None,
            "playback": playback if state == "ready" else None,
        }
        self.videos[VIDEO_ID] = video | fields
        return self.videos[VIDEO_ID]

    def add_stream(self, state: str = "live") -> None:
        """Put the one live stream in a state; its media is the film's."""
        self.stream = {
            "session_id": SESSION_ID,
            "video_id": VIDEO_ID,
            "title": "The mill, live",
            "description": "",
            "visibility": "public",
            "state": state,
            "reconnect_window_s": 60,
            "playback": self.add_video()["playback"],
        }

    @property
    def live_url(self) -> str:
        """Return the address of the page that shows the stream."""
        return f"{self.url}/live/{SESSION_ID}"

    @property
    def watch_url(self) -> str:
        """Return the address of the page that shows the video."""
        return f"{self.url}/watch/{VIDEO_ID}"

    def app(self) -> Starlette:
        """Return the origin as an ASGI application."""
        routes = [
            *self.accounts.routes(),
            Route("/api/live/clock", self._clock),
            Route("/api/live/{session_id}", self._stream),
            Route("/api/live/{session_id}/playback", self._stream_playback, methods=["POST"]),
            Route("/api/videos/{video_id}", self._video),
            Route("/api/videos/{video_id}/playback", self._playback, methods=["POST"]),
            Route("/media/{visibility}/{video_id}/{upload_id}/{file:path}", self._media_file),
            Route("/{path:path}", self._page),
        ]
        app = Starlette(routes=routes)
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._fault)
        return app

    async def _fault(self, request: Request, proceed: RequestResponseEndpoint) -> Response:
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        # The tests' own thread ends the wait: an asyncio.Event is not made for that.
        while (held := self.held) is not None and re.search(held, path):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        for pattern, fault in self.faults.items():
            if re.search(pattern, path):
                return Response(status_code=fault) if isinstance(fault, int) else Response(fault)
        response = await proceed(request)
        response.headers["content-security-policy"] = CONTENT_SECURITY_POLICY
        return response

    async def _clock(self, _request: Request) -> Response:
        return PlainTextResponse(datetime.now(UTC).isoformat(timespec="milliseconds"))

    async def _stream(self, _request: Request) -> Response:
        return JSONResponse(self.stream) if self.stream is not None else problem(404)

    async def _stream_playback(self, _request: Request) -> Response:
        return JSONResponse(self.stream["playback"]) if self.stream is not None else problem(404)

    async def _video(self, request: Request) -> Response:
        video = self.videos.get(request.path_params["video_id"])
        is_there = video is not None and self._may_see(request, video)
        return JSONResponse(video) if is_there else problem(404)

    async def _playback(self, request: Request) -> Response:
        if self.playback_status != 200:
            return problem(self.playback_status)
        video = self.videos[request.path_params["video_id"]]
        if not self._may_see(request, video):
            return problem(404)
        response = JSONResponse(video["playback"])
        if self.cookie is not None:
            response.set_cookie("CloudFront-Signature", self.cookie, path="/media/private", httponly=True)
        return response

    def _may_see(self, request: Request, video: dict[str, Any]) -> bool:
        return not self.is_owned or video["visibility"] != "private" or self.accounts.is_signed_in(request)

    async def _media_file(self, request: Request) -> Response:
        is_private = request.path_params["visibility"] == "private"
        if is_private and (self.cookie is None or request.cookies.get("CloudFront-Signature") != self.cookie):
            return Response(status_code=403)
        file = self._media / request.path_params["file"]
        return FileResponse(file) if file.is_file() else Response(status_code=404)

    async def _page(self, request: Request) -> Response:
        file = self._site / request.path_params["path"]
        if file.is_file():
            return FileResponse(file)
        return FileResponse(self._site / "index.html") if file.suffix == "" else Response(status_code=404)


@contextmanager
def serving(origin: Origin) -> Iterator[Origin]:
    """Serve the origin on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin.url = f"http://localhost:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(origin.app(), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        # The socket listens already: what comes before the server is ready waits in its queue.
        yield origin
    finally:
        origin.held = None  # what is still held would keep the server
        server.should_exit = True
        thread.join()
        listener.close()
