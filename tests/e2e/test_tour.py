"""docs/tour.md, followed word for word by somebody new."""

import os
import re
import subprocess

import pytest

from tests.e2e.conftest import ROOT, Platform
from tests.media_fixtures import make_clip

TOUR = ROOT / "docs" / "tour.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEADLINE_S = 300


@pytest.fixture(scope="module")
def told(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the tour prints, by the words before the colon."""
    folder = tmp_path_factory.mktemp("tour")
    clip = make_clip(folder / "some.mp4", seconds=2)
    chosen = {"SITE": platform.edge_url, "FILM": str(clip), "MILLRACE_HOME": str(platform.home), "TMPDIR": str(folder)}
    # A person's shell goes on after a failure; here the first one is the end.
    script = "\n".join(["set -euo pipefail", *BLOCK.findall(TOUR.read_text(encoding="utf-8"))])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**os.environ, **chosen},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)


def test_people_sign_in_with_a_password_and_with_an_account_elsewhere(told: dict[str, str]) -> None:
    assert told["verified"] == "True"
    assert told["signed in"] == "bob@people.example"


def test_a_film_is_uploaded_published_and_found(told: dict[str, str]) -> None:
    assert (told["channel"], told["video"], told["for Bob"]) == ("Ada builds mills", "private", "404")
    assert told["the film for everybody"] == "200"
    assert told["found"].startswith("A windmill turns ")


def test_others_comment_and_follow(told: dict[str, str]) -> None:
    assert told["comment"] == "How fast does it turn?"
    assert (told["followers"], told["his feed"]) == ("1", told["found"])


def test_a_private_film_opens_with_its_cookie_only(told: dict[str, str]) -> None:
    assert told["found now"] == "[]"
    assert (told["without a cookie"], told["with the cookie"]) == ("403", "200")
