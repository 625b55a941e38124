"""The ASGI application: viewers in, answers out, and the edge's own pages under `/_edge/`."""

import json
import logging
import time
from typing import Any

from edge.answers import error_page, new_request_id
from edge.collapse import Collapser
from edge.exchange import Exchange, Outcome, Receive, Scope, Send, ViewerLeft
from edge.origin_client import OriginClient
from edge.serving import Served, Server, has_body
from edge.stats import AccessLog, AccessRecord, Counters, Stats
from edge.store import Store
from edge.viewer import ViewerRequest, viewer_request
from edge.watch import DistributionWatch, watching

_log = logging.getLogger("edge.app")


class EdgeApp:
    """Serves HTTP; WebSockets are refused for now."""

    def __init__(
        self,
        watch: DistributionWatch,
        server: Server,
        stats: Stats,
        store: Store,
        collapser: Collapser,
        client: OriginClient,
        log: AccessLog,
    ) -> None:
        self._watch = watch
        self._server = server
        self._stats = stats
        self._store = store
        self._collapser = collapser
        self._client = client
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection's scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1013, "reason": "no WebSocket origins yet"})
        elif scope["path"].startswith("/_edge/"):
            await self._own_page(scope, send)
        else:
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with watching(self._watch):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await self._collapser.close()
        await self._client.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _own_page(self, scope: Scope, send: Send) -> None:
        name = scope["path"].removeprefix("/_edge/")
        if name == "reload" and scope["method"] == "POST":
            await self._watch.refresh()
            status, shape = 200, self._health()
        elif name == "health":
            shape = self._health()
            status = 200 if shape["status"] == "ok" else 503
        elif name == "stats":
            status, shape = 200, self._report()
        else:
            status, shape = 404, {"error": "there are /_edge/health, /_edge/stats and POST /_edge/reload"}
        fields = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": json.dumps(shape).encode() + b"\n"})

    def _health(self) -> dict[str, Any]:
        served = [
            {"id": item.id, "domain": item.domain, "behaviors": [behavior.pattern for behavior in item.behaviors]}
            for item in self._watch.distributions
        ]
        problem = self._watch.error or (None if served else "no distribution is deployed")
        return {
            "status": "ok" if served and self._watch.error is None else "waiting",
            "problem": problem,
            "distributions": served,
            "polled_at_s": self._watch.polled_at_s,
        }

    def _report(self) -> dict[str, Any]:
        store = self._store
        cache = {
            "entries": len(store),
            "memory_bytes": store.memory_bytes,
            "disk_bytes": store.disk_bytes,
            "files": store.files,
        }
        return {"cache": cache, "distributions": self._stats.report()}

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = viewer_request(scope)
        exchange = Exchange(receive, send)
        distribution = self._watch.for_host(request.host)
        started_s = time.monotonic()
        try:
            if distribution is None:
                served = _unanswered(self._nothing_served(request.host))
                outcome = await exchange.respond(served.answer)
            elif has_body(request):
                served = await self._server.serve(distribution, request, exchange.body())
                outcome = await exchange.respond(served.answer)
            else:
                # Who sends a body is not watched: the body and the news of leaving come through one channel.
                async with exchange.cancelled_when_gone():
                    served = await self._server.serve(distribution, request, None)
                    outcome = await exchange.respond(served.answer)
        except ViewerLeft:
            served = _unanswered("the viewer left")
            outcome = Outcome(exchange.sent_bytes, is_viewer_gone=True)
        except Exception:  # noqa: BLE001 -- an entry point: the viewer gets an answer, the log the reason
            _log.exception("a request failed", extra={"fields": {"path": request.path}})
            served = _unanswered("the edge failed: see its log")
            outcome = await exchange.respond(served.answer)
        served.counters.bytes_to_viewers += outcome.sent_bytes
        duration_ms = round((time.monotonic() - started_s) * 1000, 1)
        self._log.write(_record(request, served, outcome, distribution.id if distribution else "", duration_ms))

    def _nothing_served(self, host: str) -> str:
        if self._watch.distributions:
            hosts = ", ".join(f"{item.id.lower()}.cloudfront.localhost" for item in self._watch.distributions)
            return f"no distribution answers for {host}; there are {hosts}"
        return self._watch.error or "no distribution is deployed yet"


def _unanswered(reason: str) -> Served:
    request_id = new_request_id()
    return Served(error_page(502, reason, request_id), "", request_id, Counters())


def _record(
    request: ViewerRequest, served: Served, outcome: Outcome, distribution_id: str, duration_ms: float
) -> AccessRecord:
    is_gone = outcome.is_viewer_gone
    return AccessRecord(
        method=request.method,
        host=request.host,
        path=request.path,
        # As in CloudFront's log, 0 stands for a viewer who left before the end.
        status=0 if is_gone else served.answer.status,
        result="ViewerLeft" if is_gone else served.answer.result.removesuffix(" from cloudfront"),
        behavior=served.behavior,
        distribution=distribution_id,
        bytes=outcome.sent_bytes,
        duration_ms=duration_ms,
        client_ip=request.client_ip,
        request_id=served.request_id,
        error="" if is_gone else outcome.error or served.answer.error,
    )
