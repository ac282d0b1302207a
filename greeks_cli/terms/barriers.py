"""Contracts that a barrier ends or begins."""

import enum
from collections.abc import Hashable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from greeks_cli.terms.contract import Contract, OptionType, equal_dates, order
from greeks_cli.terms.fields import Cash, Count, Price
from greeks_cli.terms.vanillas import TYPE

Monitoring = Literal["continuous"] | Annotated[Count, Field(ge=1, le=10_000)]
MONITORING: Any = Field(
    "continuous", description="continuous, or the number of equally spaced dates that are looked at"
)


class BarrierType(enum.StrEnum):
    """Where the barrier lies, and whether touching it ends the option or begins it."""

    UP_IN = "up-in"
    UP_OUT = "up-out"
    DOWN_IN = "down-in"
    DOWN_OUT = "down-out"

    @property
    def above(self) -> bool:
        return self in (BarrierType.UP_IN, BarrierType.UP_OUT)

    @property
    def knocks_in(self) -> bool:
        return self in (BarrierType.UP_IN, BarrierType.DOWN_IN)


class Barrier(Contract):
    """A European that knocks in or out at a barrier; the rebate is paid at expiry if the option is not alive then."""

    parameters: ClassVar[tuple[str, ...]] = ("strike", "barrier")
    example: ClassVar[Mapping[str, object]] = {"strike": 100, "barrier": 80, "barrier_type": "down-out"}

    kind: Literal["barrier"] = "barrier"
    type: OptionType = TYPE
    strike: Price = Field(description="price at which the option is exercised")
    barrier: Price = Field(description="level that ends or begins the option")
    barrier_type: BarrierType = Field(description="where the barrier lies, and whether touching it ends or begins")
    rebate: Cash = Field(0.0, ge=0, le=1e12, description="cash paid at expiry if the option is not alive then")
    monitoring: Monitoring = MONITORING

    @property
    def dates(self) -> tuple[float, ...]:
        return equal_dates(self.expiry, 1 if self.monitoring == "continuous" else int(self.monitoring))

    @property
    def folds_parameters(self) -> bool:
        return self.monitoring == "continuous"

    def case(self, spot: float) -> Hashable:
        """The order of spot, barrier and strike."""
        if self.monitoring != "continuous":
            return None
        return order(spot, self.barrier), order(self.barrier, self.strike)

    @property
    def jumps(self) -> bool:
        return self.monitoring != "continuous"

    def remark(self, spot: float) -> str | None:
        touched = spot >= self.barrier if self.barrier_type.above else spot <= self.barrier
        if self.monitoring != "continuous" or not touched:
            return None
        state = "in" if self.barrier_type.knocks_in else "out"
        return f"spot {spot:g} has reached the barrier {self.barrier:g} already: the option is knocked {state} today"

    def describe(self) -> str:
        how = "continuous" if self.monitoring == "continuous" else f"{self.monitoring} dates"
        return f"{self.barrier_type} barrier {self.type}, strike {self.strike:g}, barrier {self.barrier:g}, {how}"
