"""Fixings: the dates at which a contract looks at the underlying."""

from collections.abc import Hashable
from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator

from greeks_cli.terms.contract import Contract, equal_dates
from greeks_cli.terms.fields import Count, Number


def read_times(value: object) -> object:
    """Times in years from ``"0.25,0.5"`` or a list."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


Times = Annotated[tuple[Annotated[Number, Field(ge=0, le=100)], ...] | None, BeforeValidator(read_times)]
FIXINGS = Field(None, ge=1, le=10_000, description="number of equally spaced fixings, the last at expiry")
FIXING_TIMES = Field(None, description="times of the fixings in years, such as 0.25,0.5; 0 is today's spot")


class Fixed(Contract):
    """A contract with fixings, at equally spaced or listed times."""

    usual_fixings: ClassVar[int] = 12
    schedule: ClassVar[frozenset[str]] = frozenset({"expiry", "fixings", "fixing_times"})

    fixings: Count | None = FIXINGS
    fixing_times: Times = FIXING_TIMES

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if self.fixings and self.fixing_times:
            raise ValueError("fixings and fixing_times exclude each other; give one of them")
        times = self.times
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("fixing_times must increase")
        if times[-1] > self.expiry:
            raise ValueError(f"fixing time {times[-1]:g} comes after expiry {self.expiry:g}; raise the expiry")
        return self

    @property
    def times(self) -> tuple[float, ...]:
        """Times of all fixings in years, today's (0) included."""
        return self.fixing_times or equal_dates(self.expiry, self.fixings or self.usual_fixings)

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), len(self.times), self.fixes_today, self.dates[-1] == self.times[-1]

    @property
    def counted(self) -> str:
        """The number of fixings in words: ``12 fixings``."""
        return f"{len(self.times)} {'fixing' if len(self.times) == 1 else 'fixings'}"

    @property
    def dates(self) -> tuple[float, ...]:
        future = tuple(time for time in self.times if time > 0)
        return future if future and future[-1] == self.expiry else (*future, self.expiry)

    @property
    def fixes_today(self) -> bool:
        return self.times[0] == 0

    @property
    def explicit_kinks(self) -> bool:
        return self.fixes_today
