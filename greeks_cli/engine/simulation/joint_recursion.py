"""Time steps of several random variances, whose Brownian motions are correlated, and sums over them.

Each variance takes the steps of one underlying's model on its own Brownian motion, which a Cholesky factor makes of
independent normals; its derivatives in correlations are those along the derivatives of the factor.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import Derivatives, MultiIndex
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.cholesky import factor
from greeks_cli.engine.simulation.heston import Heston
from greeks_cli.engine.simulation.joint import JointMarkets
from greeks_cli.engine.simulation.joint_increments import correlations_of
from greeks_cli.engine.simulation.models import recursion
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.recursion import Recursion, Steps, Sums
from greeks_cli.terms.joint_market import matrix_of
from greeks_cli.terms.underlyings import correlated, is_correlation, local, underlying_of

_CORRELATED = Heston("deviation")
_MEAN, _VARIANCE, DEVIATION, PRODUCT = "mean", "variance", "deviation", "product"

Split = tuple[MultiIndex, MultiIndex]
"""The derivative of each of two factors, by names in the markets of their underlyings."""


@dataclass(frozen=True)
class Wanted:
    """A partial derivative of a sum over time steps: a name, the one or two underlyings, and the multi-index."""

    name: str
    underlyings: tuple[str, ...]
    index: MultiIndex

    @property
    def splits(self) -> list[Split]:
        """The derivatives of two deviations whose products add up to that of their product (Leibniz)."""
        found = []
        for sides in product((0, 1), repeat=len(self.index)):
            parts = [[name for name, side in zip(self.index, sides, strict=True) if side == k] for k in (0, 1)]
            if all(underlying_of(name) in (None, self.underlyings[k]) for k in (0, 1) for name in parts[k]):
                found.append((_own(parts[0]), _own(parts[1])))
        return found

    def indices_of(self, underlying: str) -> set[MultiIndex]:
        """The derivatives of an underlying's step that the sum is made of."""
        if underlying not in self.underlyings:
            return set()
        if self.name == PRODUCT:
            return {split[self.underlyings.index(underlying)] for split in self.splits}
        return {_own(self.index)}


def _own(index: Sequence[str]) -> MultiIndex:
    """A multi-index by the names in the market of an underlying."""
    return tuple(sorted(map(local, index)))


def joint_sums(markets: JointMarkets, motion: Motion, asked: Collection[Wanted]) -> dict[Wanted, Array]:
    """The sums asked for that the market has, each of shape (n_dates, n_paths)."""
    names = [name for name, part in zip(markets.names, markets.parts, strict=True) if part.model.has_variance]
    wanted = [one for one in asked if _is_of(one, names)]
    found = {one: np.zeros_like(motion.normals[: markets.n_dates]) for one in wanted}
    splits = {one: one.splits for one in wanted if one.name == PRODUCT}
    for interval, after in _steps(markets, motion, names, wanted):
        for one in wanted:
            if one.name == PRODUCT:
                first, second = (after[name] for name in one.underlyings)
                for index, other in splits[one]:
                    found[one][interval] += first[DEVIATION, index] * second[DEVIATION, other]
                continue
            partial = after[one.underlyings[0]][one.name, _own(one.index)]
            if one.name == DEVIATION:
                partial = partial * partial.dtype.type(motion.grid.steps[interval] ** -0.5)
            found[one][interval] += partial
    return found


def _is_of(one: Wanted, names: Sequence[str]) -> bool:
    """True if underlyings of these names, in their order, have a sum, and if it depends on the parameters."""
    if not {*one.underlyings} <= {*names}:
        return False
    known = {pair for name in one.underlyings for pair in correlations_of(name, names)}
    return all(name in known for name in one.index if is_correlation(name))


def _steps(
    markets: JointMarkets, motion: Motion, names: Sequence[str], wanted: Collection[Wanted]
) -> Iterator[tuple[int, dict[str, Sums]]]:
    """The interval of each time step, and what the step of each underlying's variance adds to sums."""
    every, grid = [], motion.grid
    for name in names:
        part = markets.parts[markets.names.index(name)]
        own = recursion(_CORRELATED, frozenset(index for one in wanted for index in one.indices_of(name)))
        values = {parameter: float(value[0]) for parameter, value in part.values.items()}
        dates = tuple(part.dates[0].tolist())
        factors = _factors(markets, names, names.index(name), own)
        every.append((name, Steps(own, grid, dates, values, motion.normals[0]), factors))
    n_steps, intervals = sum(grid.steps), every[0][1].intervals if every else []
    for interval, steps in enumerate(intervals):
        for step, row in zip(steps, grid.rows_of(interval), strict=True):
            rows = motion.normals[row::n_steps]
            yield interval, {name: own.taken(step, _correlated(rows, factors)) for name, own, factors in every}


Factors = dict[MultiIndex, Sequence[float]]
"""Weights of independent normals in that of an underlying, and their derivatives in correlations."""


def _factors(markets: JointMarkets, names: Sequence[str], place: int, own: Recursion) -> Factors:
    matrix = tuple(map(tuple, matrix_of(names, markets.correlation).tolist()))

    def row(index: MultiIndex) -> Sequence[float]:
        pairs = (sorted((names.index(name) for name in correlated(pair)), reverse=True) for pair in index)
        return factor(matrix, tuple(sorted(map(tuple, pairs))))[place]

    return {index: row(index) for index in own.indices if all(map(is_correlation, index))}


def _correlated(rows: Array, factors: Factors) -> Derivatives:
    """The normal of an underlying, of independent ones, and its derivatives in correlations."""

    def combined(weights: Sequence[float]) -> Array:
        found = np.zeros_like(rows[0])
        for weight, row in zip(weights, rows, strict=True):
            if weight:
                found += row.dtype.type(weight) * row
        return found

    return {index: combined(weights) for index, weights in factors.items()}
