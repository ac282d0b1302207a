"""The differentiable view of some paths: exp-linear quantities whose data are sources of a trace."""

from collections.abc import Callable, Collection
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Coefficients, Data, Dates, ExpLinear, WeightedData
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.cash_dividends import underlying_of_request
from greeks_cli.engine.simulation.gbm import MOVING, knots, parameters_of
from greeks_cli.engine.simulation.laws import Law, law_of
from greeks_cli.engine.simulation.models.conditional import integrates
from greeks_cli.engine.simulation.sources import (
    AllNormals,
    Bridge,
    BrownianMotion,
    Coefficient,
    Exponentials,
    FirstIncrement,
    Growth,
    Growths,
    JoinedDates,
    JumpCounts,
    Latent,
    LaterIncrements,
    LaterSquares,
    Logarithms,
    Normals,
    NormalsOfJumps,
    PathSource,
    RunningNormals,
    WalkBridge,
    WeightedNormals,
)
from greeks_cli.terms.markets.models import Model
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
        n_dates, nodes = len(request.path_dates), request.sole_market.nodes
        self.n_dates, self.nodes, self.n_paths, self.dtype = n_dates, nodes, n_paths, dtype
        self.parameters = parameters_of(nodes)
        self.correlations: tuple[str, ...] = ()
        self.model, self.integrates = request.sole_market.model, integrates(request)
        self.bridges = request.bridges
        self.sourced, self.spot, self.unrounded_spot = sourced, spot, unrounded_spot
        self._shifted: dict[str, ExpLinear] = {}

    @cached_property
    def underlying(self) -> ExpLinear:
        """The paths as they move with the parameters."""
        law, pairs = self._law("path"), [(here, after) for after, here in pairwise(knots(self.n_dates))]
        if law.on_clock:
            end = self.array(WeightedNormals(law, (), 1, 0, self.n_dates))
            at_knots = [end, *(self.array(WalkBridge(*pair)) for pair in pairs)]
        else:
            at_knots = [self._brownian[-1], *(self.array(Bridge(*pair)) for pair in pairs)]
        return ExpLinear(
            self._coefficients(law), [None, self._along(law), *at_knots], self._spots, "spot", self.unrounded_spot
        )

    @cached_property
    def density(self) -> ExpLinear:
        """The probability density of the paths over its present value; later dates enter by two sums."""
        law = self._law("density")
        one = np.broadcast_to(self.dtype(1), (self.n_paths,))
        if law.weighted:
            sums = [_Sum(law, self, row) for row in (1, 2)]
            return ExpLinear(self._coefficients(law), [None, *sums], lambda dates: one)
        first = self.array(Normals(0) if self.nodes else FirstIncrement())
        data: list[Data] = [None, first, first * first]
        if self.n_dates > 1:
            data += [self.array(LaterIncrements()), self.array(LaterSquares())]
        return ExpLinear(self._coefficients(law), data, lambda dates: one)

    @property
    def density_date(self) -> int:
        """The date at which the density is that of the whole path."""
        return self.n_dates - 1 if self.nodes else 0

    def latent(self, kind: str, name: str, index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths)."""
        return self.array(Latent(kind, name, index), self.n_dates)

    @property
    def of_variance(self) -> Collection[str]:
        """The parameters that a random variance depends on."""
        from greeks_cli.engine.simulation.models.heston import PARAMETERS  # other models need no steps

        return PARAMETERS

    @property
    def jump_counts(self) -> Array:
        """The number of jumps between dates, shape (n_dates, n_paths)."""
        return self.array(JumpCounts(), self.n_dates)

    @property
    def joined(self) -> Array:
        """1 at every date that lies within a bridge, shape (n_dates, n_paths)."""
        return self.array(JoinedDates(), self.n_dates)

    @property
    def of_jumps(self) -> Array:
        """The standard normals of the sizes of jumps, shape (n_dates, n_paths)."""
        return self.array(NormalsOfJumps(), self.n_dates)

    @property
    def exponentials(self) -> Array:
        """Standard exponentials by which the extreme of each interval is drawn, shape (n_dates, n_paths)."""
        return self.array(Exponentials(), self.n_dates)

    @property
    def logarithms(self) -> Array:
        """The logarithm of the lognormal over its start, under a model, shape (n_dates, n_paths)."""
        return self.array(Logarithms(), self.n_dates)

    @property
    def normals(self) -> Array:
        """The standard normals of the increments, shape (n_dates, n_paths)."""
        return self.array(AllNormals(self.n_dates), self.n_dates)

    def shifted_by(self, first: str) -> ExpLinear:
        """The paths as they move with one parameter, their normals recovered by the density of the others."""
        if first not in self._shifted:
            scale = (MOVING, self.unrounded_spot) if first == "spot" else ("", 1.0)
            law = self._law("shift", first)
            self._shifted[first] = ExpLinear(self._coefficients(law), [None, self._along(law)], self._spots, *scale)
        return self._shifted[first]

    def differentiate_laws(self, estimator: Estimator, mixes: bool, wanted: Collection[MultiIndex]) -> None:
        """Differentiates the laws that an estimator needs, before the payoff that depends on them."""
        if self.model is not Model.GBM:
            return
        kinds = {Estimator.PATHWISE: ("path",), Estimator.LIKELIHOOD: ("density",)}.get(estimator, ("path", "density"))
        for kind in kinds:
            self._law(kind).differentiate(wanted)
        if mixes:
            for first in self.parameters:
                shifted = [(MOVING, *others_of(index, first)) for index in wanted if first in index]
                if shifted:
                    self._law("shift", first).differentiate(shifted)

    def _coefficients(self, law: Law) -> Coefficients:
        return _Open(law, self)

    def _law(self, kind: str, first: str = "") -> Law:
        return law_of(kind, self.n_dates, first, self.nodes)

    def _along(self, law: Law) -> Data:
        """Brownian motion, or on the clock of variance its increments with their own weights."""
        return _Walk(law, self) if law.on_clock else self._brownian

    def array(self, source: PathSource, *n_rows: int) -> Array:
        """The traced array of a source, shape (n_paths,), or (n_rows, n_paths)."""
        return self.sourced(source, np.ones((*n_rows, self.n_paths), self.dtype))

    def walk(self, source: PathSource, correlations: MultiIndex, *n_rows: int) -> Array:
        """A derivative in some correlations of an array of the increments' normals."""
        return self.array(source, *n_rows)

    def common(self, source: PathSource, *n_rows: int) -> Array:
        """The traced array of a source of all underlyings."""
        return self.array(source, *n_rows)

    @property
    def _brownian(self) -> Array:
        return self.array(BrownianMotion(), self.n_dates)

    def _spots(self, dates: Dates) -> Array:
        if isinstance(dates, int):
            return self.spot * self.array(Growth(dates))
        start, stop, _ = dates.indices(self.n_dates)
        return self.spot * self.array(Growths(start, stop), stop - start)


class _Walk(WeightedData):
    """Running sums of the increments' normals, each with its weight."""

    def __init__(self, law: Law, scenario: Scenario):
        self._law, self._scenario = law, scenario

    def at(self, index: MultiIndex, dates: Dates) -> Array:
        index = tuple(sorted(index))
        if isinstance(dates, int):
            return self._scenario.array(WeightedNormals(self._law, index, 1, 0, dates + 1))
        start, stop, _ = dates.indices(self._scenario.n_dates)
        return self._scenario.array(RunningNormals(self._law, index, 1, start, stop), stop - start)

    def total(self, index: MultiIndex, dates: slice, factor: Array) -> Array:
        # An increment enters all dates from its own on: the sums of their factors serve every derivative.
        start, stop, _ = dates.indices(self._scenario.n_dates)
        later = np.cumsum(factor[::-1], axis=0)[::-1]
        if start:
            later = np.concatenate([later[:1]] * start + [later])
        normals = self._scenario.array(AllNormals(stop), stop)
        weights = _Open(self._law, self._scenario).vector(index, 1, slice(0, stop))
        return np.einsum("t,tn->n", weights, normals * later)


class _Sum(WeightedData):
    """The sum over all increments of their normals' powers, but those that no market moves."""

    def __init__(self, law: Law, scenario: Scenario, row: int):
        self._law, self._scenario, self._row = law, scenario, row

    def at(self, index: MultiIndex, dates: Dates) -> Array:
        moving = self._law.increments(index, self._row)
        source = WeightedNormals(self._law, tuple(sorted(index)), self._row, moving.start, moving.stop, power=self._row)
        return self._scenario.array(source)
