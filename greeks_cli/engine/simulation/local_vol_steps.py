"""Local volatility on time steps: d log(S / F) = -v/2 dt + sqrt(v) dW, where v is a function of price and time.

The function is that of the market as it is: spot, rates and the passing of time move the path and not the function, so
that delta is the model's. Vols of quotes move the function.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.ops import Leaves, Operand, log, sqrt
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.local_vol import LocalVol
from greeks_cli.engine.simulation.recursion import Numbers, Stepped, TimeStep
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.market import FUTURE, SHARES, Market

_SIGNS = {"rate": 1.0, "dividend_yield": -1.0, "borrow": -1.0}
"""Signs of parameters in the growth of the forward."""
_SOON = 1e-12
"""A time in years at which the first nodes of all curves hold."""


class Level(NamedTuple):
    """The logarithm of the price over its forward, and its change in a step."""

    state: Operand
    change: Operand


class LocalVolSteps(Stepped):
    """Local volatility of a market's surface."""

    kept = ("change",)

    def __init__(self, market: Market):
        self._market, self._surface = market, LocalVol(market.smiles)
        nodes = dict(market.nodes)
        self._rates = {
            name: sign
            for curve, sign in _SIGNS.items()
            if curve in market.values and FUTURE not in nodes
            for name in (curve, *nodes.get(curve, ()))
        }
        self._shares = nodes.get(SHARES, ())
        quotes = nodes["vol"]
        self.parameters = ("spot", "vol", TIME, *self._rates, *self._shares, *quotes)

    def start(self, values: Mapping[str, float]) -> tuple[float, str]:
        return 0.0, ""

    def numbers(self, values: Mapping[str, float], step: TimeStep) -> dict[str, float]:
        """Beside the time: the values of the market, and the weights of nodes in the growth of the forward."""
        market = self._market
        here, first = market.weights((max(step.start, _SOON),)), market.weights((_SOON,))
        found = step._asdict() | {"carried": market.today.rate - market.today.dividend_yield}
        found |= {f"market {name}": market.values[name] for name in ("spot", *self._rates, *self._shares)}
        found |= {f"weight {name}": float(weights[0]) for name, weights in here.items()}
        found |= {f"first {name}": float(first[name][0]) / _SOON for name in self._rates if name in first}
        return found

    def cases(
        self, values: Mapping[str, float], step: TimeStep, state: Array
    ) -> list[tuple[Hashable, NDArray[np.intp] | None]]:
        return [(self._surface.place(step.start), None)]

    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Level:
        assert isinstance(case, int)
        time = numbers["start"] + numbers["moves"] * leaves[TIME]
        years = numbers["years"] - numbers["shrinks"] * leaves[TIME]
        k = state + self._moved(leaves, numbers, time)
        v = self._surface.between(case).local_variance(leaves, time, k)
        change = sqrt(v * years) * normal - 0.5 * v * years
        return Level(state + change, change)

    def _moved(self, leaves: Leaves, numbers: Numbers, time: Operand) -> Operand:
        """The change of the logarithm of the forward to a time by the parameters, from the market's."""
        growth: Operand = 0.0
        today = numbers["carried"]
        for name, sign in self._rates.items():
            change = leaves[name] - numbers[f"market {name}"]
            is_node = f"weight {name}" in numbers
            growth = growth + sign * change * (numbers[f"weight {name}"] if is_node else time)
            today = today + sign * change * (numbers[f"first {name}"] if is_node else 1.0)
        for name in self._shares:
            kept = (1 - leaves[name]) / (1 - numbers[f"market {name}"])
            growth = growth + numbers[f"weight {name}"] * log(kept)
        return log(leaves["spot"] / numbers["market spot"]) + growth - today * leaves[TIME]
