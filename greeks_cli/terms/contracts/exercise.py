"""Early exercise: the dates before expiry at which the holder may take the payment."""

import enum
from collections.abc import Collection, Hashable, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import Contract, equal_dates
from greeks_cli.terms.contracts.fixings import Times, check_increase
from greeks_cli.terms.fields import Count
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.nodes import curve_of

if TYPE_CHECKING:
    from greeks_cli.terms.markets.joint_market import JointMarket
    from greeks_cli.terms.markets.market import Market

_FEWEST, _PER_YEAR, _MOST = 32, 48, 192
"""Exercise dates of an American contract, at least, those of a year, and at most, where no number is given."""


_BEFORE = 1e-4
"""Years before an ex-date, an hour, at which an american option is exercised with its dividend."""


class Exercise(enum.StrEnum):
    """When the holder may exercise: at expiry, at any time, or on listed dates."""

    EUROPEAN = "european"
    AMERICAN = "american"
    BERMUDAN = "bermudan"


class Bounds(enum.StrEnum):
    """The martingale of the upper bound on a price: that of the policy's regression, or by nested paths."""

    MARTINGALE = "martingale"
    NESTED = "nested"


EXERCISE_TIMES: Any = Field(
    None,
    min_length=1,
    max_length=1_000,
    description="exercise times in years, dates, or a rule such as monthly: those of bermudan exercise, besides the "
    "expiry, and of american exercise besides equally spaced ones [default: ex-dates and the hour before]",
)
EXERCISE_DATES: Any = Field(
    None,
    ge=2,
    le=1_000,
    description="number of equally spaced exercise dates that stand for american exercise, besides today "
    f"[default: {_PER_YEAR} a year]",
)


BASIS: Any = Field(
    None,
    ge=1,
    le=16,
    description="number of functions that the value of going on is regressed on, those of low order first "
    "[default: 9 powers under gbm where the spot alone decides, and all that there are elsewhere]",
)

BOUNDS: Any = Field(
    Bounds.MARTINGALE,
    description="upper bound on a price: a martingale of the policy's regression, or nested, tighter and slower: a few "
    "paths follow the policy from each exercise date on",
)


class Exercisable(Contract):
    """A contract that may be exercised before expiry: it then pays what it would pay if it expired that day."""

    schedule: ClassVar[frozenset[str]] = frozenset({"expiry", "exercise_times", "exercise_dates"})

    exercise: Exercise = Field(
        Exercise.EUROPEAN, description="exercise at expiry alone, at any time, or at exercise_times"
    )
    exercise_times: Times = EXERCISE_TIMES
    exercise_dates: Count | None = EXERCISE_DATES
    basis: Count | None = BASIS
    bounds: Bounds = BOUNDS

    @model_validator(mode="after")
    def _rights_fit(self) -> Self:
        times = self.exercise_times
        if self.basis is not None and self.exercise is Exercise.EUROPEAN:
            raise ValueError("a basis is that of early exercise; leave it out, or give exercise american")
        if self.bounds is Bounds.NESTED and self.exercise is Exercise.EUROPEAN:
            raise ValueError("nested bounds are those of early exercise; leave them out, or give exercise american")
        if self.exercise_dates is not None and self.exercise is not Exercise.AMERICAN:
            raise ValueError("exercise_dates are those of american exercise; leave them out, or give exercise_times")
        if times is None:
            if self.exercise is Exercise.BERMUDAN:
                raise ValueError("bermudan exercise wants exercise_times, such as 0.5,1")
            return self
        if self.exercise is Exercise.EUROPEAN:
            raise ValueError("exercise_times are those of early exercise; give exercise bermudan")
        if times[0] <= 0:
            raise ValueError("exercise_times must come after today; leave out the first")
        check_increase("exercise_times", times)
        if times[-1] > self.expiry and self.exercise is Exercise.BERMUDAN:
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
        return self.rights

    @property
    def rights(self) -> tuple[float, ...]:
        """The dates at which the holder may exercise, the last at expiry."""
        times = self.exercise_times or ()
        if self.exercise is Exercise.AMERICAN:
            return tuple(sorted({*self._grid, *(time for time in times if time < self.expiry)}))
        return times if times[-1:] == (self.expiry,) else (*times, self.expiry)

    @property
    def _grid(self) -> tuple[float, ...]:
        """The equally spaced dates that stand for american exercise."""
        return equal_dates(self.expiry, self.exercise_dates or _usual_dates(self.expiry))

    @property
    def halved_dates(self) -> tuple[float, ...]:
        """The dates with every second of the equally spaced ones, by which the number of dates is judged."""
        return tuple(sorted({*self.rights} - {*self._grid[-2::-2]}))

    @property
    def rights_places(self) -> tuple[int, ...]:
        """The places of the exercise dates among the dates."""
        rights = {*self.rights}
        return tuple(place for place, date in enumerate(self.dates) if date in rights)

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), self.exercise

    def with_rights(self, words: str) -> str:
        """A description of the contract, with the kind of exercise and the number of its dates."""
        if self.exercise is Exercise.EUROPEAN:
            return words
        count = len(self.rights)
        dates = f"{count} exercise {'date' if count == 1 else 'dates'}"
        return f"{str(self.exercise).capitalize()} {words.removeprefix('European ')}, {dates}"


def objection_to(contract: Contract, names: Collection[str], models: Collection[Model]) -> str | None:
    """The reason why a derivative of a contract that is exercised early is not estimated; None for others.

    The price is V(p, b(p)) with the best boundary b, where V_b = 0. So a first derivative is V_p, at a fixed boundary.
    Differentiating V_b(p, b(p)) = 0 gives V_pb = -V_bb b', so that a second derivative is V_pq - b'_p V_bb b'_q: more
    than at a fixed boundary where both parameters move it, and V_bb is not estimated. The spot, and under gbm the time
    that passes, leave the boundary where it is: b' = 0.

    ``models`` are those of the underlyings: a policy decides by a random variance, which moves as time passes.
    """
    if not contract.is_early:
        return None
    own, variance_moves = [name for name in names if name in contract.values], any(one.has_variance for one in models)
    if own and contract.jumps:
        return f"{own[0]} moves the jump of a payment that is exercised early, which is not estimated; leave it out"
    if contract.fixes_today and sum(name == "spot" or name in own for name in names) > 1:
        return (
            "today's spot is a fixing of a contract that is exercised early, and a second derivative in it is not "
            "estimated; give the fixing in past_fixings, or leave it out"
        )
    moving = [name for name in names if (name != TIME or variance_moves) and curve_of(name) != "spot"]
    if len(moving) > 1:
        return (
            f"the exercise policy moves with {moving[0]} and with {moving[1]}, and what this adds to a second "
            "derivative is not estimated; leave it out"
        )
    return None


def around_dividends(terms: Mapping[str, Any], market: "Market | JointMarket") -> Mapping[str, Any]:
    """The fields of a contract; american exercise gains times just before and at the ex-dates of its market.

    A call is exercised with its dividend, a put without.
    """
    dividends = getattr(market, "dividends", None)
    if terms.get("exercise") != Exercise.AMERICAN or terms.get("exercise_times") is not None or not dividends:
        return terms
    times = tuple(near for time in dividends.times if time > 2 * _BEFORE for near in (time - _BEFORE, time))
    return {**terms, "exercise_times": times or None}


def _usual_dates(expiry: float) -> int:
    """An even number of exercise dates, half of which measure the bias of the number."""
    return 2 * ceil(min(_MOST, max(_FEWEST, _PER_YEAR * expiry)) / 2)
