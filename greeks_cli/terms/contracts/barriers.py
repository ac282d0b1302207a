"""Contracts that a barrier ends or begins."""

import enum
from collections.abc import Hashable, Mapping
from math import log, sqrt
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import order
from greeks_cli.terms.contracts.knocking import Knock, Knocking
from greeks_cli.terms.contracts.rebates import RebateAt, martingale
from greeks_cli.terms.contracts.windows import Windowed
from greeks_cli.terms.fields import Price


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
    def side(self) -> float:
        """1 where the price lies above the barrier until it touches, -1 where it lies below."""
        return -1.0 if self.above else 1.0

    @property
    def knocks_in(self) -> bool:
        return self in (BarrierType.UP_IN, BarrierType.DOWN_IN)


class Barrier(Windowed):
    """A European that knocks in or out at a barrier; the rebate is paid if it ends, or never begins."""

    parameters: ClassVar[tuple[str, ...]] = ("strike", "barrier")
    example: ClassVar[Mapping[str, object]] = {"strike": 100, "barrier": 80, "barrier_type": "down-out"}

    kind: Literal["barrier"] = "barrier"
    barrier: Price = Field(description="level that ends or begins the option")
    barrier_type: BarrierType = Field(description="where the barrier lies, and whether touching it ends or begins")

    rebate_at: RebateAt = Field(
        RebateAt.EXPIRY, description="expiry, or hit: the rebate of a knock-out is paid when the barrier is touched"
    )

    @model_validator(mode="after")
    def _rebate_at_hit_fits(self) -> Self:
        if not self.pays_at_hit:
            return self
        if self.knocks_in:
            raise ValueError("rebate_at hit is of knock-outs; the rebate of a knock-in is paid at expiry")
        if self.opens_later:
            remedy = "give monitoring_times, or rebate_at expiry"
            raise ValueError(f"rebate_at hit needs a continuous window that has begun, or dates; {remedy}")
        return self

    @property
    def pays_at_hit(self) -> bool:
        """True if the rebate is paid when the barrier is touched."""
        return self.rebate_at is RebateAt.HIT

    def series(self, market: Mapping[str, float]) -> Hashable:
        """The martingale of a rebate at hit."""
        return martingale(market, self.closes) if self.pays_at_hit and self.is_continuous else None

    @property
    def knocks_in(self) -> bool:
        return self.barrier_type.knocks_in

    def touched(self, spot: float) -> str | None:
        if self.opens_later:
            return None
        is_beyond = spot >= self.barrier if self.barrier_type.above else spot <= self.barrier
        return f"the barrier {self.barrier:g}" if is_beyond else None

    def case(self, spot: float) -> Hashable:
        """The order of spot, barrier and strike."""
        return (order(spot, self.barrier), order(self.barrier, self.strike)) if self.is_continuous else None

    def describe(self) -> str:
        terms = f"strike {self.strike:g}, barrier {self.barrier:g}, {self.watched}"
        if self.rebate and self.pays_at_hit:
            terms += f", rebate {self.rebate:g} at hit"
        return f"{self.barrier_type} barrier {self.type}, {terms}"


_IMAGES = ((1.8, 2), (1.0, 4))
"""Least widths of a corridor, in standard deviations, and the images on either side that serve it.

Images beyond n have exponents below -2 n (n + 1) width^2, which is -38 or less: smaller than rounding.
"""
_WAVES = 3


class Series(NamedTuple):
    """The series of a double barrier: its kind, and the number of terms."""

    kind: Literal["images", "waves"]
    n: int


class DoubleBarrier(Knocking):
    """A European that knocks in or out where the underlying leaves the corridor between two barriers.

    The rebate is paid at expiry if the option is not alive then.
    """

    parameters: ClassVar[tuple[str, ...]] = ("strike", "low_barrier", "high_barrier")
    example: ClassVar[Mapping[str, object]] = {"strike": 100, "low_barrier": 55, "high_barrier": 180}

    kind: Literal["double-barrier"] = "double-barrier"
    low_barrier: Price = Field(description="lower level that ends or begins the option")
    high_barrier: Price = Field(description="upper level that ends or begins the option")
    knock: Knock = Field(Knock.OUT, description="in or out: touching a barrier begins the option, or ends it")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_barrier >= self.high_barrier:
            raise ValueError(f"low_barrier {self.low_barrier:g} must be below high_barrier {self.high_barrier:g}")
        return self

    @property
    def knocks_in(self) -> bool:
        return self.knock is Knock.IN

    @property
    def bridged_span(self) -> tuple[float, float] | None:
        return (0.0, self.expiry) if self.is_continuous else None

    def touched(self, spot: float) -> str | None:
        if spot <= self.low_barrier:
            return f"the lower barrier {self.low_barrier:g}"
        return f"the upper barrier {self.high_barrier:g}" if spot >= self.high_barrier else None

    def case(self, spot: float) -> Hashable:
        """The order of spot, strike and barriers."""
        if not self.is_continuous:
            return None
        return tuple(
            order(one, level) for level in (self.low_barrier, self.high_barrier) for one in (spot, self.strike)
        )

    def series(self, market: Mapping[str, float]) -> Hashable:
        """The series of ``between``."""
        return self.between(market["vol"]) if self.is_continuous else None

    def between(self, vol: float) -> Series:
        """The series of the probability to stay between the barriers that converges fast, to rounding.

        In a wide corridor that is the sum over images, in a narrow one the sum over waves. The choices are few, so that
        trades share traces.
        """
        width = log(self.high_barrier / self.low_barrier) / (vol * sqrt(self.expiry))
        images = next((n for least, n in _IMAGES if width >= least), None)
        return Series("images", images) if images else Series("waves", _WAVES)

    @property
    def tangled_kinks(self) -> bool:
        """True where the probability to stay inside is a function of the end of the path, cut off at the barriers."""
        return self.is_continuous

    def describe(self) -> str:
        terms = f"strike {self.strike:g}, barriers {self.low_barrier:g} and {self.high_barrier:g}, {self.watched}"
        return f"double-barrier knock-{self.knock} {self.type}, {terms}"
