"""The generated gateway body, deployed: what the gateway itself answers before or instead of a function."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.emulator import servers

BODY = Path(__file__).parents[3] / "docs" / "api" / "gateway.json"
# Stands for every function: tells which it is, what it was asked, and whom the authorizer let through.
ECHO = """
import json, os
def handler(event, context):
    found = {"function": os.environ["WHO"], "resource": event["requestContext"]["resourcePath"],
             "path": event["pathParameters"], "user_id": event["requestContext"].get("authorizer", {}).get("user_id")}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(found)}
"""
AUTHORIZE = """
def handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    if "a.good.token" not in headers.get("authorization", "") + headers.get("cookie", ""):
        raise Exception("Unauthorized")
    api, stage = event["methodArn"].split("/")[:2]
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{api}/{stage}/*"}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [allow]},
            "context": {"user_id": "ada"}}
"""


@dataclass(frozen=True)
class Site:
    """The deployed API."""

    url: str

    def call(self, method: str, path: str, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
        request = urllib.request.Request(
            self.url + path, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read().decode()
            return answer.status, json.loads(text) if text else None, answer.headers


@pytest.fixture(scope="module")
def site(world: Any) -> Site:
    server: servers.Server = world.server
    functions = sorted({uri["Fn::Sub"].split("${")[3].split(".")[0] for uri in integrations()})
    resources: dict[str, Any] = {
        name: {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": servers.ROLE,
                "Environment": {"Variables": {"WHO": name}},
                "Code": {"ZipFile": AUTHORIZE if name == "AuthorizeFunction" else ECHO},
            },
        }
        for name in {*functions, "AuthorizeFunction"}
    }
    resources["Api"] = {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {"Name": "gateway-body", "Body": json.loads(BODY.read_text())},
    }
    resources["Deployment"] = {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}}
    resources["Stage"] = {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {"RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "prod"},
    }
    outputs = server.deploy("gateway-body", resources, {"Api": {"Ref": "Api"}})
    assert outputs["StackStatus"] == "CREATE_COMPLETE"
    return Site(f"{server.endpoint}/_aws/execute-api/{outputs['Api']}/prod")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths = json.loads(BODY.read_text())["paths"]
    return [(path, method, found) for path, methods in paths.items() for method, found in methods.items()]


def integrations() -> list[dict[str, str]]:
    found = [operation["x-amazon-apigateway-integration"] for _, _, operation in operations()]
    return [integration["uri"] for integration in found if integration["type"] == "aws_proxy"]


def test_every_route_reaches_its_function_and_closed_ones_only_with_a_token(site: Site) -> None:
    for path, method, operation in operations():
        if method == "options":
            continue
        concrete = re.sub(r"\{[^}]+\}", "01kc3v9m5t3q8x5f0h2j4n6p8r", path)
        is_closed = "security" in operation
        status, answer, _ = site.call(method.upper(), concrete)
        assert status == (401 if is_closed else 200), (method, path)
        status, answer, _ = site.call(method.upper(), concrete, Authorization="Bearer a.good.token")
        assert (status, answer["resource"]) == (200, path)
        assert site.call(method.upper(), concrete, Cookie="millrace_access=a.good.token")[0] == 200
        assert f"${{{answer['function']}.Arn}}" in operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        assert answer["user_id"] == ("ada" if is_closed else None)


@pytest.mark.parametrize("header", ["Bearer a.bad.token", "Bearer nonsense", "Basic YTpi"])
def test_a_bad_token_is_a_problem_document_from_the_gateway(site: Site, header: str) -> None:
    status, problem, headers = site.call("GET", "/api/users/me", Authorization=header)
    assert (status, problem["type"], problem["status"]) == (401, "urn:millrace:problem:unauthenticated", 401)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Access-Control-Allow-Origin"] == "*"


def test_an_address_without_a_route_is_a_404_problem(site: Site) -> None:
    status, problem, headers = site.call("GET", "/api/nothing/here")
    assert (status, problem["type"]) == (404, "urn:millrace:problem:not-found")
    assert headers["Content-Type"] == "application/problem+json"


def test_a_preflight_is_answered_without_a_function(site: Site) -> None:
    # As the edge passes it on: the emulator itself answers no page of another site.
    asked = {"Origin": "https://other.example", "Access_Control_Request_Method": "PATCH", "X_Amz_Cf_Id": "test"}
    status, body, headers = site.call("OPTIONS", "/api/users/me", **asked)
    assert (status, body) == (204, None)
    assert headers["Access-Control-Allow-Methods"] == "GET, PATCH"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in headers["Access-Control-Allow-Headers"]
