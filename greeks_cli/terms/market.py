"""The market: one underlying that follows geometric Brownian motion, its parameters constant or curves."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pydantic import Field

from greeks_cli.terms.curve import Curve, Nodes, Rate, Vol, node_name
from greeks_cli.terms.fields import Price, Term
from greeks_cli.terms.greek import CURVES


class Market(Term):
    """Parameters of dS/S = (rate - dividend_yield) dt + vol dW, per year.

    A curve of ``rate`` or ``dividend_yield`` has zero rates at its nodes: the logarithm of the discount factor is
    linear between them. A curve of ``vol`` has volatilities for expiries: total variance is linear between them.
    """

    spot: Price = Field(100.0, description="price of the underlying today")
    vol: Vol = Field(
        description="volatility per year, a fraction: 0.2 is 20%; or nodes of a curve, such as 0.25:0.2,1:0.22"
    )
    rate: Rate = Field(
        0.01,
        description="risk-free rate per year, continuous, a fraction: 0.01 is 1%; or nodes, such as 0.25:0.021,1:0.025",
    )
    dividend_yield: Rate = Field(
        0.0,
        description="dividend yield per year, continuous, a fraction: 0.01 is 1%; or nodes, such as 0.5:0.01,1:0.02",
    )

    @property
    def curves(self) -> Mapping[str, Curve]:
        """The parameters that are curves."""
        found = {name: getattr(self, name) for name in CURVES}
        return {name: curve for name, curve in found.items() if isinstance(curve, Curve)}

    @property
    def nodes(self) -> Nodes:
        """The names of the curves and of their nodes."""
        return tuple((name, tuple(node_name(name, label) for label in c.labels)) for name, c in self.curves.items())

    @property
    def values(self) -> Mapping[str, float]:
        """The value of every parameter; a curve has one for each node, and 0 for the shift of all nodes."""
        found = {"spot": self.spot}
        for name in CURVES:
            value = getattr(self, name)
            found[name] = 0.0 if isinstance(value, Curve) else value
        for (_, names), curve in zip(self.nodes, self.curves.values(), strict=True):
            found |= zip(names, curve.values, strict=True)
        return found

    def nodes_before(self, date: float) -> Iterator[str]:
        """The names of nodes, but the last of each curve, before a date: there the parameters change."""
        for (_, names), curve in zip(self.nodes, self.curves.values(), strict=True):
            yield from (node for node, time in list(zip(names, curve.times, strict=True))[:-1] if time < date)

    def flat(self, expiry: float) -> "FlatMarket":
        """The market of constant parameters with the same discount factor, forward and variance at an expiry."""
        return FlatMarket(self.spot, *(self._mean(name, lambda curve: curve.mean(expiry)) for name in CURVES))

    @property
    def today(self) -> "FlatMarket":
        """The market of constant parameters in which the underlying moves today: those of the first nodes."""
        return FlatMarket(self.spot, *(self._mean(name, lambda curve: curve.values[0]) for name in CURVES))

    def _mean(self, name: str, of_curve: Callable[[Curve], float]) -> float:
        value = getattr(self, name)
        return of_curve(value) if isinstance(value, Curve) else float(value)


class FlatMarket(NamedTuple):
    """Constant parameters of a market."""

    spot: float
    vol: float
    rate: float
    dividend_yield: float
