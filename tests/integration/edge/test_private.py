"""Private media: signed URLs and cookies, made by botocore as any other program would make them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.integration.edge.conftest import Site
from tests.integration.edge.deployment import SigningKey
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.edge.origin_server import OriginServer, Page

VIDEO = "/media/private/01video/01upload"


@pytest.fixture(autouse=True)
def _media(site: Site) -> None:
    site.put(f"{VIDEO[1:]}/main.m3u8", b"#EXTM3U")
    site.put("media/private/02other/main.m3u8", b"other")


def _sign(key: SigningKey) -> Callable[[bytes], bytes]:
    return lambda message: key.private.sign(message, padding.PKCS1v15(), hashes.SHA1())


def _in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def _cookies(key: SigningKey, resource: str, expires_in_s: int = 60) -> str:
    policy = (
        f'{{"Statement":[{{"Resource":"{resource}","Condition":'
        f'{{"DateLessThan":{{"AWS:EpochTime":{int(time.time()) + expires_in_s}}}}}}}]}}'
    )
    url = CloudFrontSigner(key.key_id, _sign(key)).generate_presigned_url("http://x/", policy=policy)
    fields = dict(part.split("=", 1) for part in url.partition("?")[2].split("&"))
    return "; ".join(f"CloudFront-{name}={fields[name]}" for name in ("Policy", "Signature", "Key-Pair-Id"))


def test_without_a_signature_nothing_private_is_shown(viewer: httpx.Client) -> None:
    reply = viewer.get(f"{VIDEO}/main.m3u8")
    assert reply.status_code == 403
    assert "<Code>MissingKey</Code>" in reply.text
    assert "Missing Key-Pair-Id query parameter or cookie value" in reply.text


def test_cookies_open_the_video_they_name_and_no_other(viewer: httpx.Client, edge: EdgeProcess, site: Site) -> None:
    cookies = _cookies(site.key, f"{edge.url}{VIDEO}/*")
    mine = viewer.get(f"{VIDEO}/main.m3u8", headers={"cookie": f"theme=dark; {cookies}"})
    other = viewer.get("/media/private/02other/main.m3u8", headers={"cookie": cookies})
    assert (mine.status_code, mine.content) == (200, b"#EXTM3U")
    assert (other.status_code, "<Code>AccessDenied</Code>" in other.text) == (403, True)


def test_a_kept_object_stays_private_and_is_kept_once_for_all_signatures(
    viewer: httpx.Client, edge: EdgeProcess, site: Site
) -> None:
    site.put(f"{VIDEO[1:]}/seg.m4s", b"segment")
    for expires_in_s in (60, 61):
        cookie = _cookies(site.key, f"{edge.url}{VIDEO}/*", expires_in_s)
        reply = viewer.get(f"{VIDEO}/seg.m4s", headers={"cookie": cookie})
        assert reply.content == b"segment"
    assert reply.headers["x-cache"] == "Hit from cloudfront"
    assert viewer.get(f"{VIDEO}/seg.m4s").status_code == 403


def test_expired_cookies_are_refused(viewer: httpx.Client, edge: EdgeProcess, site: Site) -> None:
    cookie = _cookies(site.key, f"{edge.url}{VIDEO}/*", expires_in_s=-1)
    assert viewer.get(f"{VIDEO}/main.m3u8", headers={"cookie": cookie}).status_code == 403


def test_cookies_for_another_host_are_refused(viewer: httpx.Client, site: Site) -> None:
    cookie = _cookies(site.key, f"https://video.example.com{VIDEO}/*")
    assert viewer.get(f"{VIDEO}/main.m3u8", headers={"cookie": cookie}).status_code == 403


def test_a_signed_url_with_a_canned_policy_works_until_it_is_changed(
    viewer: httpx.Client, edge: EdgeProcess, site: Site
) -> None:
    signer = CloudFrontSigner(site.key.key_id, _sign(site.key))
    soon = _in_a_minute()
    url = signer.generate_presigned_url(f"{edge.url}{VIDEO}/main.m3u8?download=1", date_less_than=soon)
    assert viewer.get(url).content == b"#EXTM3U"
    assert viewer.get(url.replace("Expires=", "Expires=9")).status_code == 403
    assert viewer.get(url.replace("01video/01upload", "02other")).status_code == 403


def test_neither_the_cache_nor_the_origin_sees_anything_of_the_signature(
    viewer: httpx.Client, edge: EdgeProcess, site: Site, origin: OriginServer
) -> None:
    # This behaviour passes and distinguishes every query string.
    origin.pages["/base/members/a"] = Page(b"a")
    signer = CloudFrontSigner(site.key.key_id, _sign(site.key))
    for expires in (_in_a_minute(), _in_a_minute() + timedelta(minutes=1)):
        url = signer.generate_presigned_url(f"{edge.url}/members/a?v=1", date_less_than=expires)
        assert viewer.get(url).content == b"a"
    assert [seen.target for seen in origin.asked("/base/members/a")] == ["/base/members/a?v=1"]
