"""CloudFront resources of a template, read back through the CloudFront API as the edge does."""

from typing import Any

from tests.integration.emulator.servers import Server

PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0Z3VS5JJcds3xfn/ygWyf7yA
-----END PUBLIC KEY-----
"""


def keys(comment: str = "first") -> dict[str, Any]:
    return {
        "Key": {
            "Type": "AWS::CloudFront::PublicKey",
            "Properties": {
                "PublicKeyConfig": {
                    "CallerReference": "millrace",
                    "Name": "media-key",
                    "EncodedKey": PUBLIC_KEY,
                    "Comment": comment,
                }
            },
        },
        "Keys": {
            "Type": "AWS::CloudFront::KeyGroup",
            "Properties": {"KeyGroupConfig": {"Name": "media-keys", "Items": [{"Ref": "Key"}], "Comment": comment}},
        },
    }


def distribution(code: str = "one", path: str = "/media/private/*") -> dict[str, Any]:
    """Return a distribution with everything that the edge reads."""
    disabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"

    def behaviour(origin: str, **more: Any) -> dict[str, Any]:
        return {"TargetOriginId": origin, "ViewerProtocolPolicy": "allow-all", "CachePolicyId": disabled, **more}

    return {
        **keys(),
        "Access": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": "oac",
                    "OriginAccessControlOriginType": "s3",
                    "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
        "Rewrite": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": "rewrite",
                "AutoPublish": True,
                "FunctionCode": f"function handler(event) {{ return event.request /* {code} */; }}",
                "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
            },
        },
        "Site": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Enabled": True,
                    "DefaultRootObject": "index.html",
                    "Origins": [
                        {
                            "Id": "media",
                            "DomainName": "media.s3.us-east-1.amazonaws.com",
                            "OriginAccessControlId": {"Ref": "Access"},
                            "S3OriginConfig": {"OriginAccessIdentity": ""},
                        },
                        {
                            "Id": "api",
                            "DomainName": "abcd1234.execute-api.us-east-1.amazonaws.com",
                            "OriginPath": "/local",
                            "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
                        },
                    ],
                    "CacheBehaviors": [
                        behaviour(
                            "api",
                            PathPattern="/api/*",
                            AllowedMethods=["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
                        ),
                        behaviour("media", PathPattern=path, TrustedKeyGroups=[{"Ref": "Keys"}]),
                        behaviour("media", PathPattern="/media/*"),
                    ],
                    "DefaultCacheBehavior": behaviour(
                        "media",
                        FunctionAssociations=[
                            {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Rewrite", "FunctionARN"]}}
                        ],
                    ),
                }
            },
        },
    }


OUTPUTS = {
    "Key": {"Ref": "Key"},
    "Keys": {"Ref": "Keys"},
    "Site": {"Ref": "Site"},
    "Access": {"Ref": "Access"},
    "Domain": {"Fn::GetAtt": ["Site", "DomainName"]},
}


def test_a_template_declares_public_keys_and_key_groups(server: Server) -> None:
    made = server.deploy("keys", keys(), {"Key": {"Ref": "Key"}, "Keys": {"Ref": "Keys"}})

    cloudfront = server.client("cloudfront")
    group = cloudfront.get_key_group(Id=made["Keys"])["KeyGroup"]["KeyGroupConfig"]
    key = cloudfront.get_public_key(Id=made["Key"])["PublicKey"]["PublicKeyConfig"]
    assert group["Items"] == [made["Key"]]
    assert key["EncodedKey"] == PUBLIC_KEY

    changed = server.deploy("keys", keys("second"), {"Key": {"Ref": "Key"}, "Keys": {"Ref": "Keys"}})
    assert changed == {**made, "StackStatus": "UPDATE_COMPLETE"}
    assert cloudfront.get_key_group(Id=made["Keys"])["KeyGroup"]["KeyGroupConfig"]["Comment"] == "second"

    server.client("cloudformation").delete_stack(StackName="keys")
    server.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName="keys", WaiterConfig={"Delay": 1}
    )
    assert cloudfront.list_key_groups()["KeyGroupList"]["Quantity"] == 0
    assert cloudfront.list_public_keys()["PublicKeyList"]["Quantity"] == 0


def test_a_distribution_of_a_template_reads_back_whole(ours: Server) -> None:
    made = ours.deploy("distribution", distribution(), OUTPUTS)
    cloudfront = ours.client("cloudfront")

    config = cloudfront.get_distribution_config(Id=made["Site"])["DistributionConfig"]

    origins = {origin["Id"]: origin for origin in config["Origins"]["Items"]}
    assert origins["api"]["OriginPath"] == "/local"
    assert origins["media"]["OriginAccessControlId"] == made["Access"]
    behaviours = config["CacheBehaviors"]["Items"]
    assert [item["PathPattern"] for item in behaviours] == ["/api/*", "/media/private/*", "/media/*"]
    assert behaviours[1]["TrustedKeyGroups"] == {"Enabled": True, "Quantity": 1, "Items": [made["Keys"]]}
    assert not behaviours[2].get("TrustedKeyGroups", {}).get("Enabled")
    assert sorted(behaviours[0]["AllowedMethods"]["Items"]) == [
        "DELETE",
        "GET",
        "HEAD",
        "OPTIONS",
        "PATCH",
        "POST",
        "PUT",
    ]
    (association,) = config["DefaultCacheBehavior"]["FunctionAssociations"]["Items"]
    assert association["EventType"] == "viewer-request"
    assert association["FunctionARN"].endswith("function/rewrite")
    assert config["DefaultRootObject"] == "index.html"


def test_a_redeployed_distribution_keeps_its_domain_and_takes_the_change(ours: Server) -> None:
    before = ours.deploy("distribution", distribution(), OUTPUTS) if not _exists(ours) else _outputs(ours)

    after = ours.deploy("distribution", distribution("two", "/media/secret/*"), OUTPUTS)

    cloudfront = ours.client("cloudfront")
    config = cloudfront.get_distribution_config(Id=after["Site"])["DistributionConfig"]
    assert {k: after[k] for k in OUTPUTS} == {k: before[k] for k in OUTPUTS}
    assert config["CacheBehaviors"]["Items"][1]["PathPattern"] == "/media/secret/*"
    assert b"/* two */" in cloudfront.get_function(Name="rewrite", Stage="LIVE")["FunctionCode"].read()


def _exists(server: Server) -> bool:
    return any(s["StackName"] == "distribution" for s in server.client("cloudformation").describe_stacks()["Stacks"])


def _outputs(server: Server) -> dict[str, str]:
    (found,) = server.client("cloudformation").describe_stacks(StackName="distribution")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
