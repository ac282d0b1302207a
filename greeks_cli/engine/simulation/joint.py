"""Several lognormal underlyings: each moves in its own market, on Brownian motions that are correlated.

Independent normals become correlated ones by the Cholesky factor of the correlations. So an underlying's path is that
of one underlying on its own Brownian motion, and a derivative in a correlation is that path's along the derivative of
its Brownian motion.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Coefficients, Dates, ExpLinear, WeightedData
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.cholesky import Rows, factor
from greeks_cli.engine.simulation.gbm import anchors
from greeks_cli.engine.simulation.laws import Law
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.scenario import Scenario, Sourced
from greeks_cli.engine.simulation.sources import Bridge, BrownianMotion, Coefficient, PathSource
from greeks_cli.terms.joint_market import matrix_of
from greeks_cli.terms.models import Model
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator
from greeks_cli.terms.underlyings import CORRELATION, correlated, local, underlying_of


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
    def model(self) -> Model:
        """The model of all underlyings."""
        return self.parts[0].model

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
        (own,) = self._correlations
        matrix = matrix_of(self.names, own)
        places = tuple(sorted(self._place(name) for name in correlations))
        return factor(tuple(map(tuple, matrix.tolist())), places)

    def _place(self, correlation: str) -> tuple[int, int]:
        one, other = (self.names.index(name) for name in correlated(correlation))
        return max(one, other), min(one, other)


def _correlations(values: Mapping[str, float]) -> dict[str, float]:
    named = {name[len(CORRELATION) + 1 : -1]: value for name, value in values.items() if _is_correlation(name)}
    return dict(sorted(named.items()))


def values_of_part(values: Mapping[str, Operand], underlying: str) -> dict[str, Operand]:
    """The values of one underlying's parameters, by their names in its own market; correlations as they are."""
    return {local(name): value for name, value in values.items() if underlying_of(name) in (None, underlying)}


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
        normals = np.zeros((n_dates, motion.n_paths), dtype, like=motion.normals)
        for k, weight in enumerate(row[: number + 1]):
            if weight:
                normals += dtype(weight) * motion.normals[k * n_dates : (k + 1) * n_dates]
        return Motion(motion.dates, normals)


@dataclass(frozen=True)
class OfUnderlying(PathSource):
    """The array of one underlying among several, or its derivative in some correlations."""

    source: PathSource
    part: int
    correlations: MultiIndex = ()
    of_market: ClassVar[bool] = True
    is_row: ClassVar[bool] = False

    def of(self, data: JointPathData) -> Array:
        return self.source.of(data.part(self.part, self.correlations))


def sourced_of(sourced: Sourced, part: int) -> Sourced:
    """Makes operands of the sources of one underlying."""

    def of_part(source: object, sample: Operand, is_flat: bool | None = None) -> Operand:
        own = replace(source, part=part) if isinstance(source, Coefficient) else OfUnderlying(source, part)  # type: ignore[arg-type]
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
        self._live = False
        pairs = (name for name in request.values if _is_correlation(name))
        self.correlations = tuple(name for name in pairs if all(names.index(one) <= number for one in correlated(name)))
        """The correlations that the Brownian motion depends on, as a row of the Cholesky factor does."""
        self.parameters = (*self.parameters, *self.correlations)

    @cached_property
    def underlying(self) -> ExpLinear:
        if not self._live:
            return super().underlying
        law, brownian = self._law("path"), self._correlated(BrownianMotion(), self.n_dates)
        coefficients = _InCorrelations(self._coefficients(law))
        bridges = (self._correlated(Bridge(here, after)) for after, here in pairwise(anchors(self.n_dates)))
        arrays: list[_OfCorrelations] = [brownian, lambda correlations: brownian(correlations)[-1], *bridges]
        data = [_Correlated(coefficients, row, array) for row, array in enumerate(arrays, start=1)]
        return ExpLinear(coefficients, [None, *data], self._spots, "spot", self.unrounded_spot)

    def _coefficients(self, law: Law) -> Coefficients:
        found = super()._coefficients(law)
        return _HeldFixed(found) if law.kind == "shift" else found

    def _correlated(self, source: PathSource, *n_rows: int) -> "_OfCorrelations":
        """The derivatives of an array of the Brownian motion in correlations."""

        def array(correlations: MultiIndex) -> Array:
            own = OfUnderlying(source, self._number, correlations)
            return self._sourced_of_all(own, np.ones((*n_rows, self.n_paths), self.dtype))

        return array

    def differentiate_laws(self, estimator: Estimator, mixes: bool, wanted: Collection[MultiIndex]) -> None:
        self._live = any(name in self.correlations for index in wanted for name in index)
        own = {
            tuple(
                local(name) for name in index if underlying_of(name) in (None, self.name) and not _is_correlation(name)
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
        if found is None or not any(map(_is_correlation, index)):
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
        return None if any(map(_is_correlation, index)) else super().pattern(index)


class _Correlated(WeightedData):
    """Data of the Brownian motion, which correlations move."""

    def __init__(self, coefficients: Coefficients, row: int, array: _OfCorrelations):
        self._coefficients, self._row, self._array = coefficients, row, array

    def at(self, index: MultiIndex, dates: Dates) -> Array:
        data = self._array(tuple(name for name in index if _is_correlation(name)))
        if isinstance(dates, int):
            weight = self._coefficients.number(index, self._row, dates, rounded=False)
        else:
            weight = self._coefficients.column(index, self._row, dates)
        found: Array = weight * (data[dates] if data.ndim == 2 else data)
        return found


def _plain(index: MultiIndex) -> MultiIndex:
    """The index without correlations."""
    return tuple(name for name in index if not _is_correlation(name))


def _is_correlation(name: str) -> bool:
    return name.startswith(CORRELATION)
