"""An emulator, an origin that obeys, a distribution over both, and an edge that serves it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.integration.edge import deployment, edge_process
from tests.integration.edge.deployment import Cloud, SigningKey, behavior, custom_origin, s3_origin
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.edge.origin_server import OriginServer
from tests.integration.emulator import servers


@dataclass
class Site:
    """The deployed distribution and what it serves."""

    distribution_id: str
    bucket: str
    key: SigningKey
    s3: Any

    def put(self, key: str, body: bytes, **more: Any) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.running(tmp_path_factory.mktemp("edge-emulator") / "state", is_stock=False) as server:
        yield server


@pytest.fixture(scope="session")
def origin() -> Iterator[OriginServer]:
    server = OriginServer().start()
    yield server
    server.end()


@pytest.fixture(scope="session")
def cloud(emulator: servers.Server) -> Cloud:
    return Cloud(emulator.client("cloudfront"))


@pytest.fixture(scope="session")
def site(emulator: servers.Server, cloud: Cloud, origin: OriginServer) -> Site:
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket="edge-site")
    s3.put_bucket_policy(Bucket="edge-site", Policy=deployment.read_policy("edge-site"))
    key, group = cloud.signing_key("media")
    api_id = _make_api(emulator)
    access = cloud.access_control("edge")
    trusted = {"Enabled": True, "Quantity": 1, "Items": [group]}
    fallback = cloud.function("fallback", deployment.FALLBACK)
    stamp = cloud.function("stamp", deployment.STAMP)
    functions = {
        "Quantity": 2,
        "Items": [
            {"EventType": "viewer-request", "FunctionARN": fallback},
            {"EventType": "viewer-response", "FunctionARN": stamp},
        ],
    }
    api = {"CachePolicyId": deployment.CACHING_DISABLED, "OriginRequestPolicyId": deployment.ALL_VIEWER_EXCEPT_HOST}
    live = cloud.cache_policy("live", 0, 1, 60, query="all")
    cors = cloud.cors_policy("cors", "https://app.example.com")
    distribution_id = cloud.distribution(
        origins=[
            s3_origin("edge-site", access),
            custom_origin("api", f"{api_id}.execute-api.us-east-1.amazonaws.com", path="/prod"),
            custom_origin("custom", "localhost", origin.port, path="/base", read_timeout_s=2),
        ],
        default=behavior("edge-site", FunctionAssociations=functions),
        behaviors=[
            behavior("api", "/api/*", methods=deployment.ALL_METHODS, **api),
            behavior("edge-site", "/media/private/*", TrustedKeyGroups=trusted),
            behavior("edge-site", "/media/*", ResponseHeadersPolicyId=cors, methods=("GET", "HEAD", "OPTIONS")),
            behavior("custom", "/live/*", CachePolicyId=live),
            behavior("custom", "/open/*", methods=deployment.ALL_METHODS, **api),
            behavior("custom", "/kept/*"),
            behavior("custom", "/members/*", CachePolicyId=live, TrustedKeyGroups=trusted),
        ],
        CustomErrorResponses={
            "Quantity": 2,
            "Items": [
                {"ErrorCode": 410, "ResponsePagePath": "/gone.html", "ResponseCode": "200", "ErrorCachingMinTTL": 0},
                {"ErrorCode": 503, "ErrorCachingMinTTL": 1},
            ],
        },
    )
    return Site(distribution_id, "edge-site", key, s3)


@pytest.fixture(scope="session")
def edge(emulator: servers.Server, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeProcess]:
    directory = tmp_path_factory.mktemp("edge")
    chosen = ("--distribution", site.distribution_id)
    with edge_process.running(emulator.endpoint, directory, *chosen) as process:
        yield process


@pytest.fixture
def viewer(edge: EdgeProcess) -> Iterator[httpx.Client]:
    """A viewer without a cookie jar of anybody else's."""
    with httpx.Client(base_url=edge.url, headers={"accept-encoding": "identity"}, timeout=20) as client:
        yield client


def _make_api(emulator: servers.Server) -> str:
    """Deploy a REST API whose only function tells what it got."""
    emulator.make_function("edge-echo", _ECHO)
    gateway = emulator.client("apigateway")
    api_id: str = gateway.create_rest_api(name="edge-api")["id"]
    root = gateway.get_resources(restApiId=api_id)["items"][0]["id"]
    parent = gateway.create_resource(restApiId=api_id, parentId=root, pathPart="api")["id"]
    echo = gateway.create_resource(restApiId=api_id, parentId=parent, pathPart="echo")["id"]
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations".format(
        "arn:aws:lambda:us-east-1:000000000000:function:edge-echo"
    )
    for method in ("GET", "POST"):
        gateway.put_method(restApiId=api_id, resourceId=echo, httpMethod=method, authorizationType="NONE")
        gateway.put_integration(
            restApiId=api_id,
            resourceId=echo,
            httpMethod=method,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=uri,
        )
    gateway.create_deployment(restApiId=api_id, stageName="prod")
    return api_id


_ECHO = """
import json

def handler(event, context):
    seen = {name: event[name] for name in ("httpMethod", "path", "headers", "body", "multiValueQueryStringParameters")}
    headers = {"content-type": "application/json", "set-cookie": "session=1; Path=/"}
    return {"statusCode": 201 if event["httpMethod"] == "POST" else 200, "headers": headers, "body": json.dumps(seen)}
"""
