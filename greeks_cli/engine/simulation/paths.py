"""The underlying at a contract's dates as a graph of the leaves, for each way to move it.

Arrays are time-major, (n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Coefficients, Dates, ExpLinear, evaluate
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.gbm import MOVING, PARAMETERS, anchors
from greeks_cli.engine.simulation.laws import Law, law_of
from greeks_cli.engine.simulation.path_data import PathData
from greeks_cli.engine.simulation.sources import (
    Bridge,
    BrownianMotion,
    Coefficient,
    FirstIncrement,
    Growth,
    Growths,
    LaterIncrements,
    LaterSquares,
    PathSource,
)
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.simulation import Estimator

Sourced = Callable[..., Operand]
"""Makes a traced operand of a source and a sample of its shape."""


class _Open(Coefficients):
    """Coefficients that are sources of the trace."""

    def __init__(self, law: Law, sourced: Sourced, dtype: type[np.floating]):
        self._law, self._sourced, self._dtype = law, sourced, dtype

    def pattern(self, index: MultiIndex) -> NDArray[np.bool_] | None:
        return self._law.pattern(index)

    def number(self, index: MultiIndex, row: int, date: int, rounded: bool) -> Operand:
        form = "rounded number" if rounded else "number"
        return self._sourced(Coefficient(self._law, index, row, date, date + 1, form), self._dtype(1))

    def column(self, index: MultiIndex, row: int, dates: slice) -> Operand:
        source = Coefficient(self._law, index, row, dates.start, dates.stop, "column")
        return self._sourced(source, np.ones((dates.stop - dates.start, 1), self._dtype))

    def vector(self, index: MultiIndex, row: int, dates: slice) -> Operand:
        source = Coefficient(self._law, index, row, dates.start, dates.stop, "vector")
        return self._sourced(source, np.ones(dates.stop - dates.start, self._dtype), is_flat=False)


def others_of(index: MultiIndex, parameter: str) -> MultiIndex:
    """The index without one occurrence of a parameter."""
    at = index.index(parameter)
    return index[:at] + index[at + 1 :]


class Scenario:
    """The differentiable view of some paths: exp-linear quantities whose data are sources of a trace."""

    def __init__(
        self,
        n_dates: int,
        n_paths: int,
        dtype: type[np.floating],
        sourced: Sourced,
        spot: Operand,
        unrounded_spot: Operand,
    ):
        """``sourced`` makes operands of sources.

        ``spot`` is the value of the spot, not its leaf, in the type of the paths and as the market has it.
        """
        self.n_dates, self.n_paths, self.dtype = n_dates, n_paths, dtype
        self._sourced, self._spot, self._unrounded_spot = sourced, spot, unrounded_spot
        self._shifted: dict[str, ExpLinear] = {}

    @cached_property
    def underlying(self) -> ExpLinear:
        """The paths as they move with the parameters."""
        chain = anchors(self.n_dates)
        bridges = [self._array(Bridge(here, after)) for after, here in pairwise(chain)]
        data = [None, self._brownian, self._brownian[-1], *bridges]
        return ExpLinear(self._open("path"), data, self._spots, "spot", self._unrounded_spot)

    @cached_property
    def density(self) -> ExpLinear:
        """The probability density of the paths over its present value; later dates enter by two sums."""
        first = self._array(FirstIncrement())
        data: list[Array | None] = [None, first, first * first]
        if self.n_dates > 1:
            data += [self._array(LaterIncrements()), self._array(LaterSquares())]
        one = np.broadcast_to(self.dtype(1), (self.n_paths,))
        return ExpLinear(self._open("density"), data, lambda dates: one)

    def shifted_by(self, first: str) -> ExpLinear:
        """The paths as they move with one parameter, their normals recovered by the density of the others."""
        if first not in self._shifted:
            scale = (MOVING, self._unrounded_spot) if first == "spot" else ("", 1.0)
            data = [None, self._brownian]
            self._shifted[first] = ExpLinear(self._open("shift", first), data, self._spots, *scale)
        return self._shifted[first]

    def differentiate_laws(self, estimator: Estimator, mixes: bool, wanted: Collection[MultiIndex]) -> None:
        """Differentiates the laws that an estimator needs, before the payoff that depends on them."""
        kinds = {Estimator.PATHWISE: ("path",), Estimator.LIKELIHOOD: ("density",)}.get(estimator, ("path", "density"))
        for kind in kinds:
            law_of(kind, self.n_dates, "").differentiate(wanted)
        if mixes:
            for first in ("spot", "vol", "rate", "dividend_yield"):
                shifted = [(MOVING, *others_of(index, first)) for index in wanted if first in index]
                if shifted:
                    law_of("shift", self.n_dates, first).differentiate(shifted)

    def _open(self, kind: str, first: str = "") -> Coefficients:
        return _Open(law_of(kind, self.n_dates, first), self._sourced, self.dtype)

    def _array(self, source: PathSource, *n_rows: int) -> Array:
        return self._sourced(source, np.ones((*n_rows, self.n_paths), self.dtype))

    @property
    def _brownian(self) -> Array:
        return self._array(BrownianMotion(), self.n_dates)

    def _spots(self, dates: Dates) -> Array:
        if isinstance(dates, int):
            return self._spot * self._array(Growth(dates))
        start, stop, _ = dates.indices(self.n_dates)
        return self._spot * self._array(Growths(start, stop), stop - start)


class Times(Protocol):
    """Times of dates in years."""

    def __call__(self, date: int | slice) -> Operand:
        """The time of a date by its index, a number, or of several dates, shape (n_dates, 1)."""


def times_of(dates: Sequence[float]) -> Times:
    """Times that are known numbers."""

    def time(date: int | slice) -> Operand:
        return np.array(dates[date])[:, None] if isinstance(date, slice) else dates[date]

    return time


class Path(ABC):
    """The underlying at the dates of a contract, of which the last is the expiry."""

    time: Times
    n_dates: int

    @property
    def expiry(self) -> Operand:
        """Years to expiry, a number."""
        return self.time(-1)

    def times(self, n_dates: int) -> Operand:
        """Years to the first dates, shape (n_dates, 1)."""
        return self.time(slice(0, n_dates))

    def __getitem__(self, index: int) -> Operand:
        """The underlying at one date, shape (n_paths,)."""
        return self._evaluate(index % self.n_dates)

    @property
    def spots(self) -> Operand:
        """The underlying at all dates, shape (n_dates, n_paths)."""
        return self._evaluate(slice(0, self.n_dates))

    def first(self, n_dates: int) -> Operand:
        """The underlying at the first dates, shape (n_dates, n_paths)."""
        return self._evaluate(slice(0, n_dates))

    @property
    def ratios(self) -> Operand:
        """The underlying at all dates over the first, shape (n_dates, n_paths); calendar time does not move them."""
        spots = self.spots
        return spots / spots[:1]

    def total(self, n_dates: int) -> Operand:
        """The sum of the underlying over the first dates, shape (n_paths,)."""
        return self._evaluate(slice(0, n_dates), summed=True)

    @abstractmethod
    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand: ...


class PlainPath(Path):
    """A path of plain arrays in one market, without derivatives."""

    def __init__(self, data: PathData, spot: float):
        self.n_dates, self.time = data.markets.n_dates, times_of(data.markets.dates[0].tolist())
        self._data, self._spot = data, data.motion.dtype(spot)

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        growth = self._data.growth(dates) if isinstance(dates, int) else self._data.growths[dates]
        spots = self._spot * growth
        return spots.sum(axis=0) if summed else spots


class MovingPath(Path):
    """A path that moves with its leaves."""

    def __init__(self, leaves: Leaves, scenario: Scenario, time: Times):
        self.n_dates, self.time = scenario.n_dates, time
        self._leaves = {name: leaves[name] for name in PARAMETERS}
        self._scenario = scenario

    @property
    def ratios(self) -> Operand:
        timeless = {name: leaf for name, leaf in self._leaves.items() if name != TIME}
        spots = evaluate(self._scenario.underlying, timeless, slice(0, self.n_dates))
        return spots / spots[:1]

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, self._leaves, dates, summed)


class FrozenPath(MovingPath):
    """A path held fixed as data, with its density as a graph of the leaves.

    The path lies where the values of the parameters put it; only its probability moves with them.
    """

    @property
    def weight(self) -> Operand:
        """The path's density over its present value: 1, with the relative derivatives of the density."""
        return evaluate(self._scenario.density, self._leaves, 0)

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, {}, dates, summed)


class ShiftedPath(FrozenPath):
    """A frozen path that moves with the leaf ``moving`` of the parameter ``first``.

    The normals are recovered from the fixed path by the other leaves, so that these do not move the path.
    """

    def __init__(self, leaves: Leaves, scenario: Scenario, time: Times, first: str, moving: Operand):
        super().__init__(leaves, scenario, time)
        # A parameter of the contract moves the payoff and not the path.
        self._shifted = scenario.shifted_by(first) if first in PARAMETERS else scenario.underlying
        self._shift_leaves = {**self._leaves, MOVING: moving} if first in PARAMETERS else {}

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._shifted, self._shift_leaves, dates, summed)
