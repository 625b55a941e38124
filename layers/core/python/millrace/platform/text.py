"""Texts that people type: one spelling, and nothing in them that does not show.

They are stored as they were typed and are never HTML: whoever shows them shows them as text.
"""

import unicodedata

# Letters' business in Persian and Hindi, and what makes one emoji of several.
JOINERS = ("\u200c", "\u200d")


def one_line(text: str) -> str:
    """Return the text on one line, without space around it; raises ValueError where a character does not show."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    _check(line)
    return line


def paragraphs(text: str) -> str:
    """Return the text with its line breaks, in one form of them; raises ValueError as above."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    for line in lines:
        _check(line)
    return "\n".join(line.rstrip() for line in lines).strip()


def _check(line: str) -> None:
    """Control and direction characters would let one text pass for another, or spoil the page it stands in."""
    shown = line
    for joiner in JOINERS:
        shown = shown.replace(joiner, "")
    # Spaces of other scripts are not printable in Python's sense, and harmless.
    if not all(character.isprintable() or unicodedata.category(character) == "Zs" for character in shown):
        raise ValueError("This text has characters that do not show")
