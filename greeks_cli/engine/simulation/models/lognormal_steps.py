"""Time steps of a lognormal price, beside prices that are not: exact, by a normal each."""

from collections.abc import Hashable
from functools import lru_cache
from math import inf
from typing import NamedTuple

from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.models.stepped import Numbers, Stepped, TimeStep, Values
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.market import Market

_KEPT = 64


class Level(NamedTuple):
    """The logarithm of the price over its forward, and its change in a step."""

    state: Operand
    change: Operand


class LognormalSteps(Stepped):
    """A lognormal price, whose vol may be a curve."""

    kept = ("change",)

    def __init__(self, market: Market | None = None):
        """``market`` has the nodes of a curve of vol; None for a vol that is a number."""
        self._market = market
        curve = market.curves["vol"] if market else None
        self._vols = dict(market.nodes)["vol"] if market else ()
        self.parameters = ("vol", *self._vols, TIME)
        self.moves_until = curve.times[0] if curve else inf

    def start(self, values: Values) -> tuple[float | PerTrade, str]:
        return 0.0, ""

    def numbers(self, values: Values, step: TimeStep) -> dict[str, float]:
        """Beside the length: the weights of nodes in the variance of the step."""
        found = {"years": step.years, "shrinks": step.shrinks}
        if self._market:
            ends = self._market.weights((step.start, step.start + step.years))
            found |= {f"weight {name}": float(ends[name][1] - ends[name][0]) for name in self._vols}
        return found

    def bounds(self, values: Values, step: TimeStep) -> list[tuple[Hashable, float]]:
        return [("", inf)]

    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Level:
        passed = {**leaves, TIME: numbers["shrinks"] * leaves[TIME]}
        nodes = (("vol", self._vols),) if self._vols else ()
        accrued = Accruals(passed, numbers["years"], nodes, lambda name: numbers[f"weight {name}"])
        change = accrued.deviation * normal - 0.5 * accrued.variance
        return Level(state + change, change)


_FLAT = LognormalSteps()


def lognormal_steps(market: Market) -> LognormalSteps:
    """The steps of a market, kept with their traces."""
    return _of_curve(market) if "vol" in market.curves else _FLAT


@lru_cache(_KEPT)
def _of_curve(market: Market) -> LognormalSteps:
    return LognormalSteps(market)
