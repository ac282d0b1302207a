"""Early exercise of contracts that depend on the path: they pay what the path so far tells."""

from abc import abstractmethod
from collections.abc import Hashable
from typing import Self

from pydantic import model_validator

from greeks_cli.terms.contracts.exercise import Exercisable, Exercise
from greeks_cli.terms.formulas.payments import SAME


class ExercisableOnPath(Exercisable):
    """A contract on the path that may be exercised early; its dates are those of the path and of exercise."""

    @abstractmethod
    def tells(self, time: float) -> bool:
        """True if the path until a time tells a payment."""

    @model_validator(mode="after")
    def _path_tells_payments(self) -> Self:
        first = (self.exercise_times or (self.expiry,))[0]
        if not self.tells(first):
            raise ValueError(f"exercise time {first:g} comes before the fixings that tell a payment; leave it out")
        return self

    @property
    def dates(self) -> tuple[float, ...]:
        own = self.own_dates
        return tuple(sorted({*own, *self.rights})) if self.is_early else own

    @property
    def own_dates(self) -> tuple[float, ...]:
        """The dates of the contract without early exercise."""
        return super(Exercisable, self).dates

    @property
    def rights(self) -> tuple[float, ...]:
        own = self.own_dates
        times = super().rights
        if self.exercise is Exercise.AMERICAN:
            times = tuple(sorted({*times, *own}))
        return tuple(sorted({_snapped(time, own) for time in times if self.tells(time)}))

    @property
    def halved_dates(self) -> tuple[float, ...]:
        listed = {*(self.exercise_times or ())}
        usual = [date for date in self.rights if date not in listed]
        return tuple(sorted({*self.rights} - {*usual[-2::-2]}))

    @property
    def exercises_today(self) -> bool:
        return super().exercises_today and self.tells(0.0)

    def structure(self, spot: float) -> Hashable:
        own = {*self.own_dates}
        places = tuple(place for place, date in enumerate(self.dates) if date in own)
        return super().structure(spot), places, self.rights_places if self.is_early else ()


def _snapped(time: float, dates: tuple[float, ...]) -> float:
    """The date that a time is, within rounding; the time itself where it is none."""
    return next((date for date in dates if abs(time - date) <= SAME * date), time)
