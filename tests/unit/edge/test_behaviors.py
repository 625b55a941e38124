"""Path patterns, and the model's selections."""

import pytest

from edge.behaviors import behavior_for, pattern_matches
from edge.model import Behavior, Distribution, Scope, Selection


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "/anything/at.all", True),
        ("/media/*", "/media/public/main.m3u8", True),
        ("media/*", "/media/x", True),
        ("/media/*", "/media", False),
        ("/media/*", "/Media/x", False),
        ("*.m3u8", "/a/b/main.m3u8", True),
        ("/seg_0000?.m4s", "/seg_00001.m4s", True),
        ("/seg_0000?.m4s", "/seg_000011.m4s", False),
        ("/a.b", "/axb", False),
        ("/a[b]*", "/a[b]c", True),
        ("/****************************a", "/" + "b" * 5000, False),
    ],
)
def test_a_pattern_matches_the_whole_path(pattern: str, path: str, matches: bool) -> None:
    assert pattern_matches(pattern, path) is matches


def test_the_first_matching_behaviour_answers_and_the_default_comes_last() -> None:
    patterns = ("/media/private/*", "/media/*", "*")
    distribution = Distribution("E1", "d1.cloudfront.net", behaviors=tuple(Behavior(text, "o") for text in patterns))
    found = [behavior_for(distribution, path).pattern for path in ("/media/private/x", "/media/x", "/")]
    assert found == ["/media/private/*", "/media/*", "*"]


def test_a_selection_means_none_all_some_or_all_but_some() -> None:
    names = frozenset({"host"})
    asked = [(scope, Selection(scope, names)) for scope in Scope]
    assert {scope.value: (selection.has("host"), selection.has("origin")) for scope, selection in asked} == {
        "none": (False, False),
        "all": (True, True),
        "only": (True, False),
        "all_except": (False, True),
    }
