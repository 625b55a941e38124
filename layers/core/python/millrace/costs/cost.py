"""A cost: what is used, and its price."""

import math
from typing import Self

from pydantic import BaseModel, ConfigDict

from millrace.costs import prices

SCRATCH_INCLUDED_MB = 512


class Cost(BaseModel):
    """Count what one attempt at a film uses. `usd_micro`, its price, is in millionths of a dollar."""

    model_config = ConfigDict(frozen=True)

    gb_s: float
    scratch_gb_s: float
    requests: int
    transitions: int
    puts: int
    gets: int
    usd_micro: int

    @classmethod
    def of(cls, *, gb_s: float, scratch_gb_s: float, requests: int, transitions: int, puts: int, gets: int) -> Self:
        """Put a price on what is used; it is rounded up."""
        usd_micro = (
            gb_s * prices.LAMBDA_GB_S
            + scratch_gb_s * prices.LAMBDA_SCRATCH_GB_S
            + requests * prices.LAMBDA_REQUEST
            + transitions * prices.TRANSITION
            + puts * prices.S3_PUT
            + gets * prices.S3_GET
        )
        return cls(
            gb_s=round(gb_s, 3),
            scratch_gb_s=round(scratch_gb_s, 3),
            requests=requests,
            transitions=transitions,
            puts=puts,
            gets=gets,
            usd_micro=math.ceil(usd_micro),
        )


class ProcessingCost(BaseModel):
    """What an attempt was expected to take, and what it took: null until the film is packaged.

    `cpu_s` is the processor time of the encoders.
    """

    model_config = ConfigDict(frozen=True)

    estimated: Cost
    actual: Cost | None = None
    cpu_s: float | None = None
