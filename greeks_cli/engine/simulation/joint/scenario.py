"""The differentiable view of the paths of one underlying among several."""

from collections.abc import Callable, Collection
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Coefficients, Dates, ExpLinear, WeightedData
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.gbm import knots
from greeks_cli.engine.simulation.joint.lognormals import OfUnderlying
from greeks_cli.engine.simulation.laws import Law
from greeks_cli.engine.simulation.scenario import Scenario, Sourced
from greeks_cli.engine.simulation.sources import (
    Bridge,
    BrownianMotion,
    Coefficient,
    PathSource,
    RunningNormals,
    WalkBridge,
    WeightedNormals,
)
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator
from greeks_cli.terms.underlyings import correlated, is_correlation, local, underlying_of


def sourced_of(sourced: Sourced, part: int) -> Sourced:
    """Makes operands of the sources of one underlying."""

    def of_part(source: object, sample: Operand, is_flat: bool | None = None) -> Operand:
        own = source.replaced(part=part) if isinstance(source, Coefficient) else OfUnderlying(source, part)  # type: ignore[arg-type]
        return sourced(own, sample) if is_flat is None else sourced(own, sample, is_flat=is_flat)

    return of_part


class PartScenario(Scenario):
    """The differentiable view of the paths of one underlying among several."""

    def __init__(
        self,
        request: Request,
        number: int,
        n_paths: int,
        dtype: type[np.floating],
        sourced: Sourced,
        spot: Operand,
        unrounded_spot: Operand,
    ):
        """``request`` is that of all underlyings, of which this is one by its ``number``."""
        super().__init__(request.parts[number], n_paths, dtype, sourced_of(sourced, number), spot, unrounded_spot)
        names = request.joint_market.names
        self._number, self._sourced_of_all, self.name = number, sourced, names[number]
        self._live, self._is_lognormal = False, request.market.is_lognormal
        pairs = (name for name in request.values if is_correlation(name))
        self.correlations = tuple(name for name in pairs if all(names.index(one) <= number for one in correlated(name)))
        """The correlations that the Brownian motion depends on, as a row of the Cholesky factor does."""
        self.parameters = (*self.parameters, *self.correlations)

    @cached_property
    def underlying(self) -> ExpLinear:
        if not self._live:
            return super().underlying
        law, n = self._law("path"), self.n_dates
        coefficients = _InCorrelations(self._coefficients(law))
        pairs = [(here, after) for after, here in pairwise(knots(n))]
        if law.on_clock:
            along: WeightedData = _CorrelatedWalk(law, self)
            later = [
                self._correlated(WeightedNormals(law, (), 1, 0, n)),
                *(self._correlated(WalkBridge(*p)) for p in pairs),
            ]
        else:
            brownian = self._correlated(BrownianMotion(), n)
            along = _Correlated(coefficients, 1, brownian)
            later = [lambda correlations: brownian(correlations)[-1], *(self._correlated(Bridge(*p)) for p in pairs)]
        data = [_Correlated(coefficients, row, array) for row, array in enumerate(later, start=2)]
        return ExpLinear(coefficients, [None, along, *data], self._spots, "spot", self.unrounded_spot)

    def common(self, source: PathSource, *n_rows: int) -> Array:
        return self._sourced_of_all(source, np.ones((*n_rows, self.n_paths), self.dtype))

    def _coefficients(self, law: Law) -> Coefficients:
        found = super()._coefficients(law)
        return _HeldFixed(found) if law.kind == "shift" else found

    def walk(self, source: PathSource, correlations: MultiIndex, *n_rows: int) -> Array:
        return self._correlated(source, *n_rows)(correlations)

    def _correlated(self, source: PathSource, *n_rows: int) -> "_OfCorrelations":
        """The derivatives of an array of the Brownian motion in correlations."""

        def array(correlations: MultiIndex) -> Array:
            own = OfUnderlying(source, self._number, correlations)
            return self._sourced_of_all(own, np.ones((*n_rows, self.n_paths), self.dtype))

        return array

    def differentiate_laws(self, estimator: Estimator, mixes: bool, wanted: Collection[MultiIndex]) -> None:
        if not self._is_lognormal:
            return
        self._live = any(name in self.correlations for index in wanted for name in index)
        own = {
            tuple(
                local(name) for name in index if underlying_of(name) in (None, self.name) and not is_correlation(name)
            )
            for index in wanted
        }
        super().differentiate_laws(estimator, mixes, own - {()})


_OfCorrelations = Callable[[MultiIndex], Array]
"""The derivative of an array in some correlations."""


class _InCorrelations(Coefficients):
    """Coefficients whose derivatives in correlations are those of the data that they multiply."""

    def __init__(self, plain: Coefficients):
        self._plain = plain

    def pattern(self, index: MultiIndex) -> NDArray[np.bool_] | None:
        found = self._plain.pattern(_plain(index))
        if found is None or not any(map(is_correlation, index)):
            return found
        found = found.copy()
        found[0] = False  # the mean has no Brownian motion
        return found if found.any() else None

    def number(self, index: MultiIndex, row: int, date: int, rounded: bool) -> Operand:
        return self._plain.number(_plain(index), row, date, rounded)

    def column(self, index: MultiIndex, row: int, dates: slice) -> Operand:
        return self._plain.column(_plain(index), row, dates)

    def vector(self, index: MultiIndex, row: int, dates: slice) -> Operand:
        return self._plain.vector(_plain(index), row, dates)


class _HeldFixed(_InCorrelations):
    """Coefficients of a path whose Brownian motion is recovered from a fixed path, so that no correlation moves it."""

    def pattern(self, index: MultiIndex) -> NDArray[np.bool_] | None:
        return None if any(map(is_correlation, index)) else super().pattern(index)


class _Correlated(WeightedData):
    """Data of the Brownian motion, which correlations move."""

    def __init__(self, coefficients: Coefficients, row: int, array: _OfCorrelations):
        self._coefficients, self._row, self._array = coefficients, row, array

    def at(self, index: MultiIndex, dates: Dates) -> Array:
        data = self._array(tuple(name for name in index if is_correlation(name)))
        if isinstance(dates, int):
            weight = self._coefficients.number(index, self._row, dates, rounded=False)
        else:
            weight = self._coefficients.column(index, self._row, dates)
        found: Array = weight * (data[dates] if data.ndim == 2 else data)
        return found


class _CorrelatedWalk(WeightedData):
    """Running sums of the increments' normals, each with its weight, which correlations move."""

    def __init__(self, law: Law, scenario: PartScenario):
        self._law, self._scenario = law, scenario

    def at(self, index: MultiIndex, dates: Dates) -> Array:
        correlations = tuple(name for name in index if is_correlation(name))
        plain, scenario = tuple(sorted(_plain(index))), self._scenario
        if isinstance(dates, int):
            return scenario.walk(WeightedNormals(self._law, plain, 1, 0, dates + 1), correlations)
        start, stop, _ = dates.indices(scenario.n_dates)
        return scenario.walk(RunningNormals(self._law, plain, 1, start, stop), correlations, stop - start)


def _plain(index: MultiIndex) -> MultiIndex:
    """The index without correlations."""
    return tuple(name for name in index if not is_correlation(name))
