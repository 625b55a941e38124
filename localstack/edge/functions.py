"""Run CloudFront Functions (cloudfront-js-2.0) in QuickJS: no network, no files, bounded time and memory.

Every call gets a fresh interpreter (0.1 ms), so nothing survives from one viewer to another. What is not there: the
modules `crypto`, `querystring` and `cloudfront` (key-value stores), for the lack of a user.
"""

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import quickjs  # type: ignore[import-untyped]

from edge.headers import Headers, every, without
from edge.model import Distribution, EdgeFunction
from edge.viewer import ViewerRequest, cookie_field, cookies, query_pairs

# CloudFront allows about a millisecond; a busy laptop needs more room before it calls a function stuck.
_TIME_LIMIT_S = 0.1
_MEMORY_BYTES = 2 * 1024 * 1024
_MAX_BODY_BYTES = 40 * 1024
# A promise that never settles leaves jobs behind for ever.
_MAX_JOBS = 10_000
_CALL = """
var console = {log() {}, error() {}, warn() {}, info() {}, debug() {}};
(async () => {
  try { globalThis.__result = JSON.stringify({value: await handler(JSON.parse(__event))}); }
  catch (error) { globalThis.__result = JSON.stringify({error: String(error)}); }
})();
"""
# RFC 9110 leaves these to the connection; a function may not set them.
_READ_ONLY = frozenset({"host", "content-length", "transfer-encoding", "via", "connection", "upgrade", "cookie"})

_log = logging.getLogger("edge.functions")
Shape = Mapping[str, Any]


class FunctionFailed(Exception):
    """The function raised, ran too long, or returned what cannot be used; `status` is what the viewer gets."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class FunctionReply:
    """An answer made by a function. A body of None leaves the body as it is."""

    status: int
    headers: Headers
    body: bytes | None = None


def on_viewer_request(
    function: EdgeFunction, distribution: Distribution, request: ViewerRequest, request_id: str
) -> ViewerRequest | FunctionReply:
    """Let a function change the request or answer it. Raises FunctionFailed."""
    event = _event("viewer-request", distribution, request, request_id)
    result = _call(function, event)
    try:
        if "statusCode" in result:
            return _reply(result, ())
        return _changed(request, result)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FunctionFailed(502, f"{function.arn} returned neither a request nor a response: {error}") from error


def on_viewer_response(
    function: EdgeFunction, distribution: Distribution, request: ViewerRequest, reply: FunctionReply, request_id: str
) -> FunctionReply:
    """Let a function change an answer. Raises FunctionFailed."""
    event = _event("viewer-response", distribution, request, request_id)
    set_cookies = every(reply.headers, "set-cookie")
    event["response"] = {
        "statusCode": reply.status,
        "headers": _multi(without(reply.headers, ("set-cookie",))),
        "cookies": _set_cookie_shapes(set_cookies),
    }
    try:
        return _reply(_call(function, event), reply.headers)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FunctionFailed(502, f"{function.arn} did not return a response: {error}") from error


def _call(function: EdgeFunction, event: Shape) -> dict[str, Any]:
    context = quickjs.Context()
    context.set_memory_limit(_MEMORY_BYTES)
    context.set_time_limit(_TIME_LIMIT_S)
    try:
        context.eval(function.code)
        context.set("__event", json.dumps(event))
        context.eval(_CALL)
        for _ in range(_MAX_JOBS):
            if not context.execute_pending_job():
                break
        else:
            raise FunctionFailed(503, f"{function.arn} never comes to an end")
        outcome = json.loads(context.get("__result") or "{}")
    except (quickjs.JSException, quickjs.StackOverflow, ValueError) as error:
        _log.warning("function failed", extra={"fields": {"function": function.arn, "error": str(error)}})
        raise FunctionFailed(503, f"{function.arn} failed: {error}") from error
    if "error" in outcome:
        _log.warning("function raised", extra={"fields": {"function": function.arn, "error": outcome["error"]}})
        raise FunctionFailed(503, f"{function.arn} raised {outcome['error']}")
    value = outcome.get("value")
    if not isinstance(value, dict):
        raise FunctionFailed(502, f"{function.arn} returned no object")
    return value


def _event(kind: str, distribution: Distribution, request: ViewerRequest, request_id: str) -> dict[str, Any]:
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.domain,
            "distributionId": distribution.id,
            "eventType": kind,
            "requestId": request_id,
        },
        "viewer": {"ip": request.client_ip},
        "request": {
            "method": request.method,
            "uri": request.path,
            # Values stay percent-encoded, so that what a function does not touch comes out as it went in.
            "querystring": _multi(tuple(_name_and_raw_value(pair.raw) for pair in query_pairs(request.query))),
            "headers": _multi(without(request.headers, ("cookie",))),
            "cookies": _multi(tuple(cookies(request.headers))),
        },
    }


def _name_and_raw_value(raw: str) -> tuple[str, str]:
    name, _, value = raw.partition("=")
    return name, value


def _multi(pairs: Headers) -> dict[str, dict[str, Any]]:
    """Group repeated names as the event does: the first value, and all of them when there are several."""
    grouped: dict[str, dict[str, Any]] = {}
    for name, value in pairs:
        if name in grouped:
            known = grouped[name]
            known.setdefault("multiValue", [{"value": known["value"]}]).append({"value": value})
        else:
            grouped[name] = {"value": value}
    return grouped


def _flat(shape: Shape | None) -> list[tuple[str, str]]:
    pairs = []
    for name, item in (shape or {}).items():
        values = item.get("multiValue") or [item]
        pairs += [(name, str(value["value"])) for value in values]
    return pairs


def _changed(request: ViewerRequest, result: Shape) -> ViewerRequest:
    path = str(result["uri"])
    if not path.startswith("/"):
        raise ValueError(f"the uri {path!r} does not begin with a slash")
    query = result.get("querystring", {})
    text = query if isinstance(query, str) else "&".join(f"{name}={value}" for name, value in _flat(query))
    fixed = tuple(pair for pair in request.headers if pair[0] in _READ_ONLY - {"cookie"})
    given = [(name.lower(), value) for name, value in _flat(result.get("headers"))]
    headers = (*fixed, *(pair for pair in given if pair[0] not in _READ_ONLY))
    if pairs := _flat(result.get("cookies")):
        headers = (*headers, ("cookie", cookie_field(pairs)))
    return replace(request, path=path, query=text, headers=headers)


def _reply(result: Shape, before: Headers) -> FunctionReply:
    status = int(result["statusCode"])
    if not 200 <= status <= 599:
        raise ValueError(f"the status {status} is no final status")
    fixed = tuple(pair for pair in before if pair[0] in _READ_ONLY)
    given = ((name.lower(), value) for name, value in _flat(result.get("headers")))
    set_cookies = [("set-cookie", _set_cookie(name, item)) for name, item in _cookie_items(result.get("cookies"))]
    headers = (*fixed, *(pair for pair in given if pair[0] not in _READ_ONLY), *set_cookies)
    return FunctionReply(status, headers, _body(result.get("body")))


def _body(body: Any) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, str):
        data = body.encode()
    else:
        is_base64 = body.get("encoding") == "base64"
        try:
            data = base64.b64decode(body["data"]) if is_base64 else str(body["data"]).encode()
        except binascii.Error as error:
            raise ValueError("the body is not base64") from error
    if len(data) > _MAX_BODY_BYTES:
        raise ValueError("the body is larger than 40 KB")
    return data


def _set_cookie_shapes(fields: list[str]) -> dict[str, dict[str, Any]]:
    shapes: dict[str, dict[str, Any]] = {}
    for field in fields:
        pair, _, attributes = field.partition(";")
        name, _, value = pair.strip().partition("=")
        shapes[name] = {"value": value, "attributes": attributes.strip()}
    return shapes


def _cookie_items(shape: Shape | None) -> list[tuple[str, Shape]]:
    return [(name, one) for name, item in (shape or {}).items() for one in (item.get("multiValue") or [item])]


def _set_cookie(name: str, item: Shape) -> str:
    attributes = item.get("attributes")
    return f"{name}={item['value']}" + (f"; {attributes}" if attributes else "")
