"""Languages as media files name them (ISO 639-2), as playlists do (BCP 47), and as a viewer reads them."""

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Language", "language_of"]


@dataclass(frozen=True, slots=True)
class Language:
    """Name a language: `code` for folders, `tag` for players, `name` for people."""

    code: str
    tag: str
    name: str


UNKNOWN: Final = Language("und", "und", "Sound")
# ISO 639-2 (T, then B where it differs), the shortest tag as BCP 47 wants it, the English name.
_TABLE: Final = """
    eng en English | deu,ger de German | fra,fre fr French | spa es Spanish | ita it Italian | por pt Portuguese
    nld,dut nl Dutch | swe sv Swedish | nor no Norwegian | nob nb Norwegian (Bokmål) | nno nn Norwegian (Nynorsk)
    dan da Danish | fin fi Finnish | isl,ice is Icelandic | pol pl Polish | ces,cze cs Czech | slk,slo sk Slovak
    hun hu Hungarian | ron,rum ro Romanian | bul bg Bulgarian | hrv hr Croatian | srp sr Serbian | slv sl Slovenian
    ell,gre el Greek | tur tr Turkish | rus ru Russian | ukr uk Ukrainian | lit lt Lithuanian | lav lv Latvian
    est et Estonian | heb he Hebrew | ara ar Arabic | fas,per fa Persian | hin hi Hindi | ben bn Bengali
    tam ta Tamil | tel te Telugu | urd ur Urdu | zho,chi zh Chinese | jpn ja Japanese | kor ko Korean | tha th Thai
    vie vi Vietnamese | ind id Indonesian | msa,may ms Malay | cat ca Catalan | eus,baq eu Basque | glg gl Galician
    gle ga Irish | cym,wel cy Welsh | sqi,alb sq Albanian | mkd,mac mk Macedonian | lat la Latin | swa sw Swahili
    afr af Afrikaans | zul zu Zulu
"""
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def _languages() -> dict[str, Language]:
    found: dict[str, Language] = {}
    for row in re.split(r"[|\n]", _TABLE):
        if not row.strip():
            continue
        codes, tag, name = row.split(maxsplit=2)
        for code in codes.split(","):
            found[code] = found[tag] = Language(codes.split(",")[0], tag, name.strip())
    return found


_LANGUAGES: Final = _languages()


def language_of(tag: str) -> Language:
    """Return the language that a file names; what is no language tag is the unknown language.

    >>> language_of("ger").tag
    'de'
    """
    if not _TAG.fullmatch(tag) or tag.lower() in ("und", "mis", "mul", "zxx"):
        return UNKNOWN
    primary, _, rest = tag.partition("-")
    known = _LANGUAGES.get(primary.lower())
    if known is None:
        return Language(tag.lower(), tag.lower(), tag)
    if not rest:
        return known
    return Language(f"{known.code}-{rest.lower()}", f"{known.tag}-{rest}", f"{known.name} ({rest})")
