"""Signatures of CloudFront: what opens, and everything that must not."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from edge.signing import AccessDenied, stripped, verify
from edge.viewer import ViewerRequest
from tests.unit.edge.viewers import request

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
NOW = 1_800_000_000
BASE = "http://localhost:8080"


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


KEYS = {"KRSA": _pem(RSA), "KEC": _pem(EC), "KBROKEN": "no key"}


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


def _signature(document: bytes, key_id: str = "KRSA", hashed: hashes.HashAlgorithm | None = None) -> str:
    hashed = hashed or hashes.SHA1()
    if key_id == "KEC":
        return _encode(EC.sign(document, ec.ECDSA(hashed)))
    return _encode(RSA.sign(document, padding.PKCS1v15(), hashed))


def _policy(resource: str, **conditions: Any) -> bytes:
    condition = {"DateLessThan": {"AWS:EpochTime": NOW + 60}, **conditions}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}).encode()


def _with_cookies(url: str, fields: Mapping[str, str]) -> ViewerRequest:
    return request(url, cookie="; ".join(f"CloudFront-{name}={value}" for name, value in fields.items()))


def _signed(url: str, policy: bytes, key_id: str = "KRSA", **more: str) -> ViewerRequest:
    fields = {"Policy": _encode(policy), "Signature": _signature(policy, key_id), "Key-Pair-Id": key_id, **more}
    return _with_cookies(url, fields)


def _denied(asked: ViewerRequest, now_s: float = NOW) -> str:
    with pytest.raises(AccessDenied) as caught:
        verify(asked, KEYS, now_s)
    return caught.value.code


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        (f"{BASE}/v/*", f"{BASE}/v/main.m3u8"),
        (f"{BASE}/v/*", f"{BASE}/v/a/b?c=d"),
        ("http*://localhost:8080/v/seg?.m4s", f"{BASE}/v/seg1.m4s"),
        ("*", f"{BASE}/anything"),
    ],
)
def test_a_custom_policy_opens_what_its_resource_matches(resource: str, url: str) -> None:
    verify(_signed(url, _policy(resource)), KEYS, NOW)


@pytest.mark.parametrize(
    "url",
    [f"{BASE}/w/main.m3u8", "http://127.0.0.1:8080/v/x", "http://localhost:9999/v/x", "https://localhost:8080/v/x"],
)
def test_a_policy_opens_nothing_else(url: str) -> None:
    assert _denied(_signed(url, _policy(f"{BASE}/v/*"))) == "AccessDenied"


def test_a_signature_holds_from_its_start_to_its_expiry() -> None:
    policy = _policy("*", DateGreaterThan={"AWS:EpochTime": NOW - 60})
    asked = _signed(f"{BASE}/x", policy)
    verify(asked, KEYS, NOW)
    assert _denied(asked, NOW + 60) == "AccessDenied"
    assert _denied(asked, NOW - 61) == "AccessDenied"


@pytest.mark.parametrize(
    ("network", "opens"), [("127.0.0.1/32", True), ("0.0.0.0/0", True), ("10.0.0.0/8", False), ("nonsense", False)]
)
def test_an_address_may_be_demanded(network: str, opens: bool) -> None:
    asked = _signed(f"{BASE}/x", _policy("*", IpAddress={"AWS:SourceIp": network}))
    if opens:
        verify(asked, KEYS, NOW)
    else:
        assert _denied(asked) == "AccessDenied"


@pytest.mark.parametrize("key_id", ["KRSA", "KEC"])
def test_sha256_and_elliptic_curves_are_understood(key_id: str) -> None:
    policy = _policy("*")
    fields = {"Policy": _encode(policy), "Key-Pair-Id": key_id, "Hash-Algorithm": "SHA256"}
    fields["Signature"] = _signature(policy, key_id, hashes.SHA256())
    verify(_with_cookies(f"{BASE}/x", fields), KEYS, NOW)
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    verify(request(f"{BASE}/x?{query}"), KEYS, NOW)
    del fields["Hash-Algorithm"]
    assert _denied(_with_cookies(f"{BASE}/x", fields)) == "AccessDenied"


def test_a_canned_policy_signs_the_whole_url() -> None:
    url = f"{BASE}/v/a.m4s?x=1&y"
    expires = NOW + 60
    canned = f'{{"Statement":[{{"Resource":"{url}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}'
    signature = _signature(canned.encode())
    query = f"Expires={expires}&Signature={signature}&Key-Pair-Id=KRSA"
    verify(request(f"{url}&{query}"), KEYS, NOW)
    assert _denied(request(f"{url}&z&{query}")) == "AccessDenied"
    assert _denied(request(f"{url}&{query.replace(str(expires), str(expires + 1))}")) == "AccessDenied"


def test_what_is_missing_or_unknown_is_named() -> None:
    policy = _policy("*")
    assert _denied(request(f"{BASE}/x")) == "MissingKey"
    assert _denied(_signed(f"{BASE}/x", policy, **{"Key-Pair-Id": "KOTHER"})) == "InvalidKey"
    assert _denied(_signed(f"{BASE}/x", policy, **{"Key-Pair-Id": "KBROKEN"})) == "AccessDenied"
    assert _denied(_signed(f"{BASE}/x", policy, Policy="%%%")) == "MalformedPolicy"
    assert _denied(_signed(f"{BASE}/x", b"no json")) == "MalformedPolicy"
    assert _denied(_signed(f"{BASE}/x", b'{"Statement":[{"Resource":"*","Condition":{}}]}')) == "MalformedPolicy"
    assert _denied(_signed(f"{BASE}/x", policy, Signature="")) == "AccessDenied"
    assert _denied(_signed(f"{BASE}/x", policy, **{"Hash-Algorithm": "MD5"})) == "AccessDenied"


def test_a_signature_of_another_policy_opens_nothing() -> None:
    asked = _signed(f"{BASE}/x", _policy("*"), Signature=_signature(_policy("http://elsewhere/*")))
    assert _denied(asked) == "AccessDenied"


def test_a_signed_url_goes_before_cookies() -> None:
    good = _signed(f"{BASE}/x?Key-Pair-Id=KOTHER&Signature=x&Policy=x", _policy("*"))
    assert _denied(good) == "InvalidKey"


def test_the_most_specific_cookie_of_a_name_counts() -> None:
    policy = _policy("*")
    cookie = f"CloudFront-Policy={_encode(policy)}; CloudFront-Signature={_signature(policy)}"
    asked = request(f"{BASE}/x", cookie=f"{cookie}; CloudFront-Key-Pair-Id=KRSA; CloudFront-Key-Pair-Id=KOLD")
    verify(asked, KEYS, NOW)


def test_what_signs_is_taken_off_and_the_rest_stays() -> None:
    asked = _signed(f"{BASE}/x?a=1&Expires=5&b=%2F&Signature=s&Key-Pair-Id=k&Policy=p&Hash-Algorithm=SHA256", b"{}")
    plain = stripped(asked)
    assert plain.query == "a=1&b=%2F"
    assert not [pair for pair in plain.headers if pair[0] == "cookie"]


@given(st.binary(max_size=200))
def test_no_signed_document_leads_to_another_error(document: bytes) -> None:
    asked = _signed(f"{BASE}/x", document)
    with pytest.raises(AccessDenied):
        verify(asked, KEYS, NOW)
