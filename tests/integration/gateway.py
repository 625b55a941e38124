"""Call a function as API Gateway would, in this process, as whoever the test says."""

import importlib.util
import json
import re
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

from millrace.platform.caller import Caller
from millrace.platform.errors import Unauthenticated
from millrace.platform.ids import UserId

FUNCTIONS = Path(__file__).parents[2] / "functions"


@dataclass(frozen=True)
class Answer:
    """What a client would see."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> str:
        """The last part of the problem's type."""
        return str(self.json["type"]).rpartition(":")[2]

    @property
    def refused_fields(self) -> dict[str, str]:
        return {error["field"]: error["message"] for error in self.json["errors"]}


def load_function(folder: str) -> ModuleType:
    """Import a function's app under a name of its own: a container of its own."""
    spec = importlib.util.spec_from_file_location(f"tested_{folder}_{uuid.uuid4().hex}", FUNCTIONS / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Pydantic looks up the module that a generic model is made in.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def trusting(folder: str) -> ModuleType:
    """Load a function that takes `token_of` for a proof; what tokens really prove is tested with accounts."""
    module = load_function(folder)
    module.api._authenticate = read_token
    return module


def token_of(caller: Caller) -> str:
    return f"{caller.user_id}:{','.join(sorted(caller.roles))}"


def read_token(token: str) -> Caller:
    user_id, colon, roles = token.partition(":")
    if not colon:
        raise Unauthenticated("no such token")
    return Caller(UserId(user_id), frozenset(filter(None, roles.split(","))))


def forget_container() -> None:
    """Do to this process what a cold start does to a container: whatever our modules keep in a cache is forgotten.

    Worlds of several folders live in one run of the tests, each with tables and addresses of its own.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("millrace."):
            for value in list(vars(module).values()):
                if callable(getattr(value, "cache_clear", None)):
                    value.cache_clear()


@dataclass(frozen=True)
class Gateway:
    """One function behind a gateway that knows its routes."""

    function: ModuleType

    def call(
        self, method: str, target: str, body: object = None, *, caller: Caller | None = None, **headers: str
    ) -> Answer:
        path, _, query = target.partition("?")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            given.setdefault("content-type", "application/json")
        if caller is not None:
            given["Authorization"] = f"Bearer {token_of(caller)}"
        resource, values = self._route(path)
        parameters = parse_qs(query, keep_blank_values=True) or None
        event = {
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": given,
            "multiValueHeaders": {name: [value] for name, value in given.items()},
            "queryStringParameters": {name: found[-1] for name, found in parameters.items()} if parameters else None,
            "multiValueQueryStringParameters": parameters,
            "pathParameters": values or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "requestId": str(uuid.uuid4()),
                "identity": {"sourceIp": "192.0.2.1"},
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self.function.handler(event, SimpleNamespace(aws_request_id="lambda-request"))
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def _route(self, path: str) -> tuple[str, dict[str, str]]:
        """Find the resource as API Gateway does: a fixed segment before a variable one."""
        found = []
        for resource in {route.path for route in self.function.api.routes}:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(resource))
            match = re.fullmatch(pattern, path)
            if match:
                found.append((resource.count("{"), resource, match.groupdict()))
        if not found:
            return path, {}
        _, resource, values = min(found)
        return resource, values
