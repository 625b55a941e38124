"""How far the processing of a version is, as its owner reads it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from millrace.platform.http import Output
from millrace.videos.model import Film, VideoState, progress_percent


class Stage(StrEnum):
    """What is being done."""

    UPLOADING = "uploading"
    PLANNING = "planning"
    ENCODING = "encoding"
    PACKAGING = "packaging"
    DONE = "done"
    FAILED = "failed"


class RenditionState(StrEnum):
    """Where one rendition stands."""

    WAITING = "waiting"
    ENCODING = "encoding"
    ENCODED = "encoded"


class RenditionProgress(Output):
    """One rendition. A chunk is decoded once and encoded in all of them, so they move on together."""

    name: str
    state: RenditionState
    percent: Annotated[int, Field(ge=0, le=100)]


class ProgressView(Output):
    """How far the processing is."""

    percent: Annotated[int, Field(ge=0, le=100)]
    stage: Stage
    renditions: tuple[RenditionProgress, ...]

    @classmethod
    def of(cls, state: VideoState, film: Film | None, chunks_done: int) -> Self:
        """Show the progress of a version."""
        done = film.chunk_count if film and state is VideoState.READY else chunks_done
        return cls(
            percent=progress_percent(state, film, chunks_done),
            stage=_stage(state, film, done),
            renditions=tuple(_rendition(name, film, done) for name in film.renditions) if film else (),
        )


def _stage(state: VideoState, film: Film | None, chunks_done: int) -> Stage:
    match state:
        case VideoState.UPLOADING:
            return Stage.UPLOADING
        case VideoState.READY:
            return Stage.DONE
        case VideoState.FAILED:
            return Stage.FAILED
        case VideoState.PROCESSING:
            if film is None:
                return Stage.PLANNING
            return Stage.PACKAGING if chunks_done >= film.chunk_count else Stage.ENCODING


def _rendition(name: str, film: Film, chunks_done: int) -> RenditionProgress:
    if chunks_done == 0:
        state = RenditionState.WAITING
    else:
        state = RenditionState.ENCODED if chunks_done >= film.chunk_count else RenditionState.ENCODING
    return RenditionProgress(name=name, state=state, percent=min(100, 100 * chunks_done // film.chunk_count))
