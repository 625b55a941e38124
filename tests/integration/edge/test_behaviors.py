"""Which origin answers, with what: S3, API Gateway, any other; functions; methods."""

import http.client
import json

import httpx
import pytest

from tests.integration.edge.conftest import Site
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.edge.origin_server import OriginServer, Page


def test_a_page_comes_from_the_site_bucket_and_the_second_time_from_the_cache(viewer: httpx.Client, site: Site) -> None:
    site.put("page.html", b"<h1>hello</h1>", ContentType="text/html")
    first = viewer.get("/page.html")
    second = viewer.get("/page.html")
    assert (first.status_code, first.text, first.headers["content-type"]) == (200, "<h1>hello</h1>", "text/html")
    assert first.headers["x-cache"] == "Miss from cloudfront"
    assert second.headers["x-cache"] == "Hit from cloudfront"
    assert second.headers["age"] == "0"
    assert second.text == first.text
    assert "cloudfront" in second.headers["via"]
    assert second.headers["x-amz-cf-id"] != first.headers["x-amz-cf-id"]


def test_the_function_turns_paths_of_the_application_into_its_page(viewer: httpx.Client, site: Site) -> None:
    site.put("index.html", b"application", ContentType="text/html")
    reply = viewer.get("/watch/01hx/chat")
    assert reply.text == "application"
    assert reply.headers["x-stamped"] == "/index.html"


def test_a_function_can_answer_by_itself(viewer: httpx.Client) -> None:
    reply = viewer.get("/teapot")
    assert (reply.status_code, reply.text, reply.headers["x-made-by"]) == (418, "short and stout", "function")
    assert reply.headers["x-cache"] == "FunctionGeneratedResponse from cloudfront"


@pytest.mark.parametrize("path", ["/loop", "/throw"])
def test_a_function_that_fails_or_never_ends_is_a_503(viewer: httpx.Client, path: str) -> None:
    reply = viewer.get(path)
    assert reply.status_code == 503
    assert reply.headers["x-cache"] == "FunctionExecutionError from cloudfront"


def test_a_missing_object_is_what_s3_says(viewer: httpx.Client, site: Site) -> None:
    reply = viewer.get("/missing.html")
    assert reply.status_code == 404
    assert "<Code>NoSuchKey</Code>" in reply.text
    assert reply.headers["x-cache"] == "Error from cloudfront"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("media/a b+c&d.m4s", "/media/a%20b%2Bc%26d.m4s"),
        ("media/ünïcode.m4s", "/media/%C3%BCn%C3%AFcode.m4s"),
        ("media/one/two.m4s", "/media/one%2Ftwo.m4s"),
        ("media/100%.m4s", "/media/100%25.m4s"),
    ],
)
def test_an_encoded_path_reaches_s3_as_it_is(viewer: httpx.Client, site: Site, key: str, path: str) -> None:
    site.put(key, key.encode())
    assert viewer.get(path).content == key.encode()


@pytest.mark.parametrize(
    "path", ["/media/../../other/secret", "/media/%2e%2e/%2e%2e/other/secret", "/media/..%2f..%2fx"]
)
def test_no_path_leads_out_of_the_bucket(edge: EdgeProcess, site: Site, path: str) -> None:
    site.s3.create_bucket(Bucket="other")
    site.s3.put_object(Bucket="other", Key="secret", Body=b"secret")
    # httpx would resolve the dots itself.
    connection = http.client.HTTPConnection("localhost", edge.port, timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    assert reply.status == 400
    assert reply.read() != b"secret"
    connection.close()


def test_the_api_gets_the_whole_request_and_is_never_cached(viewer: httpx.Client) -> None:
    headers = {"authorization": "Bearer token", "x-custom": "1", "cookie": "theme=dark"}
    first = viewer.get("/api/echo?b=2&a=1&a=3", headers=headers)
    second = viewer.post("/api/echo", json={"title": "x"}, headers=headers)
    seen = first.json()
    assert first.status_code == 200
    assert seen["path"] == "/api/echo"
    assert seen["multiValueQueryStringParameters"] == {"b": ["2"], "a": ["1", "3"]}
    sent = {name.lower(): value for name, value in seen["headers"].items()}
    assert (sent["authorization"], sent["x-custom"], sent["cookie"]) == ("Bearer token", "1", "theme=dark")
    assert "localhost:" not in sent["host"]
    assert sent["x-forwarded-for"].endswith("127.0.0.1")
    assert first.headers["set-cookie"] == "session=1; Path=/"
    assert first.headers["x-cache"] == "Miss from cloudfront"
    assert second.status_code == 201
    assert json.loads(second.json()["body"]) == {"title": "x"}


def test_a_method_that_the_behaviour_does_not_allow_is_refused(viewer: httpx.Client) -> None:
    reply = viewer.post("/page.html", content=b"x")
    assert reply.status_code == 403
    assert reply.headers["x-cache"] == "Error from cloudfront"


def test_a_custom_origin_gets_its_path_its_own_host_and_its_headers(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/open/where"] = Page(b"here")
    assert viewer.get("/open/where?x=%2F&y").content == b"here"
    (seen,) = origin.asked("/base/open/where")
    assert seen.target == "/base/open/where?x=%2F&y"
    assert seen.headers["host"] == f"localhost:{origin.port}"
    assert seen.headers["x-from"] == "edge"
    assert "connection" not in seen.headers or seen.headers["connection"] == "keep-alive"


def test_a_long_body_is_streamed_to_the_origin(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/open/upload"] = Page(b"ok")
    body = b"0123456789abcdef" * 300_000
    chunks = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    assert viewer.put("/open/upload", content=body).content == b"ok"
    assert viewer.post("/open/upload", content=chunks).content == b"ok"
    known, chunked = origin.asked("/base/open/upload")
    assert known.body == chunked.body == body
    assert known.headers["content-length"] == str(len(body))


def test_a_get_with_a_body_is_refused(viewer: httpx.Client) -> None:
    assert viewer.request("GET", "/api/echo", content=b"x").status_code == 403


def test_an_error_page_is_shown_in_the_place_of_the_error(
    viewer: httpx.Client, site: Site, origin: OriginServer
) -> None:
    site.put("gone.html", b"it is gone")
    origin.pages["/base/open/old"] = Page(b"origin's words", status=410)
    reply = viewer.get("/open/old")
    assert (reply.status_code, reply.content) == (200, b"it is gone")
    assert reply.headers["x-cache"] == "Error from cloudfront"


def test_cookies_of_the_origin_stop_where_no_cookie_is_passed(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/kept/cookie"] = Page(b"x", headers={"Set-Cookie": "a=1"})
    reply = viewer.get("/kept/cookie", headers={"cookie": "b=2"})
    assert "set-cookie" not in reply.headers
    assert "cookie" not in origin.asked("/base/kept/cookie")[0].headers
