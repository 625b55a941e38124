"""REST APIs made from an OpenAPI body."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.integration.emulator.servers import Server

_MOCK = "x-amazon-apigateway-integration"


def body(server: Server, function: str, **extra_paths: Any) -> dict[str, Any]:
    """Return a document with a greedy ANY route, a preflight and a gateway response."""
    proxy = {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        f"arn:aws:lambda:us-east-1:000000000000:function:{function}/invocations",
    }
    preflight = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {
            "default": {
                "statusCode": "204",
                "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://site.test'"},
                "responseTemplates": {"application/json": ""},
            }
        },
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": "api", "version": "1"},
        "x-amazon-apigateway-binary-media-types": ["application/octet-stream"],
        "x-amazon-apigateway-gateway-responses": {
            "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
            "DEFAULT_5XX": {
                "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
                "responseTemplates": {"application/json": '{"title": "Failed"}'},
            },
        },
        "paths": {
            "/things/{proxy+}": {"x-amazon-apigateway-any-method": {_MOCK: proxy}},
            "/things": {"get": {_MOCK: proxy}, "options": {_MOCK: preflight}},
            **extra_paths,
        },
    }


def api(server: Server, document: dict[str, Any], deployment: str = "Deployment") -> dict[str, Any]:
    """Return the resources that SAM makes of an API."""
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api", "Body": document}},
        deployment: {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {"RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": deployment}, "StageName": "v1"},
        },
    }


def call(server: Server, api_id: str, method: str, path: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(f"{server.endpoint}/_aws/execute-api/{api_id}/v1{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()


_ECHO = 'def handler(event, context): return {"statusCode": 200, "body": event["httpMethod"] + " " + event["path"]}'


def deployed(server: Server, stack: str) -> str:
    server.make_function(stack, _ECHO)
    return server.deploy(stack, api(server, body(server, stack)), {"Id": {"Ref": "Api"}})["Id"]


def test_a_route_for_any_method_answers_each_of_them(server: Server) -> None:
    api_id = deployed(server, "any-method")

    assert call(server, api_id, "DELETE", "/things/a/b")[2] == "DELETE /things/a/b"


def test_a_preflight_is_answered_by_the_document_s_mock(server: Server) -> None:
    api_id = deployed(server, "preflight")

    status, headers, _ = call(server, api_id, "OPTIONS", "/things")

    assert (status, headers["access-control-allow-origin"]) == (204, "https://site.test")


def test_gateway_responses_of_the_document_apply(server: Server) -> None:
    api_id = deployed(server, "gateway-response")

    status, headers, _ = call(server, api_id, "GET", "/nowhere")

    assert (status, headers.get("access-control-allow-origin")) == (403, "*")
    (found,) = [
        r
        for r in server.client("apigateway").get_gateway_responses(restApiId=api_id)["items"]
        if r["responseType"] == "DEFAULT_4XX"
    ]
    assert not found["defaultResponse"]


def test_binary_media_types_of_the_document_apply(server: Server) -> None:
    api_id = deployed(server, "binary-types")

    assert server.client("apigateway").get_rest_api(restApiId=api_id)["binaryMediaTypes"] == [
        "application/octet-stream"
    ]


def test_a_failing_function_tells_the_client_nothing(server: Server) -> None:
    server.make_function("leaky", 'def handler(event, context): raise ValueError("the password is 1234")')
    api_id = server.deploy("leaky", api(server, body(server, "leaky")), {"Id": {"Ref": "Api"}})["Id"]

    status, headers, text = call(server, api_id, "GET", "/things")

    assert (status, json.loads(text)["title"]) == (502, "Failed")
    assert "password" not in text
    assert headers["access-control-allow-origin"] == "*", "as the API's gateway response says"


def test_an_api_keeps_its_address_when_a_route_is_added(server: Server) -> None:
    before = deployed(server, "same-id")
    added = body(server, "same-id", **{"/more": body(server, "same-id")["paths"]["/things"]})

    after = server.deploy("same-id", api(server, added, "Deployment2"), {"Id": {"Ref": "Api"}})

    assert (after["StackStatus"], after["Id"]) == ("UPDATE_COMPLETE", before)
    assert call(server, before, "GET", "/more")[2] == "GET /more"
    assert [item["id"] for item in server.client("apigateway").get_rest_apis()["items"]].count(before) == 1


def test_an_api_of_a_stack_gets_the_same_id_in_a_new_state_directory(server: Server) -> None:
    first = deployed(server, "rebuilt")
    server.client("cloudformation").delete_stack(StackName="rebuilt")
    server.client("lambda").delete_function(FunctionName="rebuilt")
    server.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="rebuilt", WaiterConfig={"Delay": 1}
    )

    assert deployed(server, "rebuilt") == first
