"""Verify CloudFront signed URLs and signed cookies.

A canned policy is an expiry alone (`Expires`); a custom one is a JSON document (`Policy`). Keys are RSA (PKCS #1 v1.5)
or ECDSA P-256; the hash is SHA-1 unless `Hash-Algorithm` (in a cookie `CloudFront-Hash-Algorithm`) says SHA256.
"""

import base64
import binascii
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from edge.headers import without
from edge.viewer import ViewerRequest, cookie_field, cookies, query_pairs, query_string
from edge.wildcards import wildcard

_QUERY_NAMES = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})
_COOKIE_PREFIX = "CloudFront-"
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    # CloudFront's own default, so what signs for it may use it.
    "SHA1": hashes.SHA1(),  # noqa: S303
    "SHA256": hashes.SHA256(),
}
# A policy is short; what is longer is not worth parsing.
_MAX_POLICY_CHARS = 8192


class AccessDenied(Exception):
    """The viewer may not have this object; `code` and the message are what CloudFront's error names."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Policy:
    resource: str
    expires_at_s: int
    starts_at_s: int | None = None
    network: str | None = None


def stripped(request: ViewerRequest) -> ViewerRequest:
    """Return the request without what signs it: the cache key and the origin know nothing of signatures."""
    query = query_string(pair for pair in query_pairs(request.query) if pair.name not in _QUERY_NAMES)
    kept = [pair for pair in cookies(request.headers) if pair[0].removeprefix(_COOKIE_PREFIX) not in _QUERY_NAMES]
    headers = without(request.headers, ("cookie",))
    if kept:
        headers = (*headers, ("cookie", cookie_field(kept)))
    return replace(request, query=query, headers=headers)


def verify(request: ViewerRequest, keys: Mapping[str, str], now_s: float) -> None:
    """Check that the request carries a valid signature by one of the keys (id to PEM). Raises AccessDenied.

    The policy's resource is compared with the URL as the viewer sees it: scheme, Host with its port, path, and the
    query without the signature.
    """
    signature = _carried(request)
    key_id = signature.get("Key-Pair-Id")
    if not key_id:
        raise AccessDenied("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
    if key_id not in keys:
        raise AccessDenied("InvalidKey", "Unknown Key")
    url = stripped(request).url
    document = _document(signature, url)
    signed = _decode(signature.get("Signature") or "")
    if not signed or not _is_signed_by(keys[key_id], signed, document, signature.get("Hash-Algorithm", "SHA1")):
        raise AccessDenied("AccessDenied", "Access denied")
    _check(_parse(document), url, request.client_ip, now_s)


def _carried(request: ViewerRequest) -> dict[str, str]:
    """Return what signs the request; a signed URL goes before cookies."""
    in_query = {pair.name: pair.value for pair in query_pairs(request.query) if pair.name in _QUERY_NAMES}
    if in_query.keys() & {"Signature", "Key-Pair-Id"}:
        return in_query
    carried: dict[str, str] = {}
    for name, value in cookies(request.headers):
        if name.startswith(_COOKIE_PREFIX):
            # Browsers send the cookie of the longest path first: that is the one meant.
            carried.setdefault(name.removeprefix(_COOKIE_PREFIX), value.strip('"'))
    return carried


def _document(signature: Mapping[str, str], url: str) -> bytes:
    """Return the policy document that was signed."""
    if policy := signature.get("Policy"):
        document = _decode(policy) if len(policy) <= _MAX_POLICY_CHARS else None
        if document is None:
            raise AccessDenied("MalformedPolicy", "Malformed Policy")
        return document
    expires = signature.get("Expires", "")
    if not expires.isascii() or not expires.isdigit():
        raise AccessDenied("AccessDenied", "Access denied")
    # Written exactly so: the signer hashes these very bytes.
    canned = f'{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
    return canned.encode()


def _decode(text: str) -> bytes | None:
    """Decode CloudFront's URL-safe base64, whose stand-ins for + = / are - _ ~."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_signed_by(pem: str, signature: bytes, document: bytes, algorithm: str) -> bool:
    digest = _HASHES.get(algorithm.upper().replace("-", ""))
    key = _load(pem)
    if digest is None or key is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, document, padding.PKCS1v15(), digest)
        else:
            key.verify(signature, document, ec.ECDSA(digest))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=64)
def _load(pem: str) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else None


def _parse(document: bytes) -> _Policy:
    """Read a policy document. Raises AccessDenied when it is not one."""
    try:
        statements = json.loads(document)["Statement"]
        (statement,) = statements
        condition = statement["Condition"]
        return _Policy(
            resource=str(statement.get("Resource", "*")),
            expires_at_s=_epoch(condition["DateLessThan"]),
            starts_at_s=_epoch(condition["DateGreaterThan"]) if "DateGreaterThan" in condition else None,
            network=str(condition["IpAddress"]["AWS:SourceIp"]) if "IpAddress" in condition else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AccessDenied("MalformedPolicy", "Malformed Policy") from error


def _epoch(shape: Mapping[str, Any]) -> int:
    return int(shape["AWS:EpochTime"])


def _check(policy: _Policy, url: str, client_ip: str, now_s: float) -> None:
    is_met = (
        now_s < policy.expires_at_s
        and (policy.starts_at_s is None or now_s >= policy.starts_at_s)
        and wildcard(policy.resource).fullmatch(url) is not None
        and (policy.network is None or _is_within(client_ip, policy.network))
    )
    if not is_met:
        raise AccessDenied("AccessDenied", "Access denied")


def _is_within(client_ip: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(client_ip) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
