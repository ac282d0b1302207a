"""The market of several underlyings: the market of each, and the correlations of their Brownian motions."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from math import inf
from typing import TYPE_CHECKING

from greeks_cli.terms.fields import Keyed
from greeks_cli.terms.markets.correlations import is_singular, room
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.given_variance import given_variance, room_of_spot_vol, stretch
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.nodes import Nodes, label_of_node, node_name
from greeks_cli.terms.underlyings import (
    CORRELATION,
    correlated,
    is_correlation,
    local,
    named,
    pair_name,
    underlying_of,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_SPOT_VOL = "spot_vol_correlation"


class JointMarket(Keyed):
    """The markets of several underlyings, which share the rate, and the correlation of each pair of them."""

    underlying: Mapping[str, Market]
    correlation: Mapping[str, float]
    """The correlation of each pair, by its names in alphabetical order, such as ``A,B``."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the underlyings, in the order of the contract."""
        return tuple(self.underlying)

    @property
    def markets(self) -> tuple[Market, ...]:
        """The market of each underlying."""
        return tuple(self.underlying.values())

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The value of every parameter, by its name among several underlyings."""
        found = {named(p, name): v for name, market in self.underlying.items() for p, v in market.values.items()}
        return found | {node_name(CORRELATION, pair): number for pair, number in self.correlation.items()}

    @cached_property
    def nodes(self) -> Nodes:
        """The names of curves, each with those of its nodes."""
        found: dict[str, tuple[str, ...]] = {}
        for name, market in self.underlying.items():
            found |= {named(curve, name): tuple(named(n, name) for n in nodes) for curve, nodes in market.nodes}
        return tuple(found.items())

    @property
    def structure(self) -> object:
        """The names of the underlyings, and of the nodes of each: equal where the programs of a contract are."""
        return self.names, tuple(market.nodes for market in self.markets)

    @cached_property
    def by_place(self) -> "JointMarket":
        """The market with the nodes of each underlying named by their places."""
        placed = {name: market.by_place for name, market in self.underlying.items()}
        if all(placed[name] is market for name, market in self.underlying.items()):
            return self
        return JointMarket.model_construct(underlying=placed, correlation=self.correlation)

    @cached_property
    def models(self) -> tuple[Model, ...]:
        """The model of each underlying."""
        return tuple(market.model for market in self.markets)

    @property
    def is_lognormal(self) -> bool:
        """True if the prices of all underlyings are lognormal."""
        return all(market.is_lognormal for market in self.markets)

    @property
    def curves(self) -> Mapping[str, Curve]:
        """The parameters that are curves."""
        found: dict[str, Curve] = {}
        for name, market in self.underlying.items():
            found |= {named(curve, name): own for curve, own in market.curves.items()}
        return found

    @cached_property
    def matrix(self) -> "NDArray[np.float64]":
        """The correlations as a matrix, in the order of the underlyings."""
        return matrix_of(self.names, self.correlation)

    @property
    def spot_vol(self) -> list[float]:
        """The correlation of each price and its variance, 0 where the variance is constant."""
        return [market.values.get(_SPOT_VOL, 0.0) for market in self.markets]

    @cached_property
    def is_singular(self) -> bool:
        """True if some underlyings follow from the others."""
        return is_singular(self.matrix)

    @property
    def has_density(self) -> bool:
        """True if paths can be held fixed, for the prices have a joint density given their variances and jumps."""
        return not self.is_singular and all(model.is_conditional for model in self.models)

    def room(self, parameter: str) -> float:
        """The change of a parameter, either way, within which correlations stay positive definite."""
        if is_correlation(parameter):
            one, other = (self.names.index(name) for name in correlated(parameter))
            left = room(given_variance(self.matrix, self.spot_vol), one, other)
            return left / float(stretch(self.spot_vol)[one, other])
        if local(parameter) != _SPOT_VOL:
            return inf
        return room_of_spot_vol(self.matrix, self.spot_vol, self.names.index(underlying_of(parameter) or ""))

    def of(self, parameter: str) -> Market | None:
        """The market that a parameter belongs to; None for a parameter of all."""
        name = underlying_of(parameter)
        return self.underlying.get(name) if name else None

    def changed(self, parameter: str, value: float) -> "JointMarket":
        """The market with another value of a parameter that is no node."""
        markets, correlation = dict(self.underlying), dict(self.correlation)
        name = underlying_of(parameter)
        if name:
            markets[name] = markets[name].changed(local(parameter), value)
        elif parameter == "rate":
            markets = {name: market.changed("rate", value) for name, market in markets.items()}
        else:
            correlation[label_of_node(parameter)] = value
        return JointMarket.model_construct(underlying=markets, correlation=correlation)

    def describe(self) -> str:
        """The market in words, for headers."""
        rate = f"rate {self.markets[0].rate:g}"
        each = "; ".join(f"{name}: {_without_rate(market)}" for name, market in self.underlying.items())
        numbers = dict.fromkeys(self.correlation.values())
        listed = ", ".join(f"{pair}: {number:g}" for pair, number in self.correlation.items())
        shown = f"{next(iter(numbers)):g}" if len(numbers) == 1 else listed
        return "; ".join([each, *([f"correlation {shown}"] if shown else []), rate])

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return *self.underlying.items(), *self.correlation.items()


def _without_rate(market: Market) -> str:
    return ", ".join(part for part in market.describe().split(", ") if not part.startswith("rate "))


def matrix_of(names: Sequence[str], correlation: Mapping[str, float]) -> "NDArray[np.float64]":
    """The correlations of some underlyings as a matrix."""
    import numpy as np  # commands without numbers start faster

    found = np.eye(len(names))
    for (i, one), (j, other) in combinations(enumerate(names), 2):
        found[i, j] = found[j, i] = correlation[pair_name(one, other)]
    return found
