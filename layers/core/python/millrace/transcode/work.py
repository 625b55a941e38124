"""The files that the steps hand to each other through S3, as models."""

from typing import TypeVar

from pydantic import BaseModel

from millrace.media.plan import EncodePlan
from millrace.platform import clients, settings
from millrace.videos.places import UploadPlace

Model = TypeVar("Model", bound=BaseModel)

PLAN = "plan.json"
SOURCE = "source.json"


def chunk_report(chunk: int) -> str:
    """Return the name of what the encoder tells of a chunk."""
    return f"chunk_{chunk:05d}.json"


def audio_report(chunk: int) -> str:
    """Return the name of what the encoder tells of a chunk of sound."""
    return f"audio_{chunk:05d}.json"


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


def load_plan(place: UploadPlace) -> EncodePlan:
    """Read the plan that every later step works by."""
    return load(place, PLAN, EncodePlan)
