"""The API definition that API Gateway imports: OpenAPI 3.0.1, which is all that it takes, with its extensions.

Schemas stay out: the functions validate, and say better what is wrong.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from millrace.platform.http import Access, Api
from millrace.platform.http.problems import MEDIA_TYPE, TITLES, URN
from millrace.platform.http.responses import ALLOWED_ORIGIN, BASE_HEADERS, EXPOSED_HEADERS
from millrace.platform.http.route import Route
from millrace.platform.openapi.document import SECURITY_SCHEME, routes_of

Json = dict[str, Any]

AUTHORIZER_FUNCTION = "authorize"
# The gateway keeps no answer: to do so it would have to find every place in every request where a token can be, and
# a caller has it in the header or in a cookie, never in both.
AUTHORIZER_TTL_S = 0
# The longest that any browser keeps a preflight's answer.
PREFLIGHT_MAX_AGE_S = 7200
ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"

# Those of every answer's headers that a gateway response can carry: its values are texts between single quotes, so a
# policy that has such quotes itself has to stay with the functions.
GATEWAY_HEADERS = tuple(name for name, value in BASE_HEADERS.items() if "'" not in value and "Access" not in name)

# What the gateway answers by itself: its own name for it, our status (None keeps its own), slug and words.
GATEWAY_PROBLEMS: tuple[tuple[str, int, str, str], ...] = (
    ("ACCESS_DENIED", 403, "forbidden", "You may not do this."),
    ("API_CONFIGURATION_ERROR", 500, "internal", "Something went wrong on our side. It has been recorded."),
    ("AUTHORIZER_CONFIGURATION_ERROR", 500, "internal", "Something went wrong on our side. It has been recorded."),
    ("AUTHORIZER_FAILURE", 500, "internal", "Something went wrong on our side. It has been recorded."),
    ("BAD_REQUEST_PARAMETERS", 400, "bad-request", "The request cannot be read."),
    ("BAD_REQUEST_BODY", 400, "bad-request", "The request cannot be read."),
    ("EXPIRED_TOKEN", 403, "forbidden", "You may not do this."),
    ("INTEGRATION_FAILURE", 502, "bad-gateway", "The answer could not be made. Please try again."),
    ("INTEGRATION_TIMEOUT", 504, "timeout", "The answer took too long. Please try again."),
    # The gateway's odd name for a route that does not exist, which it would call a 403.
    ("MISSING_AUTHENTICATION_TOKEN", 404, "not-found", "There is nothing at this address."),
    ("QUOTA_EXCEEDED", 429, "too-many-requests", "Too many requests. Please try again later."),
    ("REQUEST_TOO_LARGE", 413, "body-too-large", "The request is too large."),
    ("RESOURCE_NOT_FOUND", 404, "not-found", "There is nothing at this address."),
    ("THROTTLED", 429, "too-many-requests", "Too many requests. Please try again later."),
    ("UNAUTHORIZED", 401, "unauthenticated", "Sign in first."),
    ("UNSUPPORTED_MEDIA_TYPE", 415, "unsupported-media-type", "The body has to be application/json."),
    ("WAF_FILTERED", 403, "forbidden", "You may not do this."),
)
# Whatever else goes wrong there keeps the gateway's status.
GATEWAY_DEFAULTS: tuple[tuple[str, str, str, str], ...] = (
    ("DEFAULT_4XX", "Bad request", "bad-request", "The request cannot be served."),
    ("DEFAULT_5XX", "Internal error", "internal", "Something went wrong on our side. It has been recorded."),
)


def gateway_body(apis: Mapping[str, Api], *, version: str, allowed_origin: str = ALLOWED_ORIGIN) -> Json:
    """Write the body that `template.yaml` includes; functions stand in it by their logical ids."""
    paths: dict[str, Json] = {}
    for folder, route in routes_of(apis):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(folder, route)
    for path, operations in paths.items():
        operations["options"] = _preflight(path, operations, allowed_origin)
    return {
        "openapi": "3.0.1",
        "info": {"title": "Millrace", "version": version},
        "paths": paths,
        "components": {"securitySchemes": {SECURITY_SCHEME: _authorizer()}},
        "x-amazon-apigateway-gateway-responses": _gateway_responses(allowed_origin),
    }


def logical_id(folder: str) -> str:
    """Return the function's name in the template: `encode_chunk` is `EncodeChunkFunction`."""
    return "".join(word.capitalize() for word in folder.split("_")) + "Function"


def _invocation(folder: str) -> Json:
    function = f"${{{logical_id(folder)}.Arn}}"
    prefix = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {"Fn::Sub": f"{prefix}/{function}/invocations"}


def _operation(folder: str, route: Route) -> Json:
    operation: Json = {
        "operationId": route.view.__name__,
        "responses": {"default": {"description": "See docs/api/openapi.json."}},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            # Lambda is always called by POST, whatever the route's own method.
            "httpMethod": "POST",
            "uri": _invocation(folder),
            "passthroughBehavior": "when_no_match",
        },
    }
    if route.path_params:
        operation["parameters"] = _parameters(route.path_params)
    if route.access is Access.SIGNED_IN:
        operation["security"] = [{SECURITY_SCHEME: []}]
    return operation


def _parameters(names: Iterable[str]) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _authorizer() -> Json:
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "custom",
        "x-amazon-apigateway-authorizer": {
            "type": "request",
            "authorizerUri": _invocation(AUTHORIZER_FUNCTION),
            "authorizerResultTtlInSeconds": AUTHORIZER_TTL_S,
        },
    }


def _preflight(path: str, operations: Mapping[str, Json], allowed_origin: str) -> Json:
    """Answer a browser's preflight in the gateway, for no Lambda's money."""
    headers = {
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Allow-Methods": ", ".join(sorted(method.upper() for method in operations)),
        "Access-Control-Allow-Origin": allowed_origin,
        "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S),
        # Caches may answer the same preflight again, but never to a request with other headers.
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    operation: Json = {
        "responses": {
            "204": {
                "description": "What other origins may send.",
                "headers": {name: {"schema": {"type": "string"}} for name in headers},
            }
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "passthroughBehavior": "when_no_match",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {
                "default": {
                    "statusCode": "204",
                    "responseParameters": {
                        f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()
                    },
                }
            },
        },
    }
    if names:
        operation["parameters"] = _parameters(names)
    return operation


def _gateway_responses(allowed_origin: str) -> Json:
    responses: Json = {}
    for name, title, slug, detail in GATEWAY_DEFAULTS:
        responses[name] = _gateway_response(None, title, slug, detail, allowed_origin)
    for name, status, slug, detail in GATEWAY_PROBLEMS:
        responses[name] = _gateway_response(status, TITLES[status], slug, detail, allowed_origin)
    return responses


def _gateway_response(status: int | None, title: str, slug: str, detail: str, allowed_origin: str) -> Json:
    headers = {
        "Access-Control-Allow-Origin": allowed_origin,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
        "Content-Type": MEDIA_TYPE,
        **{name: BASE_HEADERS[name] for name in GATEWAY_HEADERS},
    }
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 429:
        headers["Retry-After"] = "1"
    problem: Json = {"type": URN + slug, "title": title, "detail": detail, "instance": "$context.requestId"}
    if status is not None:
        problem["status"] = status
    response: Json = {
        "responseParameters": {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
        # The gateway picks a template by the Accept header and falls back to JSON's: the type is set above.
        "responseTemplates": {"application/json": json.dumps(problem)},
    }
    if status is not None:
        response["statusCode"] = str(status)
    return response
