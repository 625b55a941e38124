"""How the pages are stored."""

import pytest

from scripts.deployer.site import _complaint, cache_control, content_type


@pytest.mark.parametrize(
    "key", ["assets/index-Dlx-0vWD.js", "assets/index-DLQWIr_2.css", "_next/static/chunks/main-1f2e3d4c5b6a.js"]
)
def test_what_has_its_hash_in_its_name_is_kept_for_ever(key: str) -> None:
    assert "immutable" in cache_control(key)


@pytest.mark.parametrize("key", ["index.html", "mark.svg", "remotes.json", "assets/logo.svg", "player-settings.js"])
def test_everything_else_is_asked_for_each_time(key: str) -> None:
    assert cache_control(key) == "no-cache"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/b.js", "text/javascript; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
        ("font.woff2", "font/woff2"),
        ("unknown.zzz", "application/octet-stream"),
    ],
)
def test_browsers_are_told_what_a_file_is(key: str, expected: str) -> None:
    assert content_type(key) == expected


def test_a_failure_of_npm_is_told_by_its_reason() -> None:
    said = "npm error code E1\nnpm error request to a registry failed\n"
    said += "npm error A complete log of this run can be found in: x\n"
    assert _complaint(said) == "request to a registry failed"
    assert _complaint("") == "no message"
