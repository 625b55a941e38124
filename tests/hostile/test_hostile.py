"""Files that mean harm are refused in a sentence or play; none reads what is not its own, hangs, or fills memory."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.hostile.corpus import BOUNDED, HARMLESS, REFUSED, Bait, Writer
from tests.media_fixtures import make_clip
from tests.media_fixtures.canaries import canary
from tests.media_fixtures.judging import Verdict, judge_url
from tests.media_fixtures.serving import serve


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole film, its index at the end."""
    return make_clip(tmp_path_factory.mktemp("film") / "film.mp4", seconds=1, size=(64, 64), rate=10).read_bytes()


@pytest.fixture
def bait(film: bytes, tmp_path: Path) -> Iterator[Bait]:
    """A secret film that is watched, beside the place where hostile files are made."""
    secret = tmp_path / "internal" / "secret.mp4"
    secret.parent.mkdir()
    secret.write_bytes(film)
    (tmp_path / "made").mkdir()
    with canary(secret) as bird:
        yield Bait(film, bird, tmp_path / "made")


def _judge(write: Writer, bait: Bait, folder: Path) -> Verdict:
    """Judge the file over HTTP, as the workflow does, and see that the canary did not sing."""
    hostile = bait.folder / "source"
    hostile.write_bytes(write(bait))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    scratch = folder / "scratch"
    scratch.mkdir()
    with serve(bait.folder) as served:
        verdict = judge_url(f"{served.base_url}/source", scratch)
    assert bait.canary.sang() == []
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if scratch not in (path, *path.parents)}
    assert after == before, "something was written outside of the folder"
    return verdict


@pytest.mark.parametrize(("name", "write"), REFUSED, ids=[name for name, _ in REFUSED])
def test_it_is_refused_in_a_sentence(name: str, write: Writer, bait: Bait, tmp_path: Path) -> None:
    verdict = _judge(write, bait, tmp_path)
    assert verdict.outcome == "refused", verdict
    assert verdict.message.endswith(".")
    assert verdict.message[0].isupper()


@pytest.mark.parametrize(("name", "write"), HARMLESS, ids=[name for name, _ in HARMLESS])
def test_it_plays_and_harms_nobody(name: str, write: Writer, bait: Bait, tmp_path: Path) -> None:
    verdict = _judge(write, bait, tmp_path)
    assert verdict.outcome == "plays", verdict
    assert verdict.plan is not None
    for track in verdict.plan.audio:
        assert track.name.replace("_", "").replace("-", "").isalnum(), "a track's name is a folder's"
        assert track.label.isprintable()
        assert '"' not in track.label


@pytest.mark.parametrize(("name", "write"), BOUNDED, ids=[name for name, _ in BOUNDED])
def test_it_ends_and_harms_nobody(name: str, write: Writer, bait: Bait, tmp_path: Path) -> None:
    verdict = _judge(write, bait, tmp_path)
    assert verdict.outcome == "plays" or verdict.message, verdict


def test_the_canaries_can_sing(bait: Bait) -> None:
    httpx.get(bait.canary.url)
    assert bait.canary.sang()
    bait.canary.served.paths.clear()
    bait.canary.path.read_bytes()
    assert "file" in bait.canary.sang()
