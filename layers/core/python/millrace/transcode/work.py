"""The files that the steps hand to each other through S3, as models."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pydantic import BaseModel

from millrace.media.plan import EncodePlan
from millrace.platform import clients, settings
from millrace.videos.places import UploadPlace
from millrace.videos.settling import objects

# An hour of film has hundreds of reports, and S3 takes its time for each.
READS_AT_ONCE = 16

Model = TypeVar("Model", bound=BaseModel)

PLAN = "plan.json"
SOURCE = "source.json"
# What failed last, for those who only hear that something did.
PART_FAILURE = "failure.json"
CHUNK_REPORT, AUDIO_REPORT = "chunk_", "audio_"


def chunk_report(chunk: int) -> str:
    """Return the name of what the encoder tells of a chunk."""
    return f"{CHUNK_REPORT}{chunk:05d}.json"


def audio_report(chunk: int) -> str:
    """Return the name of what the encoder tells of a chunk of sound."""
    return f"{AUDIO_REPORT}{chunk:05d}.json"


def save(place: UploadPlace, name: str, model: BaseModel) -> None:
    """Store a model; a repeated step writes the same again."""
    clients.s3().put_object(
        Bucket=settings.require("UPLOADS_BUCKET"),
        Key=place.work_key(name),
        Body=model.model_dump_json().encode(),
        ContentType="application/json",
    )


def load(place: UploadPlace, name: str, model: type[Model]) -> Model:
    """Read a model that an earlier step stored."""
    answer = clients.s3().get_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=place.work_key(name))
    return model.model_validate_json(answer["Body"].read())


def load_all(place: UploadPlace, names: Iterable[str], model: type[Model]) -> list[Model]:
    """Read models side by side; return them in the order of their names."""
    with ThreadPoolExecutor(READS_AT_ONCE) as threads:
        return list(threads.map(lambda name: load(place, name, model), names))


def reports(place: UploadPlace) -> list[str]:
    """Return the names of all that encoders have told of this upload."""
    names = (key.rpartition("/")[2] for key in objects.keys(settings.require("UPLOADS_BUCKET"), place.work_key("")))
    return [name for name in names if name.startswith((CHUNK_REPORT, AUDIO_REPORT))]


def forget(place: UploadPlace, names: Iterable[str]) -> None:
    """Delete what another attempt has left; natural to repeat."""
    objects.delete(settings.require("UPLOADS_BUCKET"), [place.work_key(name) for name in names])


def load_plan(place: UploadPlace) -> EncodePlan:
    """Read the plan that every later step works by."""
    return load(place, PLAN, EncodePlan)
