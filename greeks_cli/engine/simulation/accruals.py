"""Integrals of the market's parameters over time, as graphs of the parameters.

A constant parameter accrues in proportion to time. A curve's integral is linear in the values at its nodes, or in their
squares for a volatility, with weights that depend on the dates of nodes and contract alone.
"""

from collections.abc import Callable, Mapping, Sequence

from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, sqrt
from greeks_cli.terms.markets.carry import carry
from greeks_cli.terms.markets.forward_vols import integral_of_vol
from greeks_cli.terms.nodes import Nodes

WeightOf = Callable[[str], Operand]
"""The weight of a node, by its name, in the integral from today to a date."""


class Accruals:
    """Integrals from the present, which the leaf ``time`` moves, to a date or to several.

    ``years`` is the time of the date. A parameter among ``nodes`` is a curve, with a leaf for each node, and one that
    shifts all nodes. As time passes, the curve keeps its dates: what accrues until then is that of the first node.
    """

    def __init__(
        self,
        leaves: Leaves,
        years: Operand,
        nodes: Nodes = (),
        weight: WeightOf = lambda name: 0.0,
        n_dates: float = 1.0,
    ):
        """``years`` and weights may be sums over several dates, with coefficients whose sum is ``n_dates``."""
        self._leaves, self._years, self._n_dates = leaves, years, n_dates
        self._nodes: Mapping[str, tuple[str, ...]] = dict(nodes)
        self._weight = weight

    @property
    def discount(self) -> Operand:
        """The discount factor."""
        return exp(-self.rate if "rate" in self._nodes else -self._leaves["rate"] * self._elapsed)

    @property
    def rate(self) -> Operand:
        """The integral of the rate."""
        return self._integral("rate")

    @property
    def dividend_yield(self) -> Operand:
        """The integral of the dividend yield."""
        return self._integral("dividend_yield")

    @property
    def carry(self) -> Operand:
        """The logarithm of the forward over the spot, but for dividends in cash."""

        def integral(name: str) -> Operand:
            return self._of_vol if name == "vol" else self._integral(name)

        return carry(
            self._nodes, self._leaves, integral, lambda share: self._weight(share) * log(1 - self._leaves[share])
        )

    @property
    def carry_per_year(self) -> Operand:
        """The carry per year, where no parameter changes with time."""
        if self._nodes:
            return self.carry / self._elapsed
        return self._leaves["rate"] - self._leaves["dividend_yield"]

    @property
    def variance(self) -> Operand:
        """The variance of the logarithm of the underlying."""
        if "vol" in self._nodes:
            return self._integral("vol", squared=True)
        vol = self._leaves["vol"]
        return vol * vol * self._elapsed

    @property
    def deviation(self) -> Operand:
        """The standard deviation of the logarithm of the underlying."""
        return sqrt(self.variance) if "vol" in self._nodes else self._leaves["vol"] * sqrt(self._elapsed)

    @property
    def growth(self) -> Operand:
        """The mean of the logarithm of the underlying over the spot."""
        if self._nodes:
            return self.carry - 0.5 * self.variance
        leaves = self._leaves
        drift = leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]
        return drift * self._elapsed

    @property
    def _of_vol(self) -> Operand:
        """The integral of the volatility."""
        nodes = self._nodes.get("vol")
        if not nodes:
            return self._integral("vol")
        vols = {node: self._leaves[node] + self._leaves["vol"] for node in nodes}
        passed = self._leaves["time"] * self._n_dates * vols[nodes[0]]
        return integral_of_vol(vols, self._weight, self._years, sqrt) - passed

    @property
    def _elapsed(self) -> Operand:
        passed = self._leaves["time"]
        return self._years - (passed if self._n_dates == 1 else self._n_dates * passed)

    def _integral(self, name: str, squared: bool = False) -> Operand:
        """The integral of a parameter, or of its square; the weights of a date add up to its time.

        The shift s of all nodes enters once: the integral of v + s is that of v and s t, the integral of (v + s)^2 is
        that of v^2, 2 s times that of v, and s^2 t.
        """
        shift, nodes = self._leaves[name], self._nodes.get(name)
        if not nodes:
            return shift * self._elapsed
        values = [self._leaves[node] for node in nodes]
        if not squared:
            return self._weighted(nodes, values) + shift * self._elapsed
        squares = self._weighted(nodes, [value * value for value in values])
        return squares + shift * (2.0 * self._weighted(nodes, values) + shift * self._elapsed)

    def _weighted(self, nodes: Sequence[str], values: Sequence[Operand]) -> Operand:
        """The sum of values times the weights of their nodes; time passes at the first of them."""
        found = -self._leaves["time"] * self._n_dates * values[0]
        for node, value in zip(nodes, values, strict=True):
            found = self._weight(node) * value + found
        return found
