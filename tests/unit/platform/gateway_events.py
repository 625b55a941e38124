"""Events as API Gateway passes them."""

import base64
import json
from types import SimpleNamespace
from typing import Any

from millrace.platform.http import Api

REQUEST_ID = "8c5f1b1e-request"


def event(
    method: str,
    resource: str,
    *,
    body: str | bytes | None = None,
    path: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    given = dict(headers or {})
    if body is not None and not any(name.lower() == "content-type" for name in given):
        given["Content-Type"] = "application/json"
    return {
        "requestContext": {"resourcePath": resource, "httpMethod": method, "requestId": REQUEST_ID},
        "headers": given or None,
        "pathParameters": path,
        "multiValueQueryStringParameters": query,
        "stageVariables": None,
        "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": isinstance(body, bytes),
    }


def call(api: Api, request: dict[str, Any]) -> tuple[int, Any, dict[str, Any]]:
    """Return status, parsed body and all headers."""
    answer = api.chalice(request, SimpleNamespace(aws_request_id="lambda-request"))
    body = json.loads(answer["body"]) if answer["body"] else None
    return answer["statusCode"], body, {**answer["headers"], **answer["multiValueHeaders"]}
