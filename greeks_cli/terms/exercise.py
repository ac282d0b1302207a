"""Early exercise: the dates before expiry at which the holder may take the payment."""

import enum
from collections.abc import Collection, Hashable
from itertools import pairwise
from math import ceil
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contract import Contract, equal_dates
from greeks_cli.terms.fields import Count
from greeks_cli.terms.fixings import Times
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.nodes import curve_of

_FEWEST, _PER_YEAR, _MOST = 32, 48, 192
"""Exercise dates of an American contract, at least, those of a year, and at most, where no number is given."""


class Exercise(enum.StrEnum):
    """When the holder may exercise: at expiry, at any time, or on listed dates."""

    EUROPEAN = "european"
    AMERICAN = "american"
    BERMUDAN = "bermudan"


EXERCISE_TIMES: Any = Field(
    None,
    min_length=1,
    max_length=1_000,
    description="exercise times of a bermudan contract in years, dates, or a rule such as monthly; the expiry is one",
)
EXERCISE_DATES: Any = Field(
    None,
    ge=2,
    le=1_000,
    description="number of equally spaced exercise dates that stand for american exercise, besides today "
    f"[default: {_PER_YEAR} a year]",
)


class Exercisable(Contract):
    """A contract that may be exercised before expiry: it then pays what it would pay if it expired that day."""

    schedule: ClassVar[frozenset[str]] = frozenset({"expiry", "exercise_times", "exercise_dates"})

    exercise: Exercise = Field(
        Exercise.EUROPEAN, description="exercise at expiry alone, at any time, or at exercise_times"
    )
    exercise_times: Times = EXERCISE_TIMES
    exercise_dates: Count | None = EXERCISE_DATES

    @model_validator(mode="after")
    def _rights_fit(self) -> Self:
        times = self.exercise_times
        if self.exercise_dates is not None and self.exercise is not Exercise.AMERICAN:
            raise ValueError("exercise_dates are those of american exercise; leave them out, or give exercise_times")
        if self.exercise is not Exercise.BERMUDAN:
            if times is not None:
                raise ValueError(f"exercise_times are those of bermudan exercise, and exercise is {self.exercise}")
            return self
        if times is None:
            raise ValueError("bermudan exercise wants exercise_times, such as 0.5,1")
        if times[0] <= 0:
            raise ValueError("exercise_times must come after today; leave out the first")
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("exercise_times must increase")
        if times[-1] > self.expiry:
            raise ValueError(f"exercise time {times[-1]:g} comes after expiry {self.expiry:g}; raise the expiry")
        return self

    @property
    def is_early(self) -> bool:
        return self.exercise is not Exercise.EUROPEAN and not self.has_expired

    @property
    def exercises_today(self) -> bool:
        return self.exercise is Exercise.AMERICAN

    @property
    def dates(self) -> tuple[float, ...]:
        if self.exercise is Exercise.AMERICAN:
            return equal_dates(self.expiry, self.exercise_dates or _usual_dates(self.expiry))
        times = self.exercise_times or ()
        return times if times[-1:] == (self.expiry,) else (*times, self.expiry)

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), self.exercise

    def with_rights(self, words: str) -> str:
        """A description of the contract, with the kind of exercise and the number of its dates."""
        if self.exercise is Exercise.EUROPEAN:
            return words
        count = len(self.dates)
        dates = f"{count} exercise {'date' if count == 1 else 'dates'}"
        return f"{str(self.exercise).capitalize()} {words.removeprefix('European ')}, {dates}"


def objection_to(contract: Contract, names: Collection[str]) -> str | None:
    """The reason why a derivative of a contract that is exercised early is not estimated; None for others."""
    if not contract.is_early:
        return None
    own = [name for name in names if name in contract.values]
    if own and contract.jumps:
        return f"{own[0]} moves the jump of a payment that is exercised early, which is not estimated; leave it out"
    moving = [name for name in names if name != TIME and curve_of(name) != "spot"]
    if len(moving) > 1:
        return (
            f"the exercise policy moves with {moving[0]} and with {moving[1]}, and what this adds to a second "
            "derivative is not estimated; leave it out"
        )
    return None


def _usual_dates(expiry: float) -> int:
    """An even number of exercise dates, half of which measure the bias of the number."""
    return 2 * ceil(min(_MOST, max(_FEWEST, _PER_YEAR * expiry)) / 2)
