"""The underlying at a contract's dates as a graph of the leaves, for each way to move it.

Arrays are time-major, (n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Coefficients, Data, Dates, ExpLinear, evaluate
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.cash_dividends import Underlying, underlying_of_request
from greeks_cli.engine.simulation.gbm import MOVING, anchors, parameters_of
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
    Normals,
    PathSource,
    RunningNormals,
    WalkBridge,
    WeightedNormals,
)
from greeks_cli.terms.curve import Nodes
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator

Sourced = Callable[..., Operand]
"""Makes a traced operand of a source and a sample of its shape."""


class _Open(Coefficients):
    """Coefficients that are sources of the trace."""

    def __init__(self, law: Law, scenario: "Scenario"):
        self._law, self._sourced, self._dtype = law, scenario.sourced, scenario.dtype

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
        request: Request,
        n_paths: int,
        dtype: type[np.floating],
        sourced: Sourced,
        spot: Operand,
        unrounded_spot: Operand,
    ):
        """``sourced`` makes operands of sources.

        ``spot`` is the value of the lognormal's start, not its leaf, in the type of the paths and as the market has it.
        """
        self.dividends = underlying_of_request(request)
        n_dates, nodes = len(request.path_dates), request.market.nodes
        self.n_dates, self.nodes, self.n_paths, self.dtype = n_dates, nodes, n_paths, dtype
        self.parameters = parameters_of(nodes)
        self.sourced, self._spot, self._unrounded_spot = sourced, spot, unrounded_spot
        self._shifted: dict[str, ExpLinear] = {}

    @cached_property
    def underlying(self) -> ExpLinear:
        """The paths as they move with the parameters."""
        law, pairs = self._law("path"), [(here, after) for after, here in pairwise(anchors(self.n_dates))]
        if law.on_clock:
            end = self._array(WeightedNormals(law, (), 1, 0, self.n_dates))
            anchored = [end, *(self._array(WalkBridge(*pair)) for pair in pairs)]
        else:
            anchored = [self._brownian[-1], *(self._array(Bridge(*pair)) for pair in pairs)]
        return ExpLinear(
            _Open(law, self), [None, self._along(law), *anchored], self._spots, "spot", self._unrounded_spot
        )

    @cached_property
    def density(self) -> ExpLinear:
        """The probability density of the paths over its present value; later dates enter by two sums."""
        law = self._law("density")
        one = np.broadcast_to(self.dtype(1), (self.n_paths,))
        if law.weighted:
            sums = [self._weighted_sum(law, row, power=row) for row in (1, 2)]
            return ExpLinear(_Open(law, self), [None, *sums], lambda dates: one)
        first = self._array(Normals(0) if self.nodes else FirstIncrement())
        data: list[Data] = [None, first, first * first]
        if self.n_dates > 1:
            data += [self._array(LaterIncrements()), self._array(LaterSquares())]
        return ExpLinear(_Open(law, self), data, lambda dates: one)

    @property
    def density_date(self) -> int:
        """The date at which the density is that of the whole path."""
        return self.n_dates - 1 if self.nodes else 0

    def shifted_by(self, first: str) -> ExpLinear:
        """The paths as they move with one parameter, their normals recovered by the density of the others."""
        if first not in self._shifted:
            scale = (MOVING, self._unrounded_spot) if first == "spot" else ("", 1.0)
            law = self._law("shift", first)
            self._shifted[first] = ExpLinear(_Open(law, self), [None, self._along(law)], self._spots, *scale)
        return self._shifted[first]

    def differentiate_laws(self, estimator: Estimator, mixes: bool, wanted: Collection[MultiIndex]) -> None:
        """Differentiates the laws that an estimator needs, before the payoff that depends on them."""
        kinds = {Estimator.PATHWISE: ("path",), Estimator.LIKELIHOOD: ("density",)}.get(estimator, ("path", "density"))
        for kind in kinds:
            self._law(kind).differentiate(wanted)
        if mixes:
            for first in self.parameters:
                shifted = [(MOVING, *others_of(index, first)) for index in wanted if first in index]
                if shifted:
                    self._law("shift", first).differentiate(shifted)

    def _law(self, kind: str, first: str = "") -> Law:
        return law_of(kind, self.n_dates, first, self.nodes)

    def _along(self, law: Law) -> Data:
        """Brownian motion, or on the clock of variance its increments with their own weights."""
        if not law.on_clock:
            return self._brownian

        def running(index: MultiIndex, dates: Dates) -> Array:
            index = tuple(sorted(index))
            if isinstance(dates, int):
                return self._array(WeightedNormals(law, index, 1, 0, dates + 1))
            start, stop, _ = dates.indices(self.n_dates)
            return self._array(RunningNormals(law, index, 1, start, stop), stop - start)

        return running

    def _weighted_sum(self, law: Law, row: int, power: int) -> Data:
        """The sum over all increments, but those that the coefficients leave out whatever the market."""

        def summed(index: MultiIndex, dates: Dates) -> Array:
            moving = law.increments(index, row)
            return self._array(WeightedNormals(law, tuple(sorted(index)), row, moving.start, moving.stop, power))

        return summed

    def _array(self, source: PathSource, *n_rows: int) -> Array:
        return self.sourced(source, np.ones((*n_rows, self.n_paths), self.dtype))

    @property
    def _brownian(self) -> Array:
        return self._array(BrownianMotion(), self.n_dates)

    def _spots(self, dates: Dates) -> Array:
        if isinstance(dates, int):
            return self._spot * self._array(Growth(dates))
        start, stop, _ = dates.indices(self.n_dates)
        return self._spot * self._array(Growths(start, stop), stop - start)


class Schedule(Protocol):
    """The dates of a simulation, then those of escrowed dividends: times in years, and weights of nodes to them.

    A date is given by its index, for a number, or by a slice of several, for an array of shape (n_dates, 1).
    """

    nodes: Nodes

    def time(self, date: Dates) -> Operand:
        """The time of a date in years."""

    def weight(self, node: str, date: Dates) -> Operand:
        """The weight of a node in the integral from today to a date."""


class KnownSchedule:
    """The schedule of a request, in known numbers."""

    def __init__(self, request: Request):
        self.nodes = request.market.nodes
        self._dates = np.array(request.schedule_dates)
        self._weights = request.market.weights(request.schedule_dates)

    def time(self, date: Dates) -> Operand:
        """The time of a date in years."""
        return _at(self._dates, date)

    def weight(self, node: str, date: Dates) -> Operand:
        """The weight of a node in the integral from today to a date."""
        return _at(self._weights[node], date)


def _at(numbers: NDArray[np.float64], date: Dates) -> Operand:
    return numbers[date][:, None] if isinstance(date, slice) else float(numbers[date])


class Path(ABC):
    """The underlying at the dates of a contract, of which the last is the expiry."""

    def __init__(self, leaves: Leaves, schedule: Schedule, underlying: Underlying):
        """``leaves`` are those by which dividends in cash are paid."""
        self.n_dates = underlying.n_dates
        self._schedule, self._underlying, self._paid = schedule, underlying, leaves

    @property
    def expiry(self) -> Operand:
        """Years to expiry, a number."""
        return self._schedule.time(self._underlying.place(-1))

    def accruals(self, leaves: Leaves, date: Dates = -1, since: int | None = None) -> Accruals:
        """Integrals of the market's parameters to a date, or to several, from the present or from another date."""
        place = self._underlying.place
        if since is not None:
            assert isinstance(date, int)
            return _between(leaves, self._schedule, place(since), place(date))
        if isinstance(date, int):
            return _accruals(leaves, self._schedule, place(date))
        if self._underlying.place(self.n_dates - 1) == self.n_dates - 1:
            return _accruals(leaves, self._schedule, date)
        rows = [slice(place(i), place(i) + 1) for i in range(date.start, date.stop)]
        return Accruals(
            leaves,
            concat([self._schedule.time(row) for row in rows]),
            self._schedule.nodes,
            lambda node: concat([self._schedule.weight(node, row) for row in rows]),
        )

    @property
    def is_proportional(self) -> bool:
        """True if the underlying at all dates is proportional to the first."""
        return self._underlying.is_proportional

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

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return self._underlying.spots(self._lognormal, self._paid, self._accruals_paid, dates, summed)

    def _accruals_paid(self, dates: Dates) -> Accruals:
        return _accruals(self._paid, self._schedule, dates)

    @abstractmethod
    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        """The lognormal at dates of the simulation."""


def _accruals(leaves: Leaves, schedule: Schedule, dates: Dates) -> Accruals:
    return Accruals(leaves, schedule.time(dates), schedule.nodes, lambda node: schedule.weight(node, dates))


def _between(leaves: Leaves, schedule: Schedule, since: int, date: int) -> Accruals:
    return Accruals(
        {**leaves, TIME: 0.0},
        schedule.time(date) - schedule.time(since),
        schedule.nodes,
        lambda node: schedule.weight(node, date) - schedule.weight(node, since),
    )


class PlainPath(Path):
    """A path of plain arrays in one market, without derivatives."""

    def __init__(self, data: PathData, request: Request, values: Leaves):
        super().__init__(values, KnownSchedule(request), underlying_of_request(request))
        self._data, self._start = data, data.motion.dtype(data.markets.values["spot"][0])

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        growth = self._data.growth(dates) if isinstance(dates, int) else self._data.growths[dates]
        spots = self._start * growth
        return spots.sum(axis=0) if summed else spots


class MovingPath(Path):
    """A path that moves with its leaves."""

    def __init__(self, leaves: Leaves, scenario: Scenario, schedule: Schedule, paid: Leaves | None = None):
        """``paid`` are the leaves by which dividends in cash are paid, where others move the path."""
        super().__init__(paid or leaves, schedule, scenario.dividends)
        self._scenario = scenario
        self._leaves = {name: leaves[name] for name in scenario.parameters}
        self._leaves["spot"] = self._start(leaves)

    def _start(self, leaves: Leaves) -> Operand:
        """The start of the lognormal."""
        return self._underlying.start(leaves, lambda dates: _accruals(leaves, self._schedule, dates))

    @property
    def ratios(self) -> Operand:
        if not self.is_proportional:
            return super().ratios
        timeless = {name: leaf for name, leaf in self._leaves.items() if name != TIME}
        spots = evaluate(self._scenario.underlying, timeless, slice(0, self.n_dates))
        return spots / spots[:1]

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, self._leaves, dates, summed)


class FrozenPath(MovingPath):
    """A path held fixed as data, with its density as a graph of the leaves.

    The path lies where the values of the parameters put it; only its probability moves with them.
    """

    @property
    def weight(self) -> Operand:
        """The path's density over its present value: 1, with the relative derivatives of the density."""
        return evaluate(self._scenario.density, self._leaves, self._scenario.density_date)

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, {}, dates, summed)


class ShiftedPath(FrozenPath):
    """A frozen path that moves with the leaf ``moving`` of the parameter ``first``.

    The normals are recovered from the fixed path by the other leaves, so that these do not move the path.
    """

    def __init__(self, leaves: Leaves, scenario: Scenario, schedule: Schedule, first: str, moving: Operand):
        super().__init__(leaves, scenario, schedule, {**leaves, first: moving})
        # A parameter of the contract moves the payoff and not the path.
        moves = first in scenario.parameters
        self._shifted = scenario.shifted_by(first) if moves else scenario.underlying
        at_path = self._start({**leaves, first: moving}) if first == "spot" else moving
        self._shift_leaves = {**self._leaves, MOVING: at_path} if moves else {}

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._shifted, self._shift_leaves, dates, summed)
