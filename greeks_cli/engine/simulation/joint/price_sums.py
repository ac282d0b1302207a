"""Sums over the time steps of several prices, each along its own Brownian motion."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.joint.cholesky import factor
from greeks_cli.engine.simulation.joint.increments import correlations_of
from greeks_cli.engine.simulation.joint.lognormals import JointMarkets
from greeks_cli.engine.simulation.joint.recursion import Wanted
from greeks_cli.engine.simulation.joint.steps import CHANGE
from greeks_cli.engine.simulation.models.recursion import Steps, Sums
from greeks_cli.engine.simulation.models.recursions import recursion
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.markets.joint_market import matrix_of
from greeks_cli.terms.underlyings import correlated, is_correlation, local


def price_sums(markets: JointMarkets, motion: Motion, asked: Collection[Wanted]) -> dict[Wanted, Array]:
    """The sums of changes that are asked for and that the market has, each of shape (n_dates, n_paths)."""
    found: dict[Wanted, Array] = {}
    for price in _Price.all(markets, motion):
        if wanted := [one for one in asked if price.has(one)]:
            found |= price.sums(wanted)
    return found


class _Price:
    """The steps of one price without a random variance, by its place among all such prices."""

    def __init__(self, markets: JointMarkets, motion: Motion, names: Sequence[str], place: int):
        self._markets, self._motion, self._names, self._place = markets, motion, names, place
        self._part = markets.parts[markets.names.index(names[place])]

    @classmethod
    def all(cls, markets: JointMarkets, motion: Motion) -> "list[_Price]":
        """All such prices, in the order of their normals."""
        stepped = {name for name, part in zip(markets.names, markets.parts, strict=True) if part.model.has_variance}
        names = [name for name in markets.names_on_steps if name not in stepped]
        return [cls(markets, motion, names, place) for place in range(len(names))]

    def has(self, one: Wanted) -> bool:
        """True if a sum is of this price, and if it depends on the parameters."""
        name = self._names[self._place]
        pairs = correlations_of(name, self._names)
        is_own = one.name == CHANGE and one.underlyings == (name,)
        return is_own and all(pair in pairs for pair in one.index if is_correlation(pair))

    def sums(self, wanted: Sequence[Wanted]) -> dict[Wanted, Array]:
        """The sums over all steps."""
        indices = {one: tuple(sorted(map(local, one.index))) for one in wanted}
        found = {one: np.zeros_like(self._motion.normals[: self._markets.n_dates]) for one in wanted}
        for interval, after in self._steps(frozenset(indices.values())):
            for one, index in indices.items():
                found[one][interval] += after[CHANGE, index]
        return found

    def _steps(self, indices: frozenset[MultiIndex]) -> Iterator[tuple[int, Sums]]:
        """The interval of each time step, and what the step adds to sums."""
        own, part, motion = recursion(self._part.stepped("path", {CHANGE}), indices), self._part, self._motion
        values = {name: float(value[0]) for name, value in part.values.items()}
        dates, like = tuple(part.dates[0].tolist()), motion.normals[0]
        steps = Steps(own, motion.grid, dates, values, like, self._markets.moves_until)
        weights = {index: self._weights(index) for index in own.indices if all(map(is_correlation, index))}
        first = (motion.grid.n_stepped - len(self._markets.names)) * sum(motion.grid.steps)
        for interval, own_steps in enumerate(steps.intervals):
            for step, row in zip(own_steps, motion.grid.rows_of(interval), strict=True):
                independent = motion.normals[first + row :: sum(motion.grid.steps)]
                yield interval, steps.taken(step, {i: _weighted(own, independent) for i, own in weights.items()})

    def _weights(self, pairs: MultiIndex) -> Sequence[float]:
        """The weights of independent normals in those of this price, or their derivatives in some correlations."""
        matrix = tuple(map(tuple, matrix_of(self._names, self._markets.correlation).tolist()))
        places = (sorted((self._names.index(name) for name in correlated(pair)), reverse=True) for pair in pairs)
        return factor(matrix, tuple(sorted((one, other) for one, other in places)))[self._place]


def _weighted(weights: Sequence[float], normals: Array) -> Array:
    """The sum of rows of normals by their weights."""
    dtype = normals.dtype.type
    found = normals[0] * dtype(weights[0])
    for weight, row in zip(weights[1:], normals[1:], strict=False):
        if weight:
            found += dtype(weight) * row
    return found
