"""The whole API for people and for generated clients: OpenAPI 3.1 with every schema."""

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from millrace.platform.browser import ACCESS_COOKIE, SAFE_METHODS
from millrace.platform.errors import DomainError, Stale
from millrace.platform.http import Access, Api, CrossSite
from millrace.platform.http.problems import MEDIA_TYPE, TITLES, Problem, status_of
from millrace.platform.http.requests import IDEMPOTENCY_KEY_PATTERN
from millrace.platform.http.route import JSON_TYPE, IfMatch, Route
from millrace.platform.idempotency.service import KeyReused, StillWorking
from millrace.platform.ids import ID_PATTERN
from millrace.platform.limits import Limit, Per
from millrace.platform.openapi.examples import add_examples

Json = dict[str, Any]
SECURITY_SCHEME = "bearer"
COOKIE_SCHEME = "cookie"
REF = "#/components/schemas/{model}"
_RETRY_AFTER: Json = {
    "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds until a try makes sense."}}
}
_References = Mapping[tuple[type[BaseModel], JsonSchemaMode], Json]


class AmbiguousRoutes(ValueError):
    """Two routes share a method and path, or two views share a name, across the functions."""


def routes_of(apis: Mapping[str, Api]) -> Iterator[tuple[str, Route]]:
    """Yield function folder and route, by path and method; raises AmbiguousRoutes."""
    found = [(folder, route) for folder, api in apis.items() for route in api.routes]
    for names in ([route.name for _, route in found], [route.view.__name__ for _, route in found]):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise AmbiguousRoutes(", ".join(twice))
    yield from sorted(found, key=lambda pair: (pair[1].path, pair[1].method))


def api_document(apis: Mapping[str, Api], *, version: str) -> Json:
    """Describe every route with its schemas, problems and security."""
    routes = [route for _, route in routes_of(apis)]
    references, definitions = _schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Millrace",
            "version": version,
            "description": "A video platform that anyone can own. Errors are problem documents (RFC 9457).",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The site's own address."}],
        "tags": [{"name": tag} for tag in sorted({route.tag for route in routes})],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                SECURITY_SCHEME: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token, as registering and signing in give one.",
                },
                COOKIE_SCHEME: {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": ACCESS_COOKIE,
                    "description": (
                        "The access token of a browser that signed in with `cookies`; on HTTPS the name begins with "
                        "`__Host-`. What changes something with it must come from the site's own pages."
                    ),
                },
            },
        },
    }
    add_examples(document)
    return document


def _schemas(routes: Iterable[Route]) -> tuple[_References, Json]:
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for route in routes:
        for model in filter(None, (route.body, route.query)):
            wanted[(model, "validation")] = None
        if route.reply is not None:
            wanted[(route.reply, "serialization")] = None
    described, root = models_json_schema(list(wanted), ref_template=REF)
    references = {(model, mode): described[model, mode] for model, mode in wanted}
    return references, dict(sorted(root.get("$defs", {}).items()))


def _operation(route: Route, references: _References) -> Json:
    summary, _, description = inspect.cleandoc(route.view.__doc__ or route.view.__name__).partition(". ")
    operation: Json = {
        "operationId": route.view.__name__,
        "tags": [route.tag],
        "summary": " ".join(summary.split()).rstrip("."),
        "security": _security(route.access),
    }
    if description:
        operation["description"] = " ".join(description.split())
    parameters = [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        schema = references[(route.body, "validation")]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    operation["responses"] = _responses(route, references)
    return operation


def _security(access: Access) -> list[Json]:
    match access:
        case Access.PUBLIC:
            return []
        case Access.OPTIONAL:
            return [{}, {SECURITY_SCHEME: []}, {COOKIE_SCHEME: []}]
        case Access.SIGNED_IN:
            return [{SECURITY_SCHEME: []}, {COOKIE_SCHEME: []}]


def _path_parameters(route: Route) -> Iterator[Json]:
    for name, is_id in route.path_params.items():
        schema: Json = {"type": "string", "pattern": f"^{ID_PATTERN}$"} if is_id else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> Iterator[Json]:
    if route.query is None:
        return
    schema = route.query.model_json_schema(ref_template=REF)
    # A parameter's own schema cannot point at a definition beside it, such as that of a closed choice.
    definitions = schema.get("$defs", {})
    if any("$ref" in json.dumps(definition) for definition in definitions.values()):
        raise TypeError(f"{route.name}: a query has plain fields only")
    for name, pointing in schema.get("properties", {}).items():
        described = _inlined(pointing, definitions)
        own = {key: value for key, value in described.items() if key != "description"}
        parameter: Json = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": own}
        if "description" in described:
            parameter["description"] = described["description"]
        yield parameter


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    own = {key: _inlined(value, definitions) for key, value in node.items() if key != "$ref"}
    target = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
    return {**{key: value for key, value in target.items() if key not in ("title", "description")}, **own}


def _header_parameters(route: Route) -> Iterator[Json]:
    if route.idempotent:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "pattern": f"^{IDEMPOTENCY_KEY_PATTERN}$"},
            "description": (
                "A random text of the client's own, one for each thing to be made. A request that comes again with it "
                "within a day makes nothing new and gets the first answer, with `Idempotency-Replayed: true`."
            ),
        }
    if route.if_match is not IfMatch.UNUSED:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": route.if_match is IfMatch.REQUIRED,
            "schema": {"type": "string"},
            "description": "The `ETag` that was read: the change is made only while it is still the same.",
        }


def _responses(route: Route, references: _References) -> Json:
    success: Json = {"description": "Done."}
    if route.reply is not None:
        success["content"] = {route.media_type: {"schema": references[(route.reply, "serialization")]}}
    elif route.sends_document:
        is_json = route.media_type == JSON_TYPE
        success["content"] = {route.media_type: {"schema": {"type": "object" if is_json else "string"}}}
    if route.sets_cookies:
        success["headers"] = {"Set-Cookie": {"schema": {"type": "string"}, "description": "One for each cookie."}}
    if route.status == 302:
        success = {"description": "Go on there.", "headers": {"Location": {"schema": {"type": "string"}}}}
    responses: Json = {str(route.status): success}
    problem = {MEDIA_TYPE: {"schema": references[(Problem, "serialization")]}}
    for status, reasons in sorted(_refusals(route).items()):
        responses[str(status)] = {"description": " ".join([f"{TITLES[status]}.", *reasons]), "content": problem}
    responses["429"] = responses.get("429", {"description": f"{TITLES[429]}.", "content": problem}) | _RETRY_AFTER
    responses["default"] = {"description": "Any other failure: 5xx.", "content": problem}
    return dict(sorted(responses.items()))


def _refusals(route: Route) -> Mapping[int, list[str]]:
    """Return the statuses that a caller of this route has to expect, with the view's own reasons."""
    refusals: dict[int, list[str]] = {}
    for status, reason in (*_refusals_of_input(route), *_refusals_of_promises(route)):
        refusals.setdefault(status, []).extend(filter(None, [reason]))
    for error in route.raises:
        refusals.setdefault(status_of(error), []).append(_reason(error))
    return refusals


def _refusals_of_input(route: Route) -> Iterator[tuple[int, str]]:
    if route.body is not None:
        yield from ((400, ""), (413, ""), (415, ""), (422, ""))
    if route.query is not None:
        yield 422, ""
    if route.access is not Access.PUBLIC:
        yield 401, ""
        if route.method not in SAFE_METHODS:
            yield 403, _reason(CrossSite)
    if route.path_params:
        yield 404, ""


def _refusals_of_promises(route: Route) -> Iterator[tuple[int, str]]:
    if route.idempotent:
        yield from ((400, ""), (409, _reason(KeyReused)), (409, _reason(StillWorking)))
    if route.if_match is not IfMatch.UNUSED:
        yield 412, _reason(Stale)
    if route.if_match is IfMatch.REQUIRED:
        yield 428, "Send If-Match."
    for limit in route.limits:
        yield 429, _allowance(limit)


def _allowance(limit: Limit) -> str:
    whose = {Per.ACCOUNT: "account", Per.ADDRESS: "address", Per.VALUE: f"`{limit.field}`"}[limit.per]
    return f"{limit.times} in {limit.period_s} s for each {whose}."


def _reason(error: type[DomainError]) -> str:
    return inspect.cleandoc(error.__doc__ or error.__name__).splitlines()[0]
