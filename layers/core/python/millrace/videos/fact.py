"""The base of this capability's values."""

from pydantic import BaseModel, ConfigDict


class Fact(BaseModel):
    """A value that does not change; what the table has more of is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")
