"""What people type becomes words that can be found, however they spell it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from millrace.discovery.words import MAX_WORD_CHARS, folded, words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("CAFÉ", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("\uff26\uff35\uff2c\uff2c \uff57idth", "full width"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Smørrebrød", "smorrebrod"),
        ("İstanbul ISPARTA", "istanbul isparta"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("Йод", "иод"),
        ("ﬁne", "fine"),
        ("مَدْرَسَة", "مدرسة"),
    ],
)
def test_one_spelling_for_many(typed: str, meant: str) -> None:
    assert folded(typed) == meant


def test_what_is_no_letter_or_digit_parts_words() -> None:
    assert words("rock'n'roll, live@home: #1 (C++)") == ["rock", "n", "roll", "live", "home", "1", "c"]


def test_marks_that_make_letters_stay_in_their_word() -> None:
    assert words("हिन्दी कहानी") == [folded("हिन्दी"), folded("कहानी")]
    assert len(words("か\u3099")) == 1
    assert words("が") != words("か")


def test_scripts_without_spaces_are_found_by_pairs_of_characters() -> None:
    assert words("東京タワー live") == ["東京", "京タ", "タワ", "ワー", "live"]
    assert words("猫") == ["猫"]
    assert words("vlog東京") == ["vlog", "東京"]


def test_endless_words_are_cut() -> None:
    assert words("a" * 500) == ["a" * MAX_WORD_CHARS]


@given(st.text(max_size=300))
def test_any_text_has_words_and_folding_again_changes_nothing(text: str) -> None:
    found = words(text)
    assert all(0 < len(word) <= MAX_WORD_CHARS for word in found)
    # Words are joined by spaces for the index, which splits them there again.
    assert " ".join(found).split() == found
    assert words(folded(text)) == found
