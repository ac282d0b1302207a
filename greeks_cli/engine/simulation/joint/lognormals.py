"""Several lognormal underlyings: each moves in its own market, on Brownian motions that are correlated.

Independent normals become correlated ones by the Cholesky factor of the correlations. So an underlying's path is that
of one underlying on its own Brownian motion, and a derivative in a correlation is that path's along the derivative of
its Brownian motion.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property, lru_cache
from math import inf
from typing import ClassVar, Self

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.joint.cholesky import Rows, factor
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.sources import PathSource
from greeks_cli.terms.markets.joint_market import matrix_of
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.nodes import label_of_node
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import (
    correlated,
    correlation_name,
    is_correlation,
    local,
    named,
    pair_of,
    underlying_of,
)


class JointMarkets:
    """The markets of several underlyings, for each trade, and the correlations."""

    def __init__(self, names: Sequence[str], parts: Sequence[Markets], correlations: Sequence[Mapping[str, float]]):
        self.names, self.parts, self._correlations = tuple(names), tuple(parts), tuple(correlations)

    @classmethod
    def of(cls, requests: Sequence[Request]) -> Self:
        """The markets and dates of each request."""
        return cls.moved([(request.values, request) for request in requests])

    @classmethod
    def moved(cls, places: Sequence[tuple[Mapping[str, float], Request]]) -> Self:
        """The markets and dates of each request, with other values of its parameters."""
        names = places[0][1].joint_market.names
        parts = [
            Markets.moved([(values_of_part(values, name), request.parts[k]) for values, request in places])
            for k, name in enumerate(names)
        ]
        return cls(names, parts, [_correlations(values) for values, _ in places])

    @property
    def is_lognormal(self) -> bool:
        """True if all underlyings are lognormal."""
        return all(part.model is Model.GBM for part in self.parts)

    @property
    def is_conditional(self) -> bool:
        """True if increments between dates are jointly normal given variances and jumps; else prices take steps."""
        return all(part.model.is_conditional for part in self.parts)

    @property
    def names_on_steps(self) -> list[str]:
        """The underlyings in the order of their prices' normals on time steps: those of random variances are last."""
        return [name for name, _ in sorted(self._named, key=lambda own: own[1].model.has_variance)]

    @cached_property
    def moves_until(self) -> float:
        """The time in years until which the steps of all underlyings may move smoothly as calendar time passes."""
        return inf if self.is_conditional else min(part.stepped("path", ()).moves_until for part in self.parts)

    @property
    def _named(self) -> Sequence[tuple[str, Markets]]:
        return list(zip(self.names, self.parts, strict=True))

    @property
    def correlation(self) -> Mapping[str, float]:
        """The correlation of each pair, of one trade."""
        (own,) = self._correlations
        return own

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The value of every parameter of one trade, by its name among several underlyings."""
        found = {correlation_name(*pair_of(pair)): number for pair, number in self.correlation.items()}
        for name, part in self._named:
            found |= {named(parameter, name): float(value[0]) for parameter, value in part.values.items()}
        return found

    @property
    def count(self) -> int:
        """The number of trades."""
        return len(self._correlations)

    @property
    def n_dates(self) -> int:
        """The number of dates of each trade."""
        return self.parts[0].n_dates

    @cached_property
    def key(self) -> Hashable:
        """Key of the numbers of the markets."""
        return tuple(part.key for part in self.parts), repr(self._correlations)

    def some(self, which: slice | list[int]) -> "JointMarkets":
        """The markets of some of the trades."""
        places = range(self.count)[which] if isinstance(which, slice) else which
        chosen = [self._correlations[place] for place in places]
        return JointMarkets(self.names, [part.some(which) for part in self.parts], chosen)

    def factor(self, correlations: MultiIndex) -> Rows:
        """The Cholesky factor of one trade, or its derivative in some correlations."""
        return factor(self._matrix, tuple(sorted(self._place(name) for name in correlations)))

    @cached_property
    def _matrix(self) -> tuple[tuple[float, ...], ...]:
        """The correlations of one trade, which every array of its paths asks for."""
        return tuple(map(tuple, matrix_of(self.names, self.correlation).tolist()))

    def _place(self, correlation: str) -> tuple[int, int]:
        one, other = (self.names.index(name) for name in correlated(correlation))
        return max(one, other), min(one, other)


def _correlations(values: Mapping[str, float]) -> dict[str, float]:
    named = {label_of_node(name): value for name, value in values.items() if is_correlation(name)}
    return dict(sorted(named.items()))


def values_of_part(values: Mapping[str, Operand], underlying: str) -> dict[str, Operand]:
    """The values of one underlying's parameters, by their names in its own market; correlations as they are."""
    return {own: values[name] for name, own in _own_names(tuple(values), underlying)}


@lru_cache(1024)  # requests of a book have the same names, and the names are parsed
def _own_names(names: tuple[str, ...], underlying: str) -> tuple[tuple[str, str], ...]:
    """The names of one underlying's parameters, each with its name in the market of the underlying."""
    return tuple((name, local(name)) for name in names if underlying_of(name) in (None, underlying))


class JointPathData:
    """Paths of one motion in the market of several underlyings."""

    def __init__(self, motion: Motion, markets: JointMarkets):
        """``motion`` has the independent normals of all underlyings, one after the other."""
        self.motion, self.markets = motion, markets
        self._parts: dict[tuple[int, MultiIndex], PathData] = {}

    def part(self, number: int, correlations: MultiIndex = ()) -> PathData:
        """The paths of one underlying, or their normals' derivatives in some correlations."""
        key = number, tuple(sorted(correlations))
        if key not in self._parts:
            self._parts[key] = PathData(self._correlated(*key), self.markets.parts[number])
        return self._parts[key]

    def _correlated(self, number: int, correlations: MultiIndex) -> Motion:
        motion, n_dates = self.motion, self.markets.n_dates
        row, dtype = self.markets.factor(correlations)[number], motion.dtype
        if not correlations and not any(row[:number]) and row[number] == 1:
            return Motion(motion.dates, motion.normals[number * n_dates : (number + 1) * n_dates])
        normals = motion.normals[:n_dates] * dtype(row[0])
        for k, weight in enumerate(row[1 : number + 1], start=1):
            if weight:
                normals += dtype(weight) * motion.normals[k * n_dates : (k + 1) * n_dates]
        return Motion(motion.dates, normals)


class OfUnderlying(PathSource):
    """The array of one underlying among several, or its derivative in some correlations."""

    source: PathSource
    part: int
    correlations: MultiIndex = ()
    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: JointPathData) -> Array:
        return self.source.of(data.part(self.part, self.correlations))
