"""CloudFront signed cookies: the right to fetch one video's private media for a while.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

import base64
import json
from datetime import datetime
from functools import cache
from typing import cast

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from millrace.platform import clients, settings


def signed_cookies(resource_url: str, expires_at: datetime) -> dict[str, str]:
    """Return the three cookies that open every URL matching the resource; `*` matches any characters."""
    policy = _policy(resource_url, expires_at)
    # SHA-1 is what CloudFront checks RSA signatures with by default; a forgery would need a second preimage.
    signature = _private_key().sign(policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return {
        "CloudFront-Policy": _encode(policy),
        "CloudFront-Signature": _encode(signature),
        "CloudFront-Key-Pair-Id": settings.require("MEDIA_KEY_ID"),
    }


def _policy(resource_url: str, expires_at: datetime) -> bytes:
    condition = {"DateLessThan": {"AWS:EpochTime": int(expires_at.timestamp())}}
    statement = {"Statement": [{"Resource": resource_url, "Condition": condition}]}
    return json.dumps(statement, separators=(",", ":")).encode()


def _encode(raw: bytes) -> str:
    """Base64 with the three characters replaced that CloudFront reserves."""
    return base64.b64encode(raw).decode().translate(str.maketrans("+=/", "-_~"))


@cache
def _private_key() -> RSAPrivateKey:
    secret = clients.secrets().get_secret_value(SecretId=settings.require("MEDIA_KEY_SECRET"))
    return cast(RSAPrivateKey, load_pem_private_key(secret["SecretString"].encode(), password=None))
