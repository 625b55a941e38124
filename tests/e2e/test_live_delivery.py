"""A live stream through the whole platform, with an ingest that has no encoder."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from millrace.media import hls
from tests.e2e.conftest import Creator, Platform
from tests.integration.gateway import forget_container
from tests.integration.live.media import PARTS, Film

TIMEOUT_S = 60
VIEWERS = 200


@dataclass(frozen=True)
class Ingest:
    """What an ingest may do: call its API with the platform's secret, and write media."""

    platform: Platform
    secret: str
    world: Any

    def call(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.platform.edge_url}/api/ingest/sessions{path}"
        headers = {"Authorization": f"Bearer {self.secret}"}
        answer = requests.request(method, url, json=body, headers=headers, timeout=TIMEOUT_S)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def begin(self, stream_key: str) -> Film:
        made = Film(self.world, self.call("POST", "", {"stream_key": stream_key, "ingest_id": "e2e"}))
        made.begin()
        return made

    def beat(self, film: Film) -> dict[str, Any]:
        body = {"epoch": film.grant["epoch"], "has_media": True, "tracks": [track.name for track in film.tracks]}
        return self.call("PUT", f"/{film.session_id}/beat", body)

    def end(self, film: Film) -> None:
        self.call("POST", f"/{film.session_id}/end", {"epoch": film.grant["epoch"]})


@pytest.fixture(scope="module")
def ingest(platform: Platform) -> Iterator[Ingest]:
    session, outputs = platform.session(), platform.outputs
    s3 = session.client("s3", endpoint_url=platform.emulator_url)
    secrets = session.client("secretsmanager", endpoint_url=platform.emulator_url)
    secret = secrets.get_secret_value(SecretId=outputs["IngestSecret"])["SecretString"]
    world = SimpleNamespace(server=SimpleNamespace(client=lambda _name: s3), media=outputs["MediaBucket"])
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT_URL": platform.emulator_url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "LIVE_MEDIA_TABLE": outputs["LiveMediaTable"],
        }.items():
            environment.setenv(name, value)
        forget_container()
        yield Ingest(platform, secret, world)
    forget_container()


@pytest.fixture(scope="module")
def stream_key(creator: Creator) -> str:
    channel = creator.call("POST", "/api/channels", json={"handle": "live-mill", "name": "Live mill"}).json()
    path = f"/api/channels/{channel['channel_id']}/stream-keys"
    key: str = creator.call("POST", path, json={"label": "OBS"}).json()["stream_key"]
    return key


def counters(platform: Platform) -> dict[str, int]:
    report = requests.get(f"{platform.edge_url}/_edge/stats", timeout=TIMEOUT_S).json()
    found: dict[str, int] = report["distributions"][platform.outputs["DistributionId"]]["/live/public/*"]
    return found


@dataclass(frozen=True)
class Watched:
    """What one viewer got, and how often they had to ask."""

    text: str
    asked: int


def test_two_hundred_viewers_cost_the_origin_as_much_as_one(
    platform: Platform, ingest: Ingest, stream_key: str
) -> None:
    film = ingest.begin(stream_key)
    film.whole(2)
    film.open()
    film.part()
    assert ingest.beat(film)["state"] == "live"
    base = f"{platform.edge_url}/live/public/{film.session_id}"
    main = requests.get(f"{base}/main.m3u8", timeout=TIMEOUT_S)
    assert hls.parse_multivariant(main.text).variants
    together = Barrier(VIEWERS)

    def watch(_viewer: int) -> Watched:
        with requests.Session() as session:
            together.wait(TIMEOUT_S)
            for asked in range(1, 100):
                answer = session.get(f"{base}/video_source/media.m3u8?_HLS_msn=3&_HLS_part=1", timeout=TIMEOUT_S)
                assert answer.status_code == 200
                found = hls.parse_media(answer.text)
                if found.open_segment and len(found.open_segment.parts) == 2:
                    return Watched(answer.text, asked)
                # A machine under load may take longer for a part than a request is held.
                time.sleep(0.5)
        raise AssertionError("the part never came")

    before = counters(platform)
    with ThreadPoolExecutor(VIEWERS) as viewers:
        watching = viewers.map(watch, range(VIEWERS))
        film.part()
        watched = list(watching)
    after = counters(platform)
    assert len({each.text for each in watched}) == 1
    assert after["requests"] - before["requests"] >= VIEWERS
    assert after["origin_requests"] - before["origin_requests"] <= max(each.asked for each in watched)
    found = hls.parse_media(watched[0].text)
    assert found.open_segment is not None
    part = requests.get(platform.edge_url + found.open_segment.parts[-1].uri, timeout=TIMEOUT_S)
    assert part.content == f"[video_source {2 * PARTS + 1}]".encode()
    ingest.end(film)


def test_a_private_stream_wants_cookies(
    platform: Platform, ingest: Ingest, creator: Creator, stranger: Creator, stream_key: str
) -> None:
    film = ingest.begin(stream_key + "?test=1")
    film.whole()
    ingest.beat(film)
    for home in ("private", "%70rivate", "public"):
        answer = requests.get(f"{platform.edge_url}/live/{home}/{film.session_id}/main.m3u8", timeout=TIMEOUT_S)
        assert answer.status_code in {403, 404}
        assert "#EXTM3U" not in answer.text
    path = f"/api/live/{film.session_id}/playback"
    assert stranger.call("POST", path).status_code == 404
    granted = creator.call("POST", path)
    assert granted.status_code == 200, granted.text
    # Three sets of one name each: a browser sends those of the longest path that fits.
    given = granted.raw.headers.getlist("Set-Cookie")
    address = granted.json()["hls_url"]
    main = hls.parse_multivariant(_get(address, given).text)
    media = _get(requests.compat.urljoin(address, main.variants[0].uri), given)
    found = hls.parse_media(media.text)
    for uri in (found.segments[0].uri, found.segments[0].parts[0].uri):
        assert requests.get(platform.edge_url + uri, timeout=TIMEOUT_S).status_code == 403
        assert _get(platform.edge_url + uri, given).ok
    ingest.end(film)


def _get(address: str, given: list[str]) -> requests.Response:
    """Ask as a browser does, with the cookies whose path fits."""
    path = urlsplit(address).path
    pairs = []
    for cookie in given:
        pair, *attributes = (part.strip() for part in cookie.split(";"))
        folder = next(each.partition("=")[2] for each in attributes if each.startswith("Path="))
        if path.startswith(folder):
            pairs.append(pair)
    assert pairs
    answer = requests.get(address, headers={"Cookie": "; ".join(pairs)}, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return answer


def test_a_part_that_is_asked_for_too_early_is_not_missing_for_long(
    platform: Platform, ingest: Ingest, stream_key: str
) -> None:
    film = ingest.begin(stream_key)
    film.open()
    film.part()
    hint = f"{platform.edge_url}/{film.place.part_key('video_source', film.edges['video_source'].next_part)}"
    assert requests.get(hint, timeout=TIMEOUT_S).status_code == 404
    film.part()
    assert requests.get(hint, timeout=TIMEOUT_S).ok
    ingest.end(film)
