"""Fixings: the dates at which a contract looks at the underlying."""

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from greeks_cli.terms.contracts.contract import Contract, equal_dates
from greeks_cli.terms.fields import SOONEST, Count, Number, Price, Time, Unit


def read_numbers(value: object) -> object:
    """Numbers from ``"0.25,0.5"``, ``"98.5;101"``, one number or a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.replace(";", ",").split(","))
    return (value,) if isinstance(value, int | float) else value


def check_increase(name: str, times: Sequence[float]) -> None:
    """Raise ValueError for times that do not increase; ``name`` is the field that lists them."""
    if any(later - earlier < SOONEST for earlier, later in pairwise(times)):
        raise ValueError(f"{name} must increase, by {SOONEST:g} years or more")


def _ending_at_expiry(times: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
    """The times, of which the last is the expiry where both differ by rounding: 12 times 0.1 / 12 is more than 0.1."""
    expiry = info.data.get("expiry")
    if not times or expiry is None or times[-1] == 0 or abs(times[-1] - expiry) >= SOONEST:
        return times
    return (*times[:-1], expiry)


Times = Annotated[tuple[Time, ...] | None, BeforeValidator(read_numbers), AfterValidator(_ending_at_expiry)]
"""Times in years of a contract whose expiry is validated before them."""
Prices = Annotated[tuple[Price, ...], BeforeValidator(read_numbers)]
FIXINGS = Field(None, ge=1, le=10_000, description="number of equally spaced fixings to come, the last at expiry")
FIXING_TIMES = Field(None, description="times of the fixings in years, such as 0.25,0.5; 0 is today's spot")
PAST_FIXINGS: Any = Field(
    (), max_length=10_000, description="prices of the fixings observed so far, oldest first, such as 98.5,101"
)


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
        check_increase("fixing_times", self.fixing_times or ())
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


_SAME_DATE = 1e-9
"""The share of a period below which two dates are one."""
_NEAR = 5 / 365
"""Years by which fixings on business days or in months may lie beside equally spaced times."""


class Periodic(Contract):
    """A contract on the underlying's returns over equal periods, some of which may be over.

    A schedule of n periods has n + 1 fixings, equally spaced from ``elapsed`` years ago to expiry. Fixings before today
    are ``past_fixings``. Today's spot is the fixing of today's date, unless ``past_fixings`` ends with it. Where a
    fixing of the schedule is nearer than a few days, their number says whether it has passed.
    """

    observations: ClassVar[tuple[str, ...]] = ("past_fixings",)
    recorded: ClassVar[frozenset[str]] = frozenset({"past_fixings", "elapsed"})

    past_fixings: Prices = PAST_FIXINGS
    elapsed: Annotated[Number, Field(ge=0, le=100), Unit("years")] | None = Field(
        None, description="years since the first past fixing, or its date [default: the last past fixing is today's]"
    )

    @property
    def past_structure(self) -> Hashable:
        return super().past_structure, len(self.past_fixings)

    @property
    @abstractmethod
    def n_periods(self) -> int:
        """The number of periods, those that are over included."""

    @model_validator(mode="after")
    def _past_fits_schedule(self) -> Self:
        found, wanted = len(self.past_fixings), self.n_periods + 1 - self.n_remaining
        # A fixing on today's date may be past, or today's spot.
        if found == wanted or (found == wanted - 1 and self._meets_a_date):
            return self
        given = f"past_fixings has {found} {'price' if found == 1 else 'prices'}"
        if self.has_expired:
            raise ValueError(f"{given}, and {wanted - 1} or {wanted} would fit: all {self.n_periods} periods are over")
        if self.elapsed is None:
            raise ValueError(f"{given}, and may have {self.n_periods}, the number of periods")
        span = f"{self.n_periods} equal periods began {self.elapsed:g} years ago and end in {self.expiry:g}"
        raise ValueError(f"{given}, and {wanted} would fit: {span}")

    @property
    def n_remaining(self) -> int:
        """The number of fixings to come, that of today excluded."""
        if self.has_expired:
            return 0
        stated = self.n_periods + 1 - len(self.past_fixings)
        if self.elapsed is None:
            return max(1, min(stated, self.n_periods))
        by_time = ceil(self.expiry / self._equal_period - _SAME_DATE)
        is_today = stated == by_time + 1 and abs(by_time - self.expiry / self._equal_period) <= _SAME_DATE
        return stated if self._is_near(stated) and not is_today else by_time

    def _is_near(self, n: int) -> bool:
        """True if the first of n fixings to come lies within a period and a few days from today."""
        first = self.expiry - (n - 1) * self._equal_period
        if not 1 <= n <= self.n_periods or first > self._equal_period + _NEAR:
            return False
        return first > 0 or (first > -_NEAR and self._equal_period < _NEAR)

    @property
    def _equal_period(self) -> float:
        return ((self.elapsed or 0.0) + self.expiry) / self.n_periods

    @property
    def is_crowded(self) -> bool:
        """True if the fixings to come have less room than periods of the schedule, and are spaced from today."""
        return self.elapsed is None or (self.n_remaining - 1) * self._equal_period >= self.expiry

    @property
    def period(self) -> float:
        """Years from fixing to fixing, of those to come."""
        return self.expiry / self.n_remaining if self.is_crowded else self._equal_period

    @property
    def _meets_a_date(self) -> bool:
        """True if today is a date of the schedule."""
        return self.has_expired or abs(self.n_remaining - self.expiry / self.period) <= _SAME_DATE

    @property
    def dates(self) -> tuple[float, ...]:
        n = self.n_remaining
        if self._meets_a_date:
            return equal_dates(self.expiry, n)
        return tuple(self.expiry - self.period * later for later in reversed(range(n)))

    @property
    def fixes_today(self) -> bool:
        return len(self.past_fixings) + self.n_remaining == self.n_periods

    @property
    def settled(self) -> tuple[float, ...]:
        """Ratios of the past fixings, each to the fixing before."""
        return tuple(later / earlier for earlier, later in pairwise(self.past_fixings))

    @property
    def observed(self) -> Mapping[str, float]:
        return {"last_fixing": self.past_fixings[-1]} if self.past_fixings else {}

    @property
    def needs_path(self) -> bool:
        return len(self.past_fixings) < self.n_periods  # the spot may be the last fixing

    def case(self, spot: float) -> Hashable:
        """The fixing of today's spot and the spacing, of which the number of past fixings does not tell."""
        return self.fixes_today, self.is_crowded

    @property
    def past(self) -> str:
        """The past fixings in words, for headers."""
        return f", {len(self.past_fixings)} past" if self.past_fixings else ""
