"""Local volatility on time steps: d log(S / F) = -v/2 dt + sqrt(v) dW, where v is a function of price and time.

The function is that of the market as it is: spot, rates and the passing of time move the path and not the function, so
that delta is the model's. Vols of quotes move the function.

Paths that move with the leaves take steps of weak order 2. Paths that are held fixed take Gaussian steps, so that they
have a density: that of their steps. Held fixed is the price at the contract's dates alone: between today and the
first of them, the path moves with the spot in proportion to the time left (J.-M. Bismut, 1984; K. Elworthy and X.-M.
Li, 1994), so that the score in the spot does not grow with the number of steps.
"""

from collections.abc import Hashable, Mapping
from math import inf
from typing import NamedTuple

from greeks_cli.engine.autodiff.ops import Leaves, Operand, log, sqrt, values_of
from greeks_cli.engine.simulation.gbm import MOVING
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from greeks_cli.engine.simulation.models.lognormal_steps import Level
from greeks_cli.engine.simulation.models.second_order import second_order_step
from greeks_cli.engine.simulation.models.stepped import Numbers, Stepped, TimeStep
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.carry import SHARES, carry
from greeks_cli.terms.markets.market import Market

_RATES = ("rate", "dividend_yield", "borrow")
"""Parameters by which the forward grows."""
_SOON = 1e-12
"""A time in years at which the first nodes of all curves hold."""
_START, _END = "start", "end"


class Moved(NamedTuple):
    """The logarithm of the price over its forward, its change in a step, and the variance of the change."""

    state: Operand
    change: Operand
    variance: Operand


class Fixed(NamedTuple):
    """The logarithm of the price over its forward, held fixed, and the log-density of a step."""

    state: Operand
    likelihood: Operand


class LocalVolSteps(Stepped):
    """Local volatility of a market's surface: paths that move with the leaves."""

    kept: tuple[str, ...] = ("change",)

    def __init__(self, market: Market, *others: str):
        """``others`` are results of a step that are kept beside its change."""
        self.kept = (*self.kept, *others)
        self._market, self._surface = market, LocalVol(market.smiles)
        self._nodes = nodes = dict(market.nodes)
        self.moves_until = market.smiles.surface.expiries[0]  # where the local variance jumps in time
        given = [name for name in _RATES if name in market.values]
        self._rates = [name for curve in given for name in (curve, *nodes.get(curve, ()))]
        self._shares = nodes.get(SHARES, ())
        self.parameters: tuple[str, ...] = ("spot", "vol", TIME, *self._rates, *self._shares, *nodes["vol"])

    def start(self, values: Mapping[str, float]) -> tuple[float, str]:
        return 0.0, ""

    def numbers(self, values: Mapping[str, float], step: TimeStep) -> dict[str, float]:
        """Beside the time: the values of the market, and the weights of nodes in the growth of the forward."""
        market, end = self._market, step.start + step.years
        found = {
            f"{_START} time": step.start,
            f"{_START} moves": step.moves,
            f"{_END} time": end,
            f"{_END} moves": step.moves - step.shrinks,
            f"{_START} left": step.left,
            f"{_END} left": step.left - step.spends,
            "growth": (self._carry(end) - self._carry(step.start)) / step.years,
            "carried": market.today.rate - market.today.dividend_yield,
        }
        for side, time in ((_START, step.start), (_END, end)):
            weights = market.weights((max(time, _SOON),))
            found |= {f"{side} {name}": float(own[0]) for name, own in weights.items()}
        first = market.weights((_SOON,))
        found |= {f"market {name}": market.values[name] for name in ("spot", *self._rates, *self._shares)}
        return found | {f"first {name}": float(first[name][0]) / _SOON for name in self._rates if name in first}

    def bounds(self, values: Mapping[str, float], step: TimeStep) -> list[tuple[Hashable, float]]:
        return [(self._surface.place(step.start + 0.5 * step.years), inf)]

    def step(
        self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable
    ) -> Level | Moved | Fixed:
        assert isinstance(case, int)
        start, end = (_time(leaves, numbers, side) for side in (_START, _END))
        shift = 0.5 * (self._shift(leaves, numbers, _START) + self._shift(leaves, numbers, _END))
        interval, middle = self._surface.between(case), 0.5 * (start + end)

        def variance(x: Operand) -> Operand:
            return interval.local_variance(leaves, middle, x + shift)

        after = second_order_step(variance, state, end - start, normal)
        if "variance" not in self.kept:
            return Level(after, after - state)
        return Moved(after, after - state, variance(0.5 * (state + after)) * (end - start))

    def _moved(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Level:
        """The step of a path whose forward and function are those of the leaves."""
        mean, variance = self._law(leaves, numbers, state + self._shift(leaves, numbers, _START), case)
        change = sqrt(variance) * normal + mean
        return Level(state + change, change)

    def _law(self, leaves: Leaves, numbers: Numbers, k: Operand, case: Hashable) -> tuple[Operand, Operand]:
        """The mean and variance of the change in a step from a log-moneyness."""
        assert isinstance(case, int)
        years = _time(leaves, numbers, _END) - _time(leaves, numbers, _START)
        variance = self._surface.between(case).local_variance(leaves, _time(leaves, numbers, _START), k) * years
        return -0.5 * variance, variance

    def _recovered(
        self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable
    ) -> tuple[Operand, Operand, Operand]:
        """The next state of a fixed path, the normal that leads to it, and its variance, by the leaves."""
        before = values_of(state)
        mean, variance = self._law({name: values_of(leaf) for name, leaf in leaves.items()}, numbers, before, case)
        after = values_of(before + sqrt(variance) * normal + mean)
        k = before + self._fixed(leaves, numbers, _START)
        mean, variance = self._law(leaves, numbers, k, case)
        one = k - self._shift(leaves, numbers, _START)
        other = after + self._fixed(leaves, numbers, _END) - self._shift(leaves, numbers, _END)
        return after, (other - one - mean) / sqrt(variance), variance

    def _fixed(self, leaves: Leaves, numbers: Numbers, side: str) -> Operand:
        """The change of the log-moneyness of a fixed path, which the spot moves before the first date."""
        moved = numbers[f"{side} left"] * log(leaves["spot"] / numbers["market spot"])
        return moved - numbers[f"{side} moves"] * numbers["growth"] * leaves[TIME]

    def _shift(self, leaves: Leaves, numbers: Numbers, side: str) -> Operand:
        """The change of the logarithm of the forward to a side of the step by the parameters, from the market's."""
        time = _time(leaves, numbers, side)

        def kept(share: str) -> Operand:
            return numbers[f"{side} {share}"] * log((1 - leaves[share]) / (1 - numbers[f"market {share}"]))

        def soon(curve: str) -> Operand:
            return self._change(curve, leaves, numbers, "first", 1.0)

        growth = carry(self._nodes, leaves, lambda curve: self._change(curve, leaves, numbers, side, time), kept)
        today = numbers["carried"] + carry(self._nodes, leaves, soon, lambda share: 0.0)
        return log(leaves["spot"] / numbers["market spot"]) + growth - today * leaves[TIME]

    def _change(self, curve: str, leaves: Leaves, numbers: Numbers, place: str, years: Operand) -> Operand:
        """The change of the integral of a rate to a place, by the rate and by its nodes, whose weights are numbers."""
        names = (curve, *self._nodes.get(curve, ()))
        return sum((leaves[name] - numbers[f"market {name}"]) * numbers.get(f"{place} {name}", years) for name in names)

    def _carry(self, time: float) -> float:
        flat = self._market.flat(max(time, _SOON))
        return (flat.rate - flat.dividend_yield) * time


class LocalVolFixed(LocalVolSteps):
    """Paths that are held fixed, by Gaussian steps."""

    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Level | Fixed:
        return self._moved(leaves, numbers, state, normal, case)


class LocalVolDensity(LocalVolSteps):
    """The log-density of fixed paths."""

    kept = ("likelihood",)

    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Fixed:
        after, recovered, variance = self._recovered(leaves, numbers, state, normal, case)
        return Fixed(after, -0.5 * (recovered * recovered + log(variance)))


class LocalVolShift(LocalVolSteps):
    """Fixed paths that move with one parameter, their normals recovered by all."""

    def __init__(self, market: Market, first: str):
        super().__init__(market)
        self._first = first
        self.parameters = (*self.parameters, MOVING)

    def numbers(self, values: Mapping[str, float], step: TimeStep) -> dict[str, float]:
        return super().numbers(values, step) | {MOVING: values[self._first]}

    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Level:
        _, recovered, _ = self._recovered(leaves, numbers, state, normal, case)
        return self._moved({**leaves, self._first: leaves[MOVING]}, numbers, state, recovered, case)


def _time(leaves: Leaves, numbers: Numbers, side: str) -> Operand:
    return numbers[f"{side} time"] + numbers[f"{side} moves"] * leaves[TIME]
