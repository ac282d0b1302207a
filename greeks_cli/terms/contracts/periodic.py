"""Contracts on the returns of equal periods."""

import math
from collections.abc import Hashable, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import NEXT_TO, order
from greeks_cli.terms.contracts.fixings import Periodic
from greeks_cli.terms.fields import Count, Fraction, PerYear, Price


class Cliquet(Periodic):
    """Pays notional times the sum of the returns of equal periods, each floored and capped."""

    example: ClassVar[Mapping[str, object]] = {"periods": 4}

    kind: Literal["cliquet"] = "cliquet"
    periods: Annotated[Count, Field(ge=1, le=1000)] = Field(4, description="number of equal periods")
    floor: Fraction = Field(0.0, ge=-1, le=10, description="least return of a period, a fraction")
    cap: Fraction = Field(0.1, ge=-1, le=10, description="greatest return of a period, a fraction")
    notional: Price = Field(100.0, description="notional amount of the payments")

    @model_validator(mode="after")
    def _floor_below_cap(self) -> Self:
        if self.floor >= self.cap:
            raise ValueError(f"floor {self.floor:g} must be below cap {self.cap:g}")
        return self

    @property
    def n_periods(self) -> int:
        return self.periods

    @property
    def observed(self) -> Mapping[str, float]:
        settled = sum(max(gross - 1 - self.floor, 0.0) - max(gross - 1 - self.cap, 0.0) for gross in self.settled)
        return {**super().observed, "past_gain": float(settled)}

    @property
    def past_structure(self) -> Hashable:
        """Also the signs of the gains of past returns beyond the floor and the cap."""
        return super().past_structure, tuple(r - 1 > bound for r in self.settled for bound in (self.floor, self.cap))

    @property
    def explicit_kinks(self) -> bool:
        return self.fixes_today

    def bends_at(self, spot: float) -> bool:
        return any(abs(spot - level) < NEXT_TO * spot for level in self._levels)

    def remark(self, spot: float) -> str | None:
        if not self.bends_at(spot):
            return None
        return f"the first derivative in the spot jumps at spot {spot:g}: delta is that of one side"

    @property
    def _levels(self) -> tuple[float, ...]:
        """The spots at which the return of a period that ends today meets the floor and the cap."""
        if not self.past_fixings or not self.fixes_today:
            return ()
        return tuple(self.past_fixings[-1] * (1 + bound) for bound in (self.floor, self.cap))

    def case(self, spot: float) -> Hashable:
        return super().case(spot), *(order(spot, level) for level in self._levels if level > 0)

    def describe(self) -> str:
        return f"cliquet, {self.periods} periods, floor {self.floor:g}, cap {self.cap:g}{self.past}"


class VarianceSwap(Periodic):
    """Pays notional times (realised variance per year minus strike_vol squared).

    Realised variance is the sum of all squared logarithmic returns, past ones included, over the years of all periods.
    """

    parameters: ClassVar[tuple[str, ...]] = ("strike_vol",)
    example: ClassVar[Mapping[str, object]] = {"strike_vol": 0.2, "fixings": 12}
    observations: ClassVar[tuple[str, ...]] = ("past_fixings", "elapsed")

    kind: Literal["variance-swap"] = "variance-swap"
    strike_vol: PerYear = Field(ge=0, le=10, description="volatility whose square is exchanged, a fraction")
    fixings: Annotated[Count, Field(ge=1, le=10_000)] = Field(252, description="number of equally spaced returns")
    notional: Price = Field(100.0, description="notional amount of the payments")

    @property
    def n_periods(self) -> int:
        return self.fixings

    @property
    def observed(self) -> Mapping[str, float]:
        squares = sum(math.log(gross) ** 2 for gross in self.settled)
        elapsed = {} if self.elapsed is None else {"elapsed": self.elapsed}
        return {**super().observed, "past_squares": float(squares), **elapsed}

    @property
    def needs_path(self) -> bool:
        return super().needs_path or not self.elapsed  # the years of an expired one are those that have elapsed

    def describe(self) -> str:
        return f"variance swap, strike vol {self.strike_vol:g}, {self.fixings} returns{self.past}"
