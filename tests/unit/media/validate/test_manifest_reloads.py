"""A growing manifest keeps what it has said."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from millrace.media.package import Growth, MeasuredTrack, package
from millrace.media.package.names import MANIFEST
from millrace.media.plan import EncodePlan
from millrace.media.validate import Findings
from millrace.media.validate.manifest_reloads import check_manifest_reload
from tests.media_fixtures.streams import a_picture
from tests.media_fixtures.values import a_plan

PLACE = "manifest.mpd"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
Change = Callable[[str], str]


def _plan() -> EncodePlan:
    plan = a_plan(seconds=13)
    return plan.model_copy(update={"renditions": plan.renditions[-1:], "audio": ()})


def _text(count: int, *, ended: bool = False) -> str:
    """Return the manifest of a film of which so many segments are encoded."""
    plan = _plan()
    whole = a_picture(plan, plan.renditions[0].name, 100, {})
    track = MeasuredTrack(
        name=whole.name, codec=whole.codec, timescale=whole.timescale, segments=whole.segments[:count]
    )
    growth = None if ended else Growth(BEGAN, BEGAN + timedelta(seconds=count))
    return package(plan, [track], [], growth=growth)[MANIFEST]


def _reload(before: str, after: str) -> set[str]:
    found = Findings()
    check_manifest_reload(PLACE, ET.fromstring(before), ET.fromstring(after), found)
    return {finding.code for finding in found}


@pytest.mark.parametrize("after", [_text(2), _text(3), _text(4, ended=True)])
def test_a_film_that_grows_and_ends_breaks_nothing(after: str) -> None:
    assert _reload(_text(2), after) == set()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("live-mpd-changed", lambda text: text.replace('availabilityStartTime="2025', 'availabilityStartTime="2024')),
        ("live-mpd-changed", lambda text: text.replace('d="120000" r="2"', 'd="120001" r="2"')),
        ("live-mpd-changed", lambda text: text.replace(' r="2"', "")),
        ("live-mpd-published", lambda text: re.sub('publishTime="[^"]*"', 'publishTime="2020-01-01T00:00:00Z"', text)),
        (
            "live-mpd-published",
            lambda text: text.replace("2026-01-01T00:00:03.000Z", "2026-01-01T00:00:02.000Z"),
        ),
    ],
)
def test_a_change_that_players_do_not_expect_is_found(code: str, change: Change) -> None:
    after = change(_text(3))
    assert after != _text(3)
    assert code in _reload(_text(2), after)


def test_a_static_presentation_stays_as_it_is() -> None:
    assert _reload(_text(3, ended=True), _text(3, ended=True)) == set()
    assert _reload(_text(3, ended=True), _text(4, ended=True)) == {"live-mpd-ended"}
