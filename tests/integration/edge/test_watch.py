"""The edge follows what is deployed, and says clearly what is missing."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.edge import edge_process
from tests.integration.edge.conftest import Site
from tests.integration.edge.deployment import Cloud, behavior, custom_origin, read_policy, s3_origin
from tests.integration.edge.edge_process import EdgeProcess
from tests.integration.edge.origin_server import OriginServer, Page
from tests.integration.emulator import servers
from tests.integration.emulator.servers import eventually

ANSWER = "function handler(event) {{ return {{statusCode: 200, body: '{}'}}; }}"


@pytest.fixture
def second(cloud: Cloud, origin: OriginServer, site: Site) -> Iterator[str]:
    """A second distribution, beside the one that plain localhost means."""
    shape = custom_origin("custom", "localhost", origin.port, path="/second")
    distribution_id = cloud.distribution([shape], behavior("custom"), [], DefaultRootObject="start.html")
    yield distribution_id
    cloud.delete_distribution(distribution_id)


def test_each_distribution_has_a_host_of_its_own(
    edge: EdgeProcess, site: Site, second: str, origin: OriginServer
) -> None:
    origin.pages["/second/start.html"] = Page(b"second")
    site.put("index.html", b"application")
    edge.reload()
    host = f"{second.lower()}.cloudfront.localhost:{edge.port}"
    assert httpx.get(f"{edge.url}/", headers={"host": host}).content == b"second"
    assert httpx.get(f"{edge.url}/").content == b"application"


def test_a_new_behaviour_and_new_function_code_are_followed(
    edge: EdgeProcess, cloud: Cloud, second: str, origin: OriginServer
) -> None:
    name = f"watched-{second.lower()}"
    arn = cloud.function(name, ANSWER.format("one"))
    association = {"Quantity": 1, "Items": [{"EventType": "viewer-request", "FunctionARN": arn}]}
    added = behavior("custom", "/new/*", FunctionAssociations=association)
    cloud.change_distribution(second, CacheBehaviors={"Quantity": 1, "Items": [added]})
    headers = {"host": f"{second.lower()}.cloudfront.localhost:{edge.port}"}

    def answers(expected: str) -> None:
        assert httpx.get(f"{edge.url}/new/x", headers=headers).text == expected

    eventually(lambda: answers("one"), within_s=3)
    cloud.change_function(name, ANSWER.format("two"))
    eventually(lambda: answers("two"), within_s=3)


def test_a_bucket_shows_what_its_policy_allows_and_as_on_aws_hides_what_is_missing(
    edge: EdgeProcess, cloud: Cloud, site: Site
) -> None:
    site.s3.create_bucket(Bucket="guarded")
    site.s3.put_object(Bucket="guarded", Key="a.txt", Body=b"a")
    made = cloud.distribution([s3_origin("guarded", cloud.access_control("guarded"))], behavior("guarded"), [])
    headers = {"host": f"{made.lower()}.cloudfront.localhost:{edge.port}"}
    edge.reload()
    refused = httpx.get(f"{edge.url}/a.txt", headers=headers)
    assert (refused.status_code, "<Code>AccessDenied</Code>" in refused.text) == (403, True)
    site.s3.put_bucket_policy(Bucket="guarded", Policy=read_policy("guarded", may_list=False))
    edge.reload()
    assert httpx.get(f"{edge.url}/a.txt", headers=headers).content == b"a"
    assert httpx.get(f"{edge.url}/missing.txt", headers=headers).status_code == 403
    site.s3.put_bucket_policy(Bucket="guarded", Policy=read_policy("guarded"))
    edge.reload()
    assert httpx.get(f"{edge.url}/missing.txt", headers=headers).status_code == 404
    cloud.delete_distribution(made)


def test_a_deleted_distribution_is_no_longer_served(edge: EdgeProcess, cloud: Cloud, second: str) -> None:
    edge.reload()
    assert second in [item["id"] for item in edge.health()["distributions"]]
    cloud.change_distribution(second, Enabled=False)
    edge.reload()
    assert second not in [item["id"] for item in edge.health()["distributions"]]


def test_an_edge_waits_for_its_emulator_and_serves_what_it_keeps_when_that_goes_away(tmp_path: Path) -> None:
    emulator = servers.Server(tmp_path / "state", is_stock=False)
    emulator.state.mkdir()
    with edge_process.running(emulator.endpoint, tmp_path) as edge:
        reply = httpx.get(f"{edge.url}/")
        assert (reply.status_code, "does not answer" in reply.text) == (502, True)
        assert httpx.get(f"{edge.url}/_edge/health").status_code == 503
        emulator.start()
        try:
            eventually(lambda: _assert_problem(edge, "no distribution is deployed"), within_s=10)
            s3 = emulator.client("s3")
            s3.create_bucket(Bucket="kept-site")
            s3.put_object(Bucket="kept-site", Key="a.txt", Body=b"kept")
            Cloud(emulator.client("cloudfront")).distribution([s3_origin("kept-site")], behavior("kept-site"), [])
            edge.reload()
            assert httpx.get(f"{edge.url}/a.txt").content == b"kept"
        finally:
            emulator.stop()
        eventually(lambda: _assert_away(edge), within_s=10)
        assert httpx.get(f"{edge.url}/a.txt").content == b"kept"
        assert httpx.get(f"{edge.url}/b.txt").status_code == 502


def _assert_problem(edge: EdgeProcess, problem: str) -> None:
    assert edge.health()["problem"] == problem


def _assert_away(edge: EdgeProcess) -> None:
    assert "does not answer" in (edge.health()["problem"] or "")


def test_stopping_the_edge_leaves_nothing_in_its_cache_directory(
    emulator: servers.Server, site: Site, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    site.put("media/leftover.mp4", bytes(3 * 1024 * 1024))
    arguments = ("--cache-dir", str(cache), "--distribution", site.distribution_id)
    with edge_process.running(emulator.endpoint, tmp_path, *arguments) as edge:
        assert len(httpx.get(f"{edge.url}/media/leftover.mp4").content) == 3 * 1024 * 1024
    assert edge.process.returncode == 0
    assert list(cache.iterdir()) == []


def test_the_log_names_every_request_and_no_query(edge: EdgeProcess, site: Site) -> None:
    httpx.get(f"{edge.url}/page.html?Signature=of-the-viewer")

    def logged() -> None:
        text = edge.log.read_text()
        assert '"path": "/page.html"' in text
        assert "of-the-viewer" not in text

    eventually(logged)
