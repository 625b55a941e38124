"""What is kept, for how long, and what a viewer sees of it."""

import gzip
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.edge.conftest import Site
from tests.integration.edge.deployment import Cloud
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.edge.origin_server import OriginServer, Page
from tests.integration.emulator.servers import eventually

MEGABYTE = 1024 * 1024


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    gate = threading.Event()
    yield gate
    gate.set()


def test_the_query_decides_where_the_policy_says_so(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/live/query"] = Page(b"x", headers={"Cache-Control": "max-age=30"})
    origin.pages["/base/kept/query"] = Page(b"x")
    for path in ("/live/query?part=1", "/live/query?part=2", "/live/query?part=1", "/kept/query?a", "/kept/query?b"):
        viewer.get(path)
    assert [seen.target for seen in origin.asked("/base/live/query")] == [
        "/base/live/query?part=1",
        "/base/live/query?part=2",
    ]
    assert [seen.target for seen in origin.asked("/base/kept/query")] == ["/base/kept/query"]


def test_an_expired_object_is_revalidated_and_lives_on(viewer: httpx.Client, origin: OriginServer) -> None:
    headers = {"Cache-Control": "max-age=1", "ETag": '"v1"'}
    origin.pages["/base/live/etag"] = Page(b"body", headers=headers, knows_etag='"v1"')
    viewer.get("/live/etag")

    def refreshed() -> httpx.Response:
        reply = viewer.get("/live/etag")
        assert reply.headers["x-cache"] == "RefreshHit from cloudfront"
        return reply

    assert eventually(refreshed).content == b"body"
    assert origin.asked("/base/live/etag")[-1].headers["if-none-match"] == '"v1"'
    assert viewer.get("/live/etag").headers["x-cache"] == "Hit from cloudfront"


def test_an_expired_object_that_changed_is_replaced(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/live/new"] = Page(b"old", headers={"Cache-Control": "max-age=1", "ETag": '"v1"'})
    viewer.get("/live/new")
    origin.pages["/base/live/new"] = Page(b"new", headers={"Cache-Control": "max-age=1", "ETag": '"v2"'})

    def changed() -> None:
        assert viewer.get("/live/new").content == b"new"

    eventually(changed)


def test_an_expired_object_covers_for_an_origin_that_fails(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/live/stale"] = Page(b"good", headers={"Cache-Control": "max-age=1"})
    viewer.get("/live/stale")
    origin.pages["/base/live/stale"] = Page(b"bad", status=500)
    before = len(origin.asked("/base/live/stale"))

    def asked_again() -> None:
        assert viewer.get("/live/stale").content == b"good"
        assert len(origin.asked("/base/live/stale")) > before

    eventually(asked_again)
    assert viewer.get("/live/stale").status_code == 200


def test_an_object_may_be_served_stale_while_the_origin_is_asked(
    viewer: httpx.Client, origin: OriginServer, gate: threading.Event
) -> None:
    headers = {"Cache-Control": "max-age=1, stale-while-revalidate=60"}
    origin.pages["/base/live/swr"] = Page(b"old", headers=headers)
    viewer.get("/live/swr")
    origin.pages["/base/live/swr"] = Page(b"new", headers=headers, head_gate=gate)

    def asked_again() -> None:
        assert viewer.get("/live/swr").content == b"old"
        assert len(origin.asked("/base/live/swr")) == 2

    eventually(asked_again)
    assert viewer.get("/live/swr").content == b"old"
    gate.set()

    def renewed() -> None:
        assert viewer.get("/live/swr").content == b"new"

    eventually(renewed)


def test_what_forbids_storing_is_not_shared(viewer: httpx.Client, origin: OriginServer) -> None:
    origin.pages["/base/live/private"] = Page(b"mine", headers={"Cache-Control": "private, max-age=60"})
    assert [viewer.get("/live/private").headers["x-cache"] for _ in range(2)] == ["Miss from cloudfront"] * 2
    assert len(origin.asked("/base/live/private")) == 2


def test_an_error_is_remembered_for_as_long_as_the_distribution_says(
    viewer: httpx.Client, origin: OriginServer
) -> None:
    origin.pages["/base/live/busy"] = Page(b"busy", status=503)
    assert viewer.get("/live/busy").status_code == 503
    origin.pages["/base/live/busy"] = Page(b"back")
    assert viewer.get("/live/busy").status_code == 503
    assert len(origin.asked("/base/live/busy")) == 1

    def back() -> None:
        assert viewer.get("/live/busy").content == b"back"

    eventually(back, within_s=3)


def test_conditions_of_the_viewer_are_answered_from_the_cache(viewer: httpx.Client, site: Site) -> None:
    site.put("media/tagged.m4s", b"tagged")
    first = viewer.get("/media/tagged.m4s")
    known = viewer.get("/media/tagged.m4s", headers={"if-none-match": f'"zzz", {first.headers["etag"]}'})
    since = viewer.get("/media/tagged.m4s", headers={"if-modified-since": first.headers["last-modified"]})
    other = viewer.get("/media/tagged.m4s", headers={"if-none-match": '"zzz"'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (since.status_code, other.status_code) == (304, 200)


@pytest.mark.parametrize("size", [1000, 3 * MEGABYTE], ids=["memory", "disk"])
def test_ranges_of_a_kept_object(viewer: httpx.Client, site: Site, size: int) -> None:
    body = bytes(index % 251 for index in range(size))
    path = f"/media/range-{size}.mp4"
    site.put(path[1:], body, ContentType="video/mp4")
    # The first range finds nothing in the cache: the whole object is fetched for it.
    for start, end in ((100, 199), (0, 0), (size - 10, size + 10)):
        part = viewer.get(path, headers={"range": f"bytes={start}-{end}"})
        assert part.status_code == 206
        assert part.content == body[start : end + 1]
        assert part.headers["content-range"] == f"bytes {start}-{min(end, size - 1)}/{size}"
    suffix = viewer.get(path, headers={"range": "bytes=-7"})
    assert suffix.content == body[-7:]
    assert viewer.get(path, headers={"range": f"bytes={size // 2}-"}).content == body[size // 2 :]
    beyond = viewer.get(path, headers={"range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    several = viewer.get(path, headers={"range": "bytes=0-1,5-6"})
    assert (several.status_code, several.content) == (200, body)
    etag = suffix.headers["etag"]
    assert viewer.get(path, headers={"range": "bytes=0-1", "if-range": etag}).status_code == 206
    assert viewer.get(path, headers={"range": "bytes=0-1", "if-range": '"other"'}).status_code == 200


def test_a_range_of_a_large_object_is_passed_to_the_origin_and_the_rest_is_not_fetched(
    viewer: httpx.Client, site: Site, edge: EdgeProcess
) -> None:
    site.put("media/large.mp4", bytes(33 * MEGABYTE) + b"the end")
    before = _served(edge)
    reply = viewer.get("/media/large.mp4", headers={"range": "bytes=-7"})
    assert (reply.status_code, reply.content) == (206, b"the end")
    assert _served(edge)["disk_bytes"] - before["disk_bytes"] < MEGABYTE


def _served(edge: EdgeProcess) -> dict[str, int]:
    cache: dict[str, int] = httpx.get(f"{edge.url}/_edge/stats").json()["cache"]
    return cache


def test_head_tells_the_length_and_sends_nothing(viewer: httpx.Client, site: Site) -> None:
    site.put("media/head.m4s", b"12345")
    cold = viewer.head("/media/head.m4s")
    viewer.get("/media/head.m4s")
    warm = viewer.head("/media/head.m4s")
    assert [reply.headers["content-length"] for reply in (cold, warm)] == ["5", "5"]
    assert (cold.content, warm.content) == (b"", b"")
    assert warm.headers["x-cache"] == "Hit from cloudfront"


def test_text_is_compressed_for_who_takes_it_and_kept_apart(edge: EdgeProcess, site: Site) -> None:
    playlist = b"#EXTM3U\n" + b"#EXTINF:4.0,\nseg.m4s\n" * 200
    site.put("media/main.m3u8", playlist, ContentType="application/vnd.apple.mpegurl")
    site.put("media/seg.m4s", bytes(5000), ContentType="video/iso.segment")
    with httpx.Client(base_url=edge.url) as browser:
        for _ in range(2):
            reply = browser.get("/media/main.m3u8", headers={"accept-encoding": "gzip, br"})
            assert reply.headers["content-encoding"] == "gzip"
            assert reply.content == playlist
            assert reply.headers["etag"].startswith("W/")
        plain = browser.get("/media/main.m3u8", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == playlist
        assert "content-encoding" not in browser.get("/media/seg.m4s").headers
        with browser.stream("GET", "/media/main.m3u8", headers={"accept-encoding": "gzip"}) as raw:
            assert gzip.decompress(b"".join(raw.iter_raw())) == playlist


def test_cors_headers_are_added_for_the_allowed_origin_only(viewer: httpx.Client, site: Site) -> None:
    site.put("media/cors.m4s", b"x", Metadata={"k": "v"})
    allowed = viewer.get("/media/cors.m4s", headers={"origin": "https://app.example.com"})
    other = viewer.get("/media/cors.m4s", headers={"origin": "https://evil.example.com"})
    preflight = viewer.options(
        "/media/cors.m4s",
        headers={"origin": "https://app.example.com", "access-control-request-method": "GET"},
    )
    assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
    assert allowed.headers["access-control-expose-headers"] == "content-range"
    assert allowed.headers["x-policy"] == other.headers["x-policy"] == "applied"
    assert other.headers.get("access-control-allow-origin") != "https://app.example.com"
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
    assert preflight.headers["access-control-max-age"] == "600"


def test_an_invalidation_is_seen_within_two_seconds(viewer: httpx.Client, site: Site, cloud: Cloud) -> None:
    for name in ("a", "b"):
        site.put(f"media/old/{name}.m4s", b"old")
        viewer.get(f"/media/old/{name}.m4s")
    site.put("media/kept.m4s", b"old")
    viewer.get("/media/kept.m4s")
    for key in ("media/old/a.m4s", "media/old/b.m4s", "media/kept.m4s"):
        site.put(key, b"new")
    cloud.invalidate(site.distribution_id, "/media/old/*")

    def renewed() -> None:
        assert viewer.get("/media/old/a.m4s").content == b"new"
        assert viewer.get("/media/old/b.m4s").content == b"new"

    eventually(renewed, within_s=2)
    assert viewer.get("/media/kept.m4s").content == b"old"


def test_an_object_on_its_way_while_it_is_invalidated_is_not_kept(
    edge: EdgeProcess, site: Site, cloud: Cloud, origin: OriginServer, gate: threading.Event
) -> None:
    origin.pages["/base/kept/race"] = Page(b"old", head_gate=gate)
    replies: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: replies.append(httpx.get(f"{edge.url}/kept/race")))
    thread.start()

    def on_its_way() -> None:
        assert origin.asked("/base/kept/race")

    eventually(on_its_way)
    cloud.invalidate(site.distribution_id, "/kept/race")
    edge.reload()
    gate.set()
    thread.join(10)
    origin.pages["/base/kept/race"] = Page(b"new")
    assert replies[0].content == b"old"
    assert httpx.get(f"{edge.url}/kept/race").content == b"new"


def test_age_counts_the_seconds_in_the_cache(viewer: httpx.Client, site: Site) -> None:
    site.put("media/aged.m4s", b"x")
    viewer.get("/media/aged.m4s")
    started = time.monotonic()

    def aged() -> None:
        assert int(viewer.get("/media/aged.m4s").headers["age"]) >= 1

    eventually(aged, within_s=3)
    assert time.monotonic() - started > 0.5
