"""What the tests deploy: distributions, by the CloudFront API."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
ALL_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE")

FALLBACK = """
function handler(event) {
  var request = event.request;
  if (request.uri === '/teapot') {
    return {statusCode: 418, headers: {'x-made-by': {value: 'function'}}, body: 'short and stout'};
  }
  if (request.uri === '/loop') { while (true) {} }
  if (request.uri === '/throw') { throw new Error('told to'); }
  if (!request.uri.split('/').pop().includes('.')) { request.uri = '/index.html'; }
  return request;
}
"""
STAMP = """
function handler(event) {
  event.response.headers['x-stamped'] = {value: event.request.uri};
  return event.response;
}
"""


def behavior(origin: str, pattern: str | None = None, *, methods: Sequence[str] = ("GET", "HEAD"), **more: Any) -> Any:
    """Return a cache behaviour of the API."""
    shape = {
        "TargetOriginId": origin,
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": CACHING_OPTIMIZED,
        "Compress": True,
        "AllowedMethods": {
            "Quantity": len(methods),
            "Items": list(methods),
            "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
        },
        **more,
    }
    return shape if pattern is None else {"PathPattern": pattern, **shape}


def s3_origin(bucket: str, access_control: str = "") -> Any:
    return {
        "Id": bucket,
        "DomainName": f"{bucket}.s3.us-east-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": access_control,
    }


def custom_origin(name: str, domain: str, port: int = 443, path: str = "", *, read_timeout_s: int = 30) -> Any:
    protocol = "https-only" if port == 443 else "http-only"
    return {
        "Id": name,
        "DomainName": domain,
        "OriginPath": path,
        "CustomHeaders": {"Quantity": 1, "Items": [{"HeaderName": "X-From", "HeaderValue": "edge"}]},
        "CustomOriginConfig": {
            "HTTPPort": port if port != 443 else 80,
            "HTTPSPort": 443,
            "OriginProtocolPolicy": protocol,
            "OriginReadTimeout": read_timeout_s,
        },
    }


@dataclass
class SigningKey:
    """A key that the distribution trusts."""

    key_id: str
    private: rsa.RSAPrivateKey


@dataclass
class Cloud:
    """The CloudFront API of an emulator."""

    client: Any
    made: dict[str, str] = field(default_factory=dict)

    def signing_key(self, name: str) -> tuple[SigningKey, str]:
        """Create a key and a group of it; return both."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        config = {"CallerReference": uuid.uuid4().hex, "Name": name, "EncodedKey": pem.decode()}
        key_id = self.client.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"]
        group = self.client.create_key_group(KeyGroupConfig={"Name": f"{name}-group", "Items": [key_id]})
        return SigningKey(key_id, private), group["KeyGroup"]["Id"]

    def access_control(self, name: str) -> str:
        """Create an origin access control for S3; return its id."""
        config = {
            "Name": name,
            "SigningProtocol": "sigv4",
            "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
        made = self.client.create_origin_access_control(OriginAccessControlConfig=config)
        access_id: str = made["OriginAccessControl"]["Id"]
        return access_id

    def function(self, name: str, code: str) -> str:
        """Create and publish a function; return its ARN."""
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        made = self.client.create_function(Name=name, FunctionConfig=config, FunctionCode=code.encode())
        self.client.publish_function(Name=name, IfMatch=made["ETag"])
        arn: str = made["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
        return arn

    def change_function(self, name: str, code: str) -> None:
        etag = self.client.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        self.client.update_function(Name=name, IfMatch=etag, FunctionConfig=config, FunctionCode=code.encode())
        changed = self.client.describe_function(Name=name, Stage="DEVELOPMENT")
        self.client.publish_function(Name=name, IfMatch=changed["ETag"])

    def cache_policy(self, name: str, min_s: int, default_s: int, max_s: int, query: str = "none") -> str:
        """Create a cache policy; return its id."""
        config = {
            "Name": name,
            "MinTTL": min_s,
            "DefaultTTL": default_s,
            "MaxTTL": max_s,
            "ParametersInCacheKeyAndForwardedToOrigin": {
                "EnableAcceptEncodingGzip": True,
                "EnableAcceptEncodingBrotli": True,
                "HeadersConfig": {"HeaderBehavior": "none"},
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": query},
            },
        }
        policy_id: str = self.client.create_cache_policy(CachePolicyConfig=config)["CachePolicy"]["Id"]
        return policy_id

    def cors_policy(self, name: str, allowed_origin: str) -> str:
        """Create a response headers policy; return its id."""
        config = {
            "Name": name,
            "CorsConfig": {
                "AccessControlAllowOrigins": {"Quantity": 1, "Items": [allowed_origin]},
                "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["range"]},
                "AccessControlAllowMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
                "AccessControlExposeHeaders": {"Quantity": 1, "Items": ["content-range"]},
                "AccessControlAllowCredentials": True,
                "AccessControlMaxAgeSec": 600,
                "OriginOverride": True,
            },
            "CustomHeadersConfig": {
                "Quantity": 1,
                "Items": [{"Header": "X-Policy", "Value": "applied", "Override": True}],
            },
            "RemoveHeadersConfig": {"Quantity": 1, "Items": [{"Header": "x-secret"}]},
        }
        made = self.client.create_response_headers_policy(ResponseHeadersPolicyConfig=config)
        policy_id: str = made["ResponseHeadersPolicy"]["Id"]
        return policy_id

    def distribution(self, origins: list[Any], default: Any, behaviors: list[Any], **more: Any) -> str:
        """Create a distribution; return its id."""
        config = {
            "CallerReference": uuid.uuid4().hex,
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": len(origins), "Items": origins},
            "DefaultCacheBehavior": default,
            "CacheBehaviors": {"Quantity": len(behaviors), "Items": behaviors},
            **more,
        }
        distribution_id: str = self.client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
        return distribution_id

    def change_distribution(self, distribution_id: str, **changes: Any) -> None:
        reply = self.client.get_distribution_config(Id=distribution_id)
        config = {**reply["DistributionConfig"], **changes}
        self.client.update_distribution(Id=distribution_id, IfMatch=reply["ETag"], DistributionConfig=config)

    def delete_distribution(self, distribution_id: str) -> None:
        self.change_distribution(distribution_id, Enabled=False)
        etag = self.client.get_distribution_config(Id=distribution_id)["ETag"]
        self.client.delete_distribution(Id=distribution_id, IfMatch=etag)

    def invalidate(self, distribution_id: str, *paths: str) -> None:
        batch = {"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": uuid.uuid4().hex}
        self.client.create_invalidation(DistributionId=distribution_id, InvalidationBatch=batch)


def read_policy(bucket: str, *, may_list: bool = True) -> str:
    """Return a bucket policy that lets CloudFront read and, if asked for, list."""
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}}
    read = {**statement, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    listing = {**statement, "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    return json.dumps({"Version": "2012-10-17", "Statement": [read, listing] if may_list else [read]})
