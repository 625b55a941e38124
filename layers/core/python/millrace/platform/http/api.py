"""One HTTP API: a Chalice application whose views are typed and whose errors are problem documents."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Chalice, Request, Response

from millrace.platform.caller import Caller
from millrace.platform.errors import DomainError, Unauthenticated
from millrace.platform.http import problems
from millrace.platform.http.model import Access
from millrace.platform.http.origins import narrow
from millrace.platform.http.requests import (
    bearer_token,
    fingerprint,
    idempotency_key,
    path_arguments,
    read_body,
    read_if_match,
    read_query,
)
from millrace.platform.http.responses import answer, kept_headers, refuse, write_remembered
from millrace.platform.http.route import JSON_TYPE, IfMatch, Route, View, read_route
from millrace.platform.http.visitor import read_visitor
from millrace.platform.idempotency import Remembered, answer_once
from millrace.platform.limits import Limit, spend
from millrace.platform.observability import logger, metrics

Authenticate = Callable[[str], Caller]
ViewT = TypeVar("ViewT", bound=View)


class Api:
    """The routes of one audience; `chalice` is what Lambda calls."""

    def __init__(self, name: str, authenticate: Authenticate | None = None) -> None:
        """Take the function's name and what turns a token into a caller, raising Unauthenticated."""
        self.name = name
        self.routes: list[Route] = []
        self._authenticate = authenticate
        # An environment of its own: Chalice would write its version into ours.
        self.chalice = Chalice(app_name=name, configure_logs=False, env={})
        self.chalice.register_middleware(self._serve, "http")

    def route(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        access: Access = Access.PUBLIC,
        tag: str = "",
        cookies: bool = False,
        raises: Sequence[type[DomainError]] = (),
        limits: Sequence[Limit] = (),
        idempotent: bool = False,
        media_type: str = JSON_TYPE,
    ) -> Callable[[ViewT], ViewT]:
        """Declare a view; it stays callable as it is.

        `cookies` says that its answers may set some; `raises` names the refusals of its own, for the documentation;
        `limits` how often it may be called; `idempotent` that a client may repeat it with an `Idempotency-Key`. Never
        for answers with secrets: they are kept for a day.
        """

        def declare(view: ViewT) -> ViewT:
            if access is not Access.PUBLIC and self._authenticate is None:
                raise TypeError(f"{self.name} cannot authenticate, so {path} cannot be {access.name}")
            route = read_route(
                view,
                method,
                path,
                status=status,
                access=access,
                tag=tag or self.name,
                sets_cookies=cookies,
                raises=raises,
                limits=limits,
                idempotent=idempotent,
                media_type=media_type,
            )
            self.routes.append(route)
            # Chalice would refuse a body by its type in a form of its own: `read_body` does it.
            register = self.chalice.route(path, methods=[method], name=view.__name__, content_types=[])
            register(lambda **_path: self._run(route, self._request()))
            return view

        return declare

    def _serve(self, request: Request | None, get_response: Callable[[Any], Response]) -> Response:
        """Wrap Chalice's routing: it knows neither 404 nor problems, and nothing is logged by it."""
        started_s = time.perf_counter()
        request_id = _request_id(request)
        route = self._find(request)
        if route is None or request is None:
            name = "unknown"
            response = refuse(self._unroutable(request), request_id)
        else:
            name = route.name
            response = get_response(request)
            narrow(route, read_visitor(request), response)
        _record(name, request_id, response.status_code, time.perf_counter() - started_s)
        return response

    def _run(self, route: Route, request: Request) -> Response:
        """Call the view; every failure becomes a problem here, before Chalice makes it a bare 500."""
        request_id = _request_id(request)
        try:
            return self._answer(route, request, request_id)
        except problems.Refusal as refusal:
            return refuse(refusal, request_id)
        except DomainError as error:
            known = problems.from_domain(error)
            if known.status >= 500:
                logger().exception("request failed", route=route.name, request_id=request_id)
            return refuse(known, request_id)
        except Exception:  # noqa: BLE001 - an entry point: whatever a view forgot ends here
            logger().exception("request failed", route=route.name, request_id=request_id)
            return refuse(problems.internal(), request_id)

    def _answer(self, route: Route, request: Request, request_id: str) -> Response:
        # Who calls is settled first: a stranger learns nothing about bodies or addresses.
        caller = self._caller(route, request)
        arguments = self._arguments(route, request, caller)
        if route.limits:
            spend(route.limits, address=read_visitor(request).address, caller=caller, body=arguments.get("body"))
        key = idempotency_key(request) if route.idempotent else None
        if key is None or caller is None:
            return answer(route, route.view(**arguments), request_id)

        def work() -> Remembered:
            done = answer(route, route.view(**arguments), request_id)
            return Remembered(done.status_code, done.body, kept_headers(done))

        remembered, is_replay = answer_once(
            route.name, owner=caller.user_id, key=key, request=fingerprint(request), work=work
        )
        return write_remembered(remembered, request_id, is_replay=is_replay)

    def _arguments(self, route: Route, request: Request, caller: Caller | None) -> dict[str, Any]:
        arguments: dict[str, Any] = dict(path_arguments(route, request))
        if route.takes_caller:
            arguments["caller"] = caller
        if route.takes_visitor:
            arguments["visitor"] = read_visitor(request)
        if route.if_match is not IfMatch.UNUSED:
            arguments["if_match"] = read_if_match(route, request)
        if route.query is not None:
            arguments["query"] = read_query(route.query, request)
        if route.body is not None:
            arguments["body"] = read_body(route.body, request)
        return arguments

    def _caller(self, route: Route, request: Request) -> Caller | None:
        if route.access is Access.PUBLIC or self._authenticate is None:
            return None
        token = bearer_token(request)
        if token is None:
            token = read_visitor(request).access_cookie(route.method)
        if token is None:
            if route.access is Access.OPTIONAL:
                return None
            raise Unauthenticated("Sign in first.")
        return self._authenticate(token)

    def _find(self, request: Request | None) -> Route | None:
        if request is None:
            return None
        wanted = (request.path, request.method)
        return next((route for route in self.routes if (route.path, route.method) == wanted), None)

    def _unroutable(self, request: Request | None) -> problems.Refusal:
        allowed = sorted(route.method for route in self.routes if request is not None and route.path == request.path)
        if not allowed:
            return problems.Refusal(404, "not-found", "There is nothing at this address.")
        headers = {"Allow": ", ".join(allowed)}
        return problems.Refusal(405, "method-not-allowed", "This address does not take that method.", headers)

    def _request(self) -> Request:
        request = self.chalice.current_request
        if request is None:
            raise RuntimeError("a view runs only inside a request")
        return request


def _request_id(request: Request | None) -> str:
    return str(request.context.get("requestId", "")) if request is not None else ""


def _record(route: str, request_id: str, status: int, duration_s: float) -> None:
    duration_ms = round(duration_s * 1000, 1)
    logger().info("request", route=route, status=status, duration_ms=duration_ms, request_id=request_id)
    emf = metrics()
    emf.add_dimension("route", route)
    emf.add_metric("Requests", MetricUnit.Count, 1)
    emf.add_metric("Errors", MetricUnit.Count, 1 if status >= 500 else 0)
    emf.add_metric("Duration", MetricUnit.Milliseconds, duration_ms)
    emf.flush_metrics()
