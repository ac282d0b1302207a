"""Time steps of several random variances, whose Brownian motions are correlated, and sums over them.

Each variance takes the steps of one underlying's model on its own Brownian motion, which a Cholesky factor makes of
independent normals; its derivatives in correlations are those along the derivatives of the factor.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import Diverging, per_trade
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.joint.cholesky import Rows, factor
from greeks_cli.engine.simulation.joint.increments import correlations_of
from greeks_cli.engine.simulation.joint.lognormals import JointMarkets
from greeks_cli.engine.simulation.joint.steps import ALONG
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.models.heston import PARAMETERS, Heston
from greeks_cli.engine.simulation.models.recursion import Steps, Sums
from greeks_cli.engine.simulation.models.recursions import recursion
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.markets.joint_market import matrix_of
from greeks_cli.terms.underlyings import correlated, is_correlation, local, underlying_of

_CORRELATED, _WITH_CHANGES = Heston("deviation"), Heston("deviation", "change")
DEVIATION, PRODUCT, CHANGE = "deviation", "product", "change"

Split = tuple[MultiIndex, MultiIndex]
"""The derivative of each of two factors, by names in the markets of their underlyings."""


@dataclass(frozen=True)
class Wanted:
    """A partial derivative of a sum over time steps: a name, the one or two underlyings, and the multi-index.

    Along the normals of a second underlying, a deviation depends on the first alone.
    """

    name: str
    underlyings: tuple[str, ...]
    index: MultiIndex

    @property
    def splits(self) -> list[Split]:
        """The derivatives of two deviations whose products add up to that of their product (Leibniz).

        Of one underlying the derivative itself, and none.
        """
        if self.name != PRODUCT:
            return [(_own(self.index), ())]
        found = []
        for sides in product((0, 1), repeat=len(self.index)):
            parts = [[name for name, side in zip(self.index, sides, strict=True) if side == k] for k in (0, 1)]
            if all(underlying_of(name) in (None, self.underlyings[k]) for k in (0, 1) for name in parts[k]):
                found.append((_own(parts[0]), _own(parts[1])))
        return found

    @property
    def stepped(self) -> tuple[str, ...]:
        """The underlyings whose steps the sum is made of."""
        return self.underlyings[:1] if self.name == ALONG else self.underlyings

    @property
    def indices(self) -> set[MultiIndex]:
        """The derivatives of steps that the sum is made of."""
        return {index for split in self.splits for index in split}


def _own(index: Sequence[str]) -> MultiIndex:
    """A multi-index by the names in the market of an underlying."""
    return tuple(sorted(map(local, index)))


def joint_sums(markets: JointMarkets, motion: Motion, asked: Collection[Wanted]) -> dict[Wanted, Array]:
    """The sums asked for that the market has, each of shape (n_dates, n_paths)."""
    names = [name for name, part in zip(markets.names, markets.parts, strict=True) if part.model.has_variance]
    wanted = [one for one in asked if _is_of(one, names)]
    try:
        return _summed(_Variances(markets, motion, names, wanted, together=True))
    except Diverging:  # such as a correlation of price and variance that is 0 for one of them
        return _summed(_Variances(markets, motion, names, wanted, together=False))


def _is_of(one: Wanted, names: Sequence[str]) -> bool:
    """True if underlyings of these names, in their order, have a sum, and if it depends on the parameters."""
    if not {*one.stepped} <= {*names}:
        return False
    known = {pair for name in one.stepped for pair in correlations_of(name, names)}
    return all(name in known for name in one.index if is_correlation(name))


def _summed(variances: "_Variances") -> dict[Wanted, Array]:
    """The sums over all steps; those that are made of the same derivatives are made together."""
    like = variances.like
    alike: dict[tuple[str, tuple[Split, ...]], list[Wanted]] = {}
    for one in variances.wanted:
        alike.setdefault((one.name, tuple(one.splits)), []).append(one)
    sums = {key: np.zeros_like(like, shape=(len(every), *like.shape)) for key, every in alike.items()}
    rows = {
        key: [np.array(places) for places in zip(*(variances.places(one) for one in every), strict=True)]
        for key, every in alike.items()
    }
    for interval, row, after in variances.steps():
        for key, found in sums.items():
            name, splits = key
            if name == PRODUCT:
                first, second = rows[key]
                for index, other in splits:
                    found[:, interval] += after[DEVIATION, index][first] * after[DEVIATION, other][second]
                continue
            ((index, _),) = splits
            partial = after[DEVIATION if name == ALONG else name, index][rows[key][0]]
            if name == ALONG:
                partial = partial * variances.normals[row :: sum(variances.grid.steps)][rows[key][1]]
            elif name == DEVIATION:
                partial = partial * partial.dtype.type(variances.grid.steps[interval] ** -0.5)
            found[:, interval] += partial
    return {one: sums[key][k] for key, every in alike.items() for k, one in enumerate(every)}


class _Variances:
    """The variances of a market, a row for each, step by step."""

    def __init__(
        self, markets: JointMarkets, motion: Motion, names: Sequence[str], wanted: Sequence[Wanted], together: bool
    ):
        """``together`` if one program serves all, with a number of each for every parameter."""
        self.names, self.wanted, self.grid = names, wanted, motion.grid
        self.like = motion.normals[: markets.n_dates]
        """An array of the shape of a sum."""
        self.normals = motion.normals
        """The normals of all steps."""
        self._of_prices, self._until = markets.names_on_steps, markets.moves_until
        steps = _WITH_CHANGES if any(one.name == CHANGE for one in wanted) else _CORRELATED
        self._recursion = recursion(steps, frozenset(index for one in wanted for index in one.indices))
        in_pairs = [index for index in self._recursion.indices if all(map(is_correlation, index))]
        self._factors = {index: _Columns(self._factor(markets, index), self.like) for index in in_pairs}
        parts = [markets.parts[markets.names.index(name)] for name in names]
        places = range(len(names))
        self._groups = [slice(0, len(names))] if together else [slice(k, k + 1) for k in places]
        self._steps = [self._of_group(parts[group], len(self.names[group])) for group in self._groups if names]

    def _of_group(self, parts: Sequence[Markets], count: int) -> Steps:
        values = {name: per_trade([float(part.values[name][0]) for part in parts]) for name in PARAMETERS}
        like = np.zeros_like(self.normals, shape=(count, self.normals.shape[1]))
        dates = tuple(parts[0].dates[0].tolist())
        return Steps(self._recursion, self.grid, dates, values, like, self._until)

    def _factor(self, markets: JointMarkets, index: MultiIndex) -> Rows:
        matrix = tuple(map(tuple, matrix_of(self.names, markets.correlation).tolist()))
        pairs = (sorted((self.names.index(name) for name in correlated(pair)), reverse=True) for pair in index)
        return factor(matrix, tuple(sorted(map(tuple, pairs))))

    def places(self, one: Wanted) -> list[int]:
        """The rows of a sum's underlyings: of variances, and of a normal after the normals of all variances."""
        found = [self.names.index(name) for name in one.stepped]
        return found + [len(self.names) + self._of_prices.index(name) for name in one.underlyings[len(found) :]]

    def steps(self) -> Iterator[tuple[int, int, Sums]]:
        """Each time step: its interval, the first row of its normals, and what it adds to sums, a row per variance."""
        if not self._steps:
            return
        n_steps = sum(self.grid.steps)
        for interval, steps in enumerate(self._steps[0].intervals):
            for step, row in zip(steps, self.grid.rows_of(interval), strict=True):
                independent = self.normals[row::n_steps][: len(self.names)]
                normals = {index: own.times(independent) for index, own in self._factors.items()}
                after = [
                    own.taken(step, {index: array[group] for index, array in normals.items()})
                    for own, group in zip(self._steps, self._groups, strict=True)
                ]
                yield interval, row, after[0] if len(after) == 1 else _below_each_other(after)


def _below_each_other(every: Sequence[Sums]) -> Sums:
    """The rows of all groups."""
    return {partial: np.concatenate([own[partial] for own in every]) for partial in every[0]}


class _Columns:
    """The columns of a factor, or of its derivative, that are not 0, each from its first number that is not."""

    def __init__(self, rows: Rows, like: Array):
        matrix = np.array(rows, dtype=like.dtype)
        firsts = [(k, int(column.nonzero()[0][0])) for k, column in enumerate(matrix.T) if column.any()]
        self._columns = [(k, first, np.asarray(matrix[first:, k : k + 1], like=like)) for k, first in firsts]

    def times(self, independent: Array) -> Array:
        """The normals of all variances, of independent ones, shape (n_variances, n_paths)."""
        found = np.zeros_like(independent)
        for k, first, column in self._columns:
            found[first:] += column * independent[k]
        return found
