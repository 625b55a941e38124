"""The descriptions that are generated: complete, valid, the same every time, and current."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from millrace.platform.errors import Conflict
from millrace.platform.http import Access, Api, Caller, Input, Output, Page
from millrace.platform.ids import UserId, VideoId
from millrace.platform.openapi import api_document, gateway_body, load_apis
from millrace.platform.openapi.document import AmbiguousRoutes
from millrace.platform.openapi.gateway import logical_id

ROOT = Path(__file__).parents[3]
LAMBDA = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"


class Rename(Input):
    title: str


class Listing(Input):
    limit: int = 20


class Film(Output):
    title: str


class TitleTaken(Conflict):
    """Another film has this title."""


def make_api() -> Api:
    api = Api("catalog", lambda _token: Caller(UserId("x")))

    @api.route("PATCH", "/api/videos/{video_id}", access=Access.SIGNED_IN, tag="videos", raises=[TitleTaken])
    def rename(video_id: VideoId, body: Rename, caller: Caller) -> Film:
        """Rename a video. Repeating it leaves
        the same title.
        """
        return Film(title=body.title)

    @api.route("GET", "/api/videos", access=Access.OPTIONAL, tag="videos")
    def listing(query: Listing, caller: Caller | None) -> Page[Film]:
        """List videos."""
        return Page[Film](items=())

    @api.route("DELETE", "/api/videos/{video_id}", status=204, cookies=True)
    def remove(video_id: VideoId) -> None:
        """Remove a video."""

    return api


APIS = {"catalog": make_api()}


@pytest.fixture
def document() -> dict[str, Any]:
    return api_document(APIS, version="1.2.3")


@pytest.fixture
def gateway() -> dict[str, Any]:
    return gateway_body(APIS, version="1.2.3")


def test_both_are_valid_and_the_same_every_time(document: dict[str, Any], gateway: dict[str, Any]) -> None:
    validate(document)
    validate(gateway)
    again = {"catalog": make_api()}
    assert json.dumps(api_document(again, version="1.2.3")) == json.dumps(document)
    assert json.dumps(gateway_body(again, version="1.2.3")) == json.dumps(gateway)
    assert (document["openapi"], gateway["openapi"]) == ("3.1.0", "3.0.1")


def test_an_operation_says_what_its_view_says(document: dict[str, Any]) -> None:
    rename = document["paths"]["/api/videos/{video_id}"]["patch"]
    assert (rename["operationId"], rename["tags"]) == ("rename", ["videos"])
    assert rename["summary"] == "Rename a video"
    assert rename["description"] == "Repeating it leaves the same title."
    assert rename["security"] == [{"bearer": []}, {"cookie": []}]
    assert rename["parameters"][0]["schema"]["pattern"] == "^[0-7][0-9a-hjkmnp-tv-z]{25}$"
    assert set(rename["responses"]) == {"200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "default"}
    assert rename["responses"]["409"]["description"] == "Conflict. Another film has this title."
    schema = rename["requestBody"]["content"]["application/json"]["schema"]
    assert document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["additionalProperties"] is False


def test_lists_queries_cookies_and_silence_are_described(document: dict[str, Any]) -> None:
    listing = document["paths"]["/api/videos"]["get"]
    assert listing["security"] == [{}, {"bearer": []}, {"cookie": []}]
    assert listing["parameters"] == [
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "schema": {"default": 20, "title": "Limit", "type": "integer"},
        }
    ]
    reference = listing["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    page = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert page["properties"]["items"]["items"] == {"$ref": "#/components/schemas/Film"}
    remove = document["paths"]["/api/videos/{video_id}"]["delete"]
    assert remove["security"] == []
    assert "content" not in remove["responses"]["204"]
    assert "Set-Cookie" in remove["responses"]["204"]["headers"]


def test_every_failure_is_a_problem_document(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if status[0] not in "23":
                    assert response["content"] == {
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                    }


def test_the_gateway_calls_the_function_and_guards_closed_routes_only(gateway: dict[str, Any]) -> None:
    rename = gateway["paths"]["/api/videos/{video_id}"]["patch"]
    integration = rename["x-amazon-apigateway-integration"]
    assert integration["uri"] == {"Fn::Sub": f"{LAMBDA}/${{CatalogFunction.Arn}}/invocations"}
    assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")
    assert rename["security"] == [{"bearer": []}]
    assert "security" not in gateway["paths"]["/api/videos"]["get"]
    authorizer = gateway["components"]["securitySchemes"]["bearer"]["x-amazon-apigateway-authorizer"]
    # Whatever names a place of the token would shut out those who have it in the other one.
    assert (authorizer["type"], authorizer["authorizerResultTtlInSeconds"]) == ("request", 0)
    assert "identitySource" not in authorizer
    assert authorizer["authorizerUri"] == {"Fn::Sub": f"{LAMBDA}/${{AuthorizeFunction.Arn}}/invocations"}


def test_preflights_allow_what_the_path_has_and_nothing_else(gateway: dict[str, Any]) -> None:
    options = gateway["paths"]["/api/videos/{video_id}"]["options"]
    assert "security" not in options
    parameters = options["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    assert parameters["method.response.header.Access-Control-Allow-Methods"] == "'DELETE, PATCH'"
    assert parameters["method.response.header.Access-Control-Allow-Origin"] == "'*'"
    assert "method.response.header.Access-Control-Allow-Credentials" not in parameters
    # API Gateway refuses a header in the integration that the method does not declare.
    declared = {f"method.response.header.{name}" for name in options["responses"]["204"]["headers"]}
    assert declared == set(parameters)


def test_the_allowed_origin_is_one_setting() -> None:
    text = json.dumps(gateway_body(APIS, version="1", allowed_origin="https://millrace.example"))
    assert "'*'" not in text
    assert "'https://millrace.example'" in text


def test_what_the_gateway_refuses_is_a_problem_document_too(gateway: dict[str, Any]) -> None:
    responses = gateway["x-amazon-apigateway-gateway-responses"]
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "REQUEST_TOO_LARGE", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(
        responses
    )
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"
    for response in responses.values():
        problem = json.loads(response["responseTemplates"]["application/json"])
        assert problem["type"].startswith("urn:millrace:problem:")
        assert problem.get("status") == (int(response["statusCode"]) if "statusCode" in response else None)
        headers = response["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_a_folder_becomes_a_logical_id() -> None:
    assert [logical_id(name) for name in ("auth", "live_api")] == ["AuthFunction", "LiveApiFunction"]


def test_two_views_cannot_share_an_address_or_a_name() -> None:
    with pytest.raises(AmbiguousRoutes, match=r"PATCH /api/videos/\{video_id\}"):
        api_document({"a": make_api(), "b": make_api()}, version="1")


def test_functions_that_have_an_api_are_found_and_others_not_even_imported(tmp_path: Path) -> None:
    for folder, source in {
        "auth": "from millrace.platform.http import Api\napi = Api('auth')\n",
        "encode_chunk": "raise RuntimeError('imported')\n",
        "catalog": "from millrace.platform.http import Api\napi = Api('catalog')\n",
    }.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.py").write_text(source)
    assert {folder: api.name for folder, api in load_apis(tmp_path).items()} == {"auth": "auth", "catalog": "catalog"}


def run_generator(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_files_in_the_repository_are_current() -> None:
    finished = run_generator(ROOT / "scripts" / "generate_api.py", "--check")
    assert finished.returncode == 0, finished.stderr


def test_a_stale_file_fails_the_check_by_name(tmp_path: Path) -> None:
    for name in ("scripts", "functions", "layers/core/python"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "generate_api.py"
    script.write_text((ROOT / "scripts" / "generate_api.py").read_text())
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9.9.9"\n')
    (tmp_path / "functions").symlink_to(ROOT / "functions")
    (tmp_path / "layers" / "core" / "python").symlink_to(ROOT / "layers" / "core" / "python")

    missing = run_generator(script, "--check")
    written = run_generator(script)
    current = run_generator(script, "--check")
    gateway = tmp_path / "docs" / "api" / "gateway.json"
    gateway.write_text(gateway.read_text().replace("Millrace", "Other"))
    stale = run_generator(script, "--check")

    assert [found.returncode for found in (missing, written, current, stale)] == [1, 0, 0, 1], missing.stderr
    assert "docs/api/openapi.json" in missing.stderr
    assert "docs/api/gateway.json is stale" in stale.stderr
    assert "openapi.json" not in stale.stderr
    assert '"version": "9.9.9"' in gateway.read_text()
