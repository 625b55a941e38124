"""What an owner says about a video, each in the form in which it is kept.

Texts are plain: they are stored as typed and never become HTML.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from millrace.platform.text import one_line, paragraphs
from millrace.videos.fact import Fact

MAX_TAGS = 30
MAX_CHAPTERS = 100
MAX_COUNTRIES = 250
MAX_ORIGINS = 50


class Category(StrEnum):
    """What a video is about."""

    ANIMALS = "animals"
    ARTS = "arts"
    COMEDY = "comedy"
    EDUCATION = "education"
    FILM = "film"
    GAMING = "gaming"
    HOWTO = "howto"
    MUSIC = "music"
    NEWS = "news"
    PEOPLE = "people"
    SCIENCE = "science"
    SPORTS = "sports"
    TECHNOLOGY = "technology"
    TRAVEL = "travel"
    OTHER = "other"


def distinct_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags in their order, each once, whatever its case."""
    return tuple({tag.casefold(): tag for tag in reversed(tags)}.values())[::-1]


Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line), Field(min_length=1)]
Description = Annotated[str, Field(max_length=5000), AfterValidator(paragraphs)]
Tag = Annotated[
    str, Field(min_length=1, max_length=40, pattern=r"^[^,#]+$"), AfterValidator(one_line), Field(min_length=1)
]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), AfterValidator(distinct_tags)]
# BCP 47, as far as anybody writes it: a language, perhaps a script, perhaps a region.
LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
Language = Annotated[str, Field(pattern=LANGUAGE_PATTERN, examples=["en"])]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["AT"], description="ISO 3166-1 alpha-2.")]
Origin = Annotated[
    str,
    Field(pattern=r"^https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?$", examples=["https://blog.example"]),
]


class Chapter(Fact):
    """A part of the film with a name, up to the next one."""

    start_ms: Annotated[int, Field(ge=0, le=7 * 24 * 3600 * 1000)]
    title: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(one_line), Field(min_length=1)]


def in_order(chapters: tuple[Chapter, ...]) -> tuple[Chapter, ...]:
    """Return the chapters by their start; raises ValueError where they do not divide the film."""
    ordered = tuple(sorted(chapters, key=lambda chapter: chapter.start_ms))
    starts = [chapter.start_ms for chapter in ordered]
    if starts and starts[0] != 0:
        raise ValueError("The first chapter has to start at 0")
    if len(set(starts)) != len(starts):
        raise ValueError("Two chapters cannot start at the same time")
    return ordered


Chapters = Annotated[tuple[Chapter, ...], Field(max_length=MAX_CHAPTERS), AfterValidator(in_order)]
Countries = Annotated[tuple[Country, ...], Field(max_length=MAX_COUNTRIES)]
Origins = Annotated[tuple[Origin, ...], Field(max_length=MAX_ORIGINS)]


class PlaybackRules(Fact):
    """Where a video may be watched; null does not restrict. They are checked when playback is asked for.

    A video with rules keeps its media behind cookies, or the rules would mean nothing.
    """

    allowed_countries: Countries | None = None
    blocked_countries: Countries | None = None
    embed_origins: Annotated[
        Origins | None, Field(description="Sites whose pages may embed it; none for an empty list.")
    ] = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is restricted."""
        return self.allowed_countries is None and not self.blocked_countries and self.embed_origins is None


class Details(Fact):
    """Everything that an owner may say about a video at any time."""

    title: str
    description: str = ""
    tags: tuple[str, ...] = ()
    category: Category | None = None
    language: str | None = None
    age_restricted: bool = False
    comments_enabled: bool = True
    chapters: tuple[Chapter, ...] = ()
    rules: PlaybackRules = PlaybackRules()
