"""The delivery part of our own template, deployed as it is, through the edge."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from botocore.signers import CloudFrontSigner
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.integration.edge import edge_process
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.emulator import servers
from tests.integration.emulator.servers import REPOSITORY

_DELIVERY = ("AWS::CloudFront::", "AWS::S3::BucketPolicy")
_BUCKETS = ("SiteBucket", "MediaBucket")
_OUTPUTS = ("DistributionId", "SiteBucket", "MediaBucket")


@dataclass
class Delivery:
    """What was deployed."""

    outputs: dict[str, str]
    private_key: rsa.RSAPrivateKey
    key_id: str
    edge: EdgeProcess
    s3: Any


@pytest.fixture(scope="module")
def delivery(emulator: servers.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    parameters = {"Stage": "local", "PublicUrl": "", "MediaPublicKey": pem.decode()}
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(
        StackName="edge-delivery",
        TemplateBody=json.dumps(_delivery_template()),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="edge-delivery", WaiterConfig={"Delay": 1})
    (stack,) = cloudformation.describe_stacks(StackName="edge-delivery")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    chosen = ("--distribution", outputs["DistributionId"])
    with edge_process.running(emulator.endpoint, tmp_path_factory.mktemp("delivery"), *chosen) as edge:
        yield Delivery(outputs, private_key, outputs["MediaKey"], edge, emulator.client("s3"))


def _delivery_template() -> dict[str, Any]:
    """Return the buckets, their policies and everything of CloudFront; a bare API stands for the real one."""
    whole = json.loads(json.dumps(cfn_yaml.load(str(REPOSITORY / "template.yaml")), default=str))
    resources = {
        name: resource
        for name, resource in whole["Resources"].items()
        if name in _BUCKETS or resource["Type"].startswith(_DELIVERY)
    }
    resources["Api"] = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "edge-delivery"}}
    for name in _BUCKETS:
        resources[name]["Properties"] = {}
    return {
        "Parameters": {name: whole["Parameters"][name] for name in ("Stage", "PublicUrl", "MediaPublicKey")},
        "Mappings": whole["Mappings"],
        "Conditions": whole["Conditions"],
        "Resources": resources,
        "Outputs": {**{name: whole["Outputs"][name] for name in _OUTPUTS}, "MediaKey": {"Value": {"Ref": "MediaKey"}}},
    }


def test_the_site_is_served_with_its_headers_and_deep_links_lead_to_its_page(delivery: Delivery) -> None:
    delivery.s3.put_object(
        Bucket=delivery.outputs["SiteBucket"], Key="index.html", Body=b"<h1>Millrace</h1>", ContentType="text/html"
    )
    for path in ("/", "/watch/01hx", "/index.html"):
        reply = httpx.get(f"{delivery.edge.url}{path}")
        assert (reply.status_code, reply.text) == (200, "<h1>Millrace</h1>")
        assert "default-src 'self'" in reply.headers["content-security-policy"]
        assert reply.headers["x-frame-options"] == "DENY"
    assert httpx.get(f"{delivery.edge.url}/missing.js").status_code == 403


def test_public_media_may_be_played_by_any_page(delivery: Delivery) -> None:
    body = b"#EXTM3U\n" * 300
    delivery.s3.put_object(
        Bucket=delivery.outputs["MediaBucket"],
        Key="media/public/01v/01u/main.m3u8",
        Body=body,
        ContentType="application/vnd.apple.mpegurl",
        CacheControl="public, max-age=31536000, immutable",
    )
    url = f"{delivery.edge.url}/media/public/01v/01u/main.m3u8"
    reply = httpx.get(url, headers={"origin": "https://elsewhere.example"})
    assert reply.content == body
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert httpx.get(url).headers["x-cache"] == "Hit from cloudfront"


def test_private_media_needs_the_cookies_that_the_key_of_the_stack_signs(delivery: Delivery) -> None:
    key = "media/private/01v/01u/seg_00001.m4s"
    delivery.s3.put_object(Bucket=delivery.outputs["MediaBucket"], Key=key, Body=b"segment")
    url = f"{delivery.edge.url}/{key}"
    assert httpx.get(url).status_code == 403
    condition = {"DateLessThan": {"AWS:EpochTime": int(time.time()) + 60}}
    resource = f"{delivery.edge.url}/media/private/01v/*"
    policy = json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}, separators=(",", ":"))
    signer = CloudFrontSigner(
        delivery.key_id, lambda message: delivery.private_key.sign(message, padding.PKCS1v15(), hashes.SHA1())
    )
    query = signer.generate_presigned_url("http://x/", policy=policy).partition("?")[2]
    cookie = "; ".join(f"CloudFront-{field}" for field in query.split("&"))
    assert httpx.get(url, headers={"cookie": cookie}).content == b"segment"
    other = url.replace("01v", "02v")
    assert httpx.get(other, headers={"cookie": cookie}).status_code == 403
