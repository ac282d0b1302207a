"""Path-dependent contracts."""

import enum
import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import NEXT_TO, Contract, OptionType, StrikeKind, order
from greeks_cli.terms.contracts.fixings import PAST_FIXINGS, Fixed, Prices
from greeks_cli.terms.contracts.monitoring import Monitored
from greeks_cli.terms.contracts.path_exercise import ExercisableOnPath
from greeks_cli.terms.contracts.vanillas import TYPE
from greeks_cli.terms.fields import Price
from greeks_cli.terms.formulas.payments import SAME

OPTIONAL_STRIKE = Field(
    None, description="price at which the option is exercised; required unless strike_kind is floating"
)
STRIKE_KIND = Field(StrikeKind.FIXED, description="paid against a fixed strike, or against the underlying at expiry")


class Average(enum.StrEnum):
    """The mean of fixings, or of underlyings."""

    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


AVERAGE: Any = Field(Average.ARITHMETIC, description="mean of the fixings, or of the underlyings of a basket")


class Asian(ExercisableOnPath, Fixed):
    """Pays on the average of the underlying over past fixings and those to come (12 by default).

    On exercise before expiry it pays on the average of the fixings so far.
    """

    schedule: ClassVar[frozenset[str]] = Fixed.schedule | ExercisableOnPath.schedule
    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 100, "fixings": 4}
    observations: ClassVar[tuple[str, ...]] = ("past_fixings",)

    kind: Literal["asian"] = "asian"
    type: OptionType = TYPE
    strike: Price | None = OPTIONAL_STRIKE
    average: Average = AVERAGE
    strike_kind: StrikeKind = STRIKE_KIND
    past_fixings: Prices = PAST_FIXINGS
    recorded: ClassVar[frozenset[str]] = frozenset({"past_fixings"})

    @model_validator(mode="after")
    def _strike_fits(self) -> Self:
        return _strike_fits(self, self.strike, self.strike_kind)

    @property
    def values(self) -> Mapping[str, float]:
        return {} if self.strike is None else {"strike": self.strike}

    @property
    def observed(self) -> Mapping[str, float]:
        past = self.past_fixings
        return {"past_sum": sum(past), "past_logarithms": sum(map(math.log, past))} if past else {}

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), self.n_averaged

    @property
    def past_structure(self) -> Hashable:
        return super().past_structure, len(self.past_fixings)

    @property
    def control(self) -> Contract | None:
        """The geometric average, where the arithmetic one may end on either side of a fixed strike."""
        fixed = self.strike_kind is StrikeKind.FIXED and not self.is_decided
        if not fixed or self.average is Average.GEOMETRIC:
            return None
        return self.model_copy(update={"average": Average.GEOMETRIC})

    @property
    def needs_path(self) -> bool:
        return not self.past_fixings

    def tells(self, time: float) -> bool:
        return bool(self.past_fixings) or self.times[0] <= time * (1 + SAME)

    @property
    def n_averaged(self) -> int:
        """The number of fixings of the average, past ones included."""
        return len(self.past_fixings) + len(self.times)

    @property
    def is_decided(self) -> bool:
        """True if the past fixings alone lift the average to the strike: a call is exercised, a put is worthless."""
        if self.strike is None or self.average is Average.GEOMETRIC or self.is_early:
            return False
        return sum(self.past_fixings) >= self.n_averaged * self.strike

    def case(self, spot: float) -> Hashable:
        return self.is_decided

    def remark(self, spot: float) -> str | None:
        if not self.is_decided:
            return None
        ends = "exercised on every path" if self.type is OptionType.CALL else "worthless"
        return f"past_fixings alone lift the average above strike {self.strike:g}: the {self.type} is {ends}"

    def describe(self) -> str:
        strike = "floating strike" if self.strike is None else f"strike {self.strike:g}"
        past = f", {len(self.past_fixings)} past" if self.past_fixings else ""
        return self.with_rights(f"{self.average} Asian {self.type}, {strike}, {self.counted}{past}")


class Lookback(Monitored):
    """Pays on the running maximum M or minimum m of the underlying.

    Fixed strike: max(M - K, 0) or max(K - m, 0). Floating strike: S(T) - m or M - S(T).
    """

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike_kind": "floating"}
    observations: ClassVar[tuple[str, ...]] = ("running_extreme",)

    kind: Literal["lookback"] = "lookback"
    type: OptionType = TYPE
    strike: Price | None = OPTIONAL_STRIKE
    strike_kind: StrikeKind = STRIKE_KIND
    running_extreme: Price | None = Field(None, description="extreme price seen so far [default: the spot]")
    recorded: ClassVar[frozenset[str]] = frozenset({"running_extreme"})

    @model_validator(mode="after")
    def _strike_fits(self) -> Self:
        return _strike_fits(self, self.strike, self.strike_kind)

    @property
    def values(self) -> Mapping[str, float]:
        return {} if self.strike is None else {"strike": self.strike}

    @property
    def observed(self) -> Mapping[str, float]:
        return {} if self.running_extreme is None else {"running_extreme": self.running_extreme}

    @property
    def needs_path(self) -> bool:
        return self.running_extreme is None

    def has_small_carry(self, market: Mapping[str, float]) -> bool:
        carry, vol = abs(market["rate"] - market["dividend_yield"]), market["vol"]
        levels = [level for level in (self.strike, self.running_extreme) if level is not None]
        furthest = max((abs(math.log(market["spot"] / level)) for level in levels), default=0.0)
        return carry * max(self.expiry, math.sqrt(self.expiry) / vol, 0.4 * furthest / (vol * vol)) < 1

    @property
    def bridged_span(self) -> tuple[float, float] | None:
        return (0.0, self.expiry) if self.is_continuous else None

    @property
    def seeks_extreme(self) -> bool:
        return True

    @property
    def seeks_maximum(self) -> bool:
        return (self.type is OptionType.CALL) == (self.strike_kind is StrikeKind.FIXED)

    @property
    def fixes_today(self) -> bool:
        return self.running_extreme is None

    def bends_at(self, spot: float) -> bool:
        return bool(self._levels) and spot == self._furthest(self._levels.values())

    @property
    def explicit_kinks(self) -> bool:
        return True

    def remark(self, spot: float) -> str | None:
        seen, most = self.running_extreme, self.seeks_maximum
        if self.bends_at(spot) and not self.is_continuous:
            return f"the first derivative in the spot jumps at spot {spot:g}: delta is that of one side"
        if seen is None or (seen >= spot if most else seen <= spot):
            return None
        side, name = ("below", "maximum") if most else ("above", "minimum")
        return f"running_extreme {seen:g} is {side} spot {spot:g}, so that the {name} so far is the spot"

    @property
    def tangent_kinks(self) -> bool:
        return self.is_continuous

    def level(self, spot: float) -> str:
        """The name of the level that the extreme must pass to matter: spot, running_extreme or strike."""
        # A level that single precision may not tell from the spot is the spot.
        further = {name: level for name, level in self._levels.items() if abs(level / spot - 1) > NEXT_TO}
        further["spot"] = spot
        furthest = self._furthest(further.values())
        return next(name for name in ("spot", *further) if further[name] == furthest)

    @property
    def _levels(self) -> dict[str, float]:
        found = {"strike": self.strike, "running_extreme": self.running_extreme}
        return {name: number for name, number in found.items() if number is not None}

    def _furthest(self, levels: Iterable[float]) -> float:
        return max(levels) if self.seeks_maximum else min(levels)

    def case(self, spot: float) -> Hashable:
        """The level, and how its candidates compare."""
        return self.level(spot), *(order(spot, other) for other in self._levels.values())

    def describe(self) -> str:
        strike = "floating strike" if self.strike is None else f"strike {self.strike:g}"
        return f"lookback {self.type}, {strike}, {self.watched}"


def _strike_fits(contract: Any, strike: float | None, kind: StrikeKind) -> Any:
    if strike is None and kind is StrikeKind.FIXED:
        raise ValueError("strike is required; give one, or strike_kind floating")
    if strike is not None and kind is StrikeKind.FLOATING:
        raise ValueError("a floating strike is the underlying itself; leave out strike")
    return contract
