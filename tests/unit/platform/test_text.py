"""Texts that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.platform.text import one_line, paragraphs


def test_a_line_has_one_spelling() -> None:
    assert one_line("  Cafe\u0301 \t am\n Fluss ") == "Caf\u00e9 am Fluss"
    assert paragraphs(" one \r\n\r\n two\tthree\rfour  \n\n") == "one\n\n two three\nfour"


@pytest.mark.parametrize("text", ["a\u202eb", "a\x00b", "a\x1bb", "a\u2066b", "a\x7fb", "\ud800"])
def test_what_does_not_show_is_refused(text: str) -> None:
    for form in (one_line, paragraphs):
        with pytest.raises(ValueError, match="do not show"):
            form(text)


@pytest.mark.parametrize(
    "text",
    ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f680", "\u65e5\u672c\u3000\u8a9e"],
)
def test_other_scripts_and_emoji_stay(text: str) -> None:
    assert paragraphs(text) == text


@given(st.text())
def test_a_second_time_changes_nothing(text: str) -> None:
    for form in (one_line, paragraphs):
        try:
            once = form(text)
        except ValueError:
            continue
        assert form(once) == once
