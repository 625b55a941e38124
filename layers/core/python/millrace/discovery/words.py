"""Texts as words that can be found: one spelling for what people type in many."""

import unicodedata
from collections.abc import Iterator

MAX_WORD_CHARS = 40
# Letters that Unicode does not take apart, and that people type without their stroke.
_PLAIN = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
# Accents, and the vowel points of Arabic and Hebrew, which nobody types. Below are marks that make other letters:
# the nukta (7), the voicing of kana (8), the virama (9).
_FIRST_ACCENT_CLASS = 10
# Scripts without spaces between words: Thai and Lao, kana, Han.
_UNSPACED = ((0x0E00, 0x0EFF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


def folded(text: str) -> str:
    """Return the text without case, accents and compatibility forms: "ＣＡＦÉ" is "cafe", "Straße" is "strasse"."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(character for character in apart if unicodedata.combining(character) < _FIRST_ACCENT_CLASS)
    return unicodedata.normalize("NFC", plain).translate(_PLAIN)


def words(text: str) -> list[str]:
    """Return the text's words in their order; scripts without spaces give overlapping pairs of characters."""
    spaced = "".join(character if _is_part_of_word(character) else " " for character in folded(text))
    return [part for word in spaced.split() for part in _parts(word)]


def _is_part_of_word(character: str) -> bool:
    # Marks carry the vowels of many scripts.
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _parts(word: str) -> Iterator[str]:
    """Split a word where its script changes between spaced and not."""
    if word.isascii():
        yield word[:MAX_WORD_CHARS]
        return
    start = 0
    for end in range(1, len(word) + 1):
        if end == len(word) or _is_unspaced(word[end]) != _is_unspaced(word[start]):
            yield from _pairs(word[start:end]) if _is_unspaced(word[start]) else (word[start:end][:MAX_WORD_CHARS],)
            start = end


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for place in range(len(run) - 1):
        yield run[place : place + 2]


def _is_unspaced(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _UNSPACED)
