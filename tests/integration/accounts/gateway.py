"""Call the functions as API Gateway would, in this process."""

import importlib.util
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ADDRESS = "203.0.113.7"
FUNCTIONS = Path(__file__).parents[3] / "functions"


@dataclass(frozen=True)
class Answer:
    """What a client would see."""

    status: int
    headers: dict[str, str]
    body: str
    set_cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refused_fields(self) -> dict[str, str]:
        return {error["field"]: error["message"] for error in self.json["errors"]}


def path_parameters(resource: str, path: str) -> dict[str, str] | None:
    """Return what the path puts in the places of its pattern."""
    places = zip(resource.split("/"), path.split("/"), strict=True) if resource else ()
    return {place[1:-1]: value for place, value in places if place.startswith("{")} or None


def load_function(folder: str) -> ModuleType:
    """Import a function's app under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"tested_{folder}", FUNCTIONS / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Gateway:
    """One function behind a gateway that matches no patterns: the path is the resource."""

    function: ModuleType

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        resource: str = "",
        query: Any = None,
        **headers: Any,
    ) -> Answer:
        """Call a route; `resource` is its pattern where the path fills one."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            given.setdefault("content-type", "application/json")
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        event = {
            "resource": resource or path,
            "path": path,
            "httpMethod": method,
            "headers": given,
            "multiValueHeaders": {name: [value] for name, value in given.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": path_parameters(resource, path),
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource or path,
                "httpMethod": method,
                "requestId": str(uuid.uuid4()),
                "identity": {"sourceIp": ADDRESS},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self.function.handler(event, SimpleNamespace(aws_request_id="lambda-request"))
        cookies = answer.get("multiValueHeaders", {}).get("Set-Cookie", ())
        return Answer(answer["statusCode"], answer["headers"], answer["body"], tuple(cookies))
