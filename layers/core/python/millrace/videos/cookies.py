"""CloudFront signed cookies: the right to fetch one video's private media for a while.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

import base64
import json
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from millrace.videos import media_keys


def signed_cookies(resource_url: str, expires_at: datetime, address: str | None = None) -> dict[str, str]:
    """Return the three cookies that open every URL matching the resource; `*` matches any characters.

    With an address they open it for nobody who comes from another one.
    """
    policy = _policy(resource_url, expires_at, address)
    # SHA-1 is what CloudFront checks RSA signatures with by default; a forgery would need a second preimage.
    signature = media_keys.private_key().sign(policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return {
        "CloudFront-Policy": _encode(policy),
        "CloudFront-Signature": _encode(signature),
        "CloudFront-Key-Pair-Id": media_keys.key_id(),
    }


def _policy(resource_url: str, expires_at: datetime, address: str | None) -> bytes:
    condition: dict[str, dict[str, int | str]] = {"DateLessThan": {"AWS:EpochTime": int(expires_at.timestamp())}}
    if address is not None:
        condition["IpAddress"] = {"AWS:SourceIp": address}
    statement = {"Statement": [{"Resource": resource_url, "Condition": condition}]}
    return json.dumps(statement, separators=(",", ":")).encode()


def _encode(raw: bytes) -> str:
    """Base64 with the three characters replaced that CloudFront reserves."""
    return base64.b64encode(raw).decode().translate(str.maketrans("+=/", "-_~"))
