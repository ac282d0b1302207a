"""Contracts on two underlyings of which the first is paid, and the second decides whether."""

from collections.abc import Hashable, Mapping
from typing import ClassVar, Literal

from pydantic import Field

from greeks_cli.terms.contracts.barriers import Barrier
from greeks_cli.terms.contracts.contract import OptionType, order
from greeks_cli.terms.contracts.joint import OfTwo
from greeks_cli.terms.contracts.vanillas import STRIKE, TYPE
from greeks_cli.terms.fields import Price


class TwoAssetCorrelation(OfTwo):
    """Pays max(A - K, 0) for a call if B ends above the trigger, max(K - A, 0) for a put if B ends below it."""

    parameters: ClassVar[tuple[str, ...]] = ("strike", "trigger")
    example: ClassVar[Mapping[str, object]] = {"strike": 100, "trigger": 90}

    kind: Literal["two-asset-correlation"] = "two-asset-correlation"
    type: OptionType = TYPE
    strike: Price = STRIKE
    trigger: Price = Field(description="price of the second underlying at expiry beyond which the option is paid")

    @property
    def jumps(self) -> bool:
        return True

    def describe(self) -> str:
        paid, watched = self.underlyings
        side = "above" if self.type is OptionType.CALL else "below"
        return f"two-asset correlation {self.type} on {paid}, strike {self.strike:g}, {watched} {side} {self.trigger:g}"


class TwoAssetBarrier(OfTwo, Barrier):
    """A European on A that knocks in or out where B touches a barrier; the rebate is paid if it ends, or never begins.

    Barrier, window and monitoring are those of B.
    """

    example: ClassVar[Mapping[str, object]] = {"strike": 100, "barrier": 80, "barrier_type": "down-out"}
    watched_place: ClassVar[int] = 1

    kind: Literal["two-asset-barrier"] = "two-asset-barrier"  # type: ignore[assignment]  # another of the union

    @property
    def needs_path(self) -> bool:
        return True

    @property
    def bridged_span(self) -> tuple[float, float] | None:
        return None

    def case(self, spot: float) -> Hashable:
        """The order of the spot of B and the barrier."""
        return order(spot, self.barrier) if self.is_continuous else None

    def describe(self) -> str:
        paid, watched = self.underlyings
        terms = f"strike {self.strike:g}, barrier {self.barrier:g} on {watched}, {self.watched}"
        rebate = f", rebate {self.rebate:g}{' at hit' * self.pays_at_hit}" if self.rebate else ""
        return f"two-asset {self.barrier_type} barrier {self.type} on {paid}, {terms}{rebate}"
