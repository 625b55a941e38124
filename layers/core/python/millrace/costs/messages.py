"""What the API takes and gives about costs."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self

from pydantic import Field

from millrace.costs import prices
from millrace.costs.cost import Cost
from millrace.costs.store import Day
from millrace.platform.http import Input, Output

BYTES_A_GB = 1_000_000_000


class EstimateInput(Input):
    """A film that might be uploaded: what cameras and programs tell of a file."""

    duration_s: Annotated[float, Field(gt=0, le=12 * 3600)]
    width_px: Annotated[int, Field(ge=16, le=8192)]
    height_px: Annotated[int, Field(ge=16, le=8192)]
    frame_rate: Annotated[float, Field(ge=1, le=240)] = 30
    sound_tracks: Annotated[int, Field(ge=0, le=8)] = 1


class CostView(Output):
    """What is used on AWS, and its price in millionths of a US dollar."""

    gb_s: Annotated[float, Field(description="Lambda: gigabytes of memory times seconds.")]
    scratch_gb_s: Annotated[float, Field(description="Lambda: gigabytes of /tmp times seconds.")]
    requests: Annotated[int, Field(description="Lambda: calls of functions.")]
    transitions: Annotated[int, Field(description="Step Functions: state transitions.")]
    puts: Annotated[int, Field(description="S3: objects written.")]
    gets: Annotated[int, Field(description="S3: reads.")]
    usd_micro: int

    @classmethod
    def of(cls, cost: Cost) -> Self:
        """Show a cost."""
        return cls.model_validate(cost.model_dump())


class EstimateView(Output):
    """What processing such a film costs, once, and keeping it costs, each month."""

    processing: CostView
    renditions: tuple[str, ...]
    chunk_count: int
    stored_bytes: Annotated[int, Field(description="About; films differ.")]
    storage_usd_micro_a_month: int

    @classmethod
    def of(cls, cost: Cost, renditions: tuple[str, ...], chunk_count: int, stored_bytes: int) -> Self:
        """Show an estimate."""
        return cls(
            processing=CostView.of(cost),
            renditions=renditions,
            chunk_count=chunk_count,
            stored_bytes=stored_bytes,
            storage_usd_micro_a_month=round(stored_bytes / BYTES_A_GB * prices.S3_GB_MONTH),
        )


class UsageQuery(Input):
    """Which month."""

    month: Annotated[
        str | None,
        Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-11"], description="This one, if left out."),
    ] = None


class DayView(Output):
    """What was processed on a day (UTC). A film that is still in work counts with its estimate."""

    day: date
    films: int
    film_ms: int
    gb_s: float
    requests: int
    transitions: int
    usd_micro: int

    @classmethod
    def of(cls, day: Day) -> Self:
        """Show a day."""
        return cls(
            day=day.day,
            films=day.films,
            film_ms=day.film_ms,
            gb_s=day.gb_ms / 1000,
            requests=day.requests,
            transitions=day.transitions,
            usd_micro=day.usd_micro,
        )


class UsageView(Output):
    """What an account's films took to process in a month, in all and by day. Attempts count, failed ones too."""

    month: str
    films: int
    film_ms: int
    gb_s: float
    usd_micro: int
    budget_usd_micro_a_day: Annotated[int | None, Field(description="What may be used a day; null: any amount.")]
    days: tuple[DayView, ...]

    @classmethod
    def of(cls, month: str, days: Sequence[Day], budget_usd_micro_a_day: int | None) -> Self:
        """Show a month."""
        return cls(
            month=month,
            films=sum(day.films for day in days),
            film_ms=sum(day.film_ms for day in days),
            gb_s=sum(day.gb_ms for day in days) / 1000,
            usd_micro=sum(day.usd_micro for day in days),
            budget_usd_micro_a_day=budget_usd_micro_a_day,
            days=tuple(DayView.of(day) for day in days),
        )
