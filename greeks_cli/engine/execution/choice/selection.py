"""Selection of the estimator of each Greek, by a few pilot paths.

No method is best everywhere. Conditional estimates are unbiased and mostly least noisy, at a width that depends on the
Greek. Over several dates their density is noisy for orders in vol, where pathwise estimates are not. So the methods
that apply to a Greek are compared on pilot paths, and the method of least total error is taken. Pathwise estimates,
whose bias is only measured, are not compared at one date, and not where kinks are tangled.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.backends.select import processor
from greeks_cli.engine.estimators.bandwidth import Kink, pilot_kinks
from greeks_cli.engine.estimators.methods import Method
from greeks_cli.engine.estimators.scales import size_of
from greeks_cli.engine.execution.choice.candidates import candidates_of, fixed_width
from greeks_cli.engine.execution.choice.least_error import Errors, Group, chosen, grouped
from greeks_cli.engine.execution.chunks import Stacked
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.engine.execution.regression import SHARE_OF_ROUNDING
from greeks_cli.engine.execution.traced import Traced, traced
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.engine.simulation.any_market import AnyMarkets, AnyPathData, data_of, markets_of
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.normals import PILOT, standard_normals
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype

_FEWEST_PATHS, _MOST_PATHS = 2048, 16384
_MOST_KEPT = 1 << 14
"""Normals of a pilot that is kept, at most."""
_MOST_NORMALS = 1 << 21
"""Normals of a pilot: a contract of thousands of dates has fewer paths."""


class Choice(NamedTuple):
    """The method of each Greek, with the traces and the kinks of the payoff."""

    groups: tuple[Group, ...]
    traced: Traced
    kinks: tuple[Kink, ...]


@dataclass(frozen=True, slots=True)
class Pilot:
    """A few paths of a request, and the methods to be compared on them."""

    request: Request
    motion: Motion
    kinks: tuple[Kink, ...]
    candidates: Mapping[MultiIndex, tuple[Method, ...]]
    traced: Traced
    numbers: Numbers
    """The open numbers of the request."""

    @classmethod
    def of_all(cls, requests: Sequence[Request]) -> list[Self]:
        """The pilot of each request; requests of the same dates share normals."""
        markets = _markets(requests)
        paths: dict[Hashable, dict[Hashable, list[int]]] = {}
        for number, request in enumerate(requests):
            grid = Grid.usual(request)
            of_paths = paths.setdefault((request.path_dates, grid, _drawn(request, grid)), {})
            of_paths.setdefault(request.market, []).append(number)
        found: dict[int, Self] = {}
        for of_market in paths.values():
            motion = pilot_motion(requests[next(iter(of_market.values()))[0]])
            for numbers in of_market.values():
                data = data_of(motion, markets[numbers[0]])
                for number in numbers:
                    request = requests[number]
                    kinks = tuple(pilot_kinks(request, data))
                    candidates = candidates_of(request, kinks)
                    own = traced(request, candidates)
                    found[number] = cls(request, motion, kinks, candidates, own, Numbers([request], markets[number]))
        return [found[number] for number in range(len(requests))]

    def choice(self, errors: Errors) -> Choice:
        """The method of each Greek: of least error, or of little more where that saves a graph.

        Requests that differ in numbers alone have the same candidates. Given the sum of their errors, all choose the
        same methods: a curve whose method changes on the way jumps by the noise.
        """
        methods = chosen(self.candidates, errors)
        return Choice(grouped(self.request.contract, methods), self.traced, self.kinks)


@np.errstate(all="ignore")  # non-finite numbers are reported with the estimate
def choose_controls(request: Request, groups: Sequence[Group], motion: Motion) -> dict[MultiIndex, MultiIndex]:
    """For every Greek, the derivative of the control that correlates most on pilot paths: the Greek's, or the value.

    Many derivatives of the underlying are constant, such as its gamma, and control nothing.
    """
    request = in_float64(request)
    control, numbers = control_of(request), Numbers([request])
    stacked = Stacked(numbers, motion)
    best: dict[MultiIndex, MultiIndex] = {}
    for group in groups:
        method, widths = group.method, widths_of([group.method])
        of_greeks = traced(request, dict.fromkeys(group.wanted, (method,)))
        wanted = tuple(dict.fromkeys(((), *group.wanted)))
        own = stacked.run(of_greeks.simplified(method.pattern, numbers), widths)
        other = stacked.run(of_greeks.of_control(control, method, wanted, numbers), widths)
        for index in group.wanted:
            shared = {i: _shared_variance(own[index], other[i], size_of(request, i)) for i in (index, ())}
            best[index] = max(shared, key=shared.__getitem__)
    return best


def _shared_variance(x: NDArray[np.floating], y: NDArray[np.floating], size: float) -> float:
    """The squared correlation; 0 where either only varies by rounding. ``size`` is that of y."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:  # the same on every path
        return 0.0
    least = SHARE_OF_ROUNDING * np.abs(x).max(), SHARE_OF_ROUNDING * max(np.abs(y).max(), size)
    if x.std() <= least[0] or y.std() <= least[1]:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1] ** 2)


def _markets(requests: Sequence[Request]) -> list[AnyMarkets]:
    """The market of each request, with the coefficients of its path, which are computed for all requests at once."""
    by_count: dict[Hashable, list[int]] = {}
    for number, request in enumerate(requests):
        by_count.setdefault((len(request.path_dates), request.by_place.market.structure), []).append(number)
    found: dict[int, AnyMarkets] = {}
    for numbers in by_count.values():
        together = markets_of([requests[number].by_place for number in numbers])
        found |= {number: together.some(slice(i, i + 1)) for i, number in enumerate(numbers)}
    return [found[number] for number in range(len(requests))]


def in_float64(request: Request) -> Request:
    """The request in the type of pilot paths."""
    if request.simulation.dtype is Dtype.FLOAT64:
        return request
    simulation = request.simulation.model_copy(update={"dtype": Dtype.FLOAT64})
    return replace(request, simulation=simulation)


def pilot_motion(request: Request, grid: Grid | None = None, factor: int = 1) -> Motion:
    """Pilot normals, one increment per date for any number of steps: they only choose the settings.

    ``grid`` is by default that of the usual time steps; ``factor`` is that on the number of paths.
    """
    grid = grid or Grid.usual(request)
    seed, n_rows, n_paths = _drawn(request, grid)
    n_paths *= factor
    device = processor(request.simulation)
    if device is HOST and n_rows * n_paths <= _MOST_KEPT and not grid.is_extended:
        return _kept_motion(request.path_dates, seed, n_paths, grid)
    normals = standard_normals(seed, PILOT, 0, (1,) * n_rows, n_paths, np.float64, device)
    return Motion(request.path_dates, normals, grid)


@lru_cache(16)
def _kept_motion(dates: tuple[float, ...], seed: int, n_paths: int, grid: Grid) -> Motion:
    """Pilot normals of later requests of the same seed and dates, with all that does not depend on their markets."""
    return Motion(dates, standard_normals(seed, PILOT, 0, (1,) * grid.n_rows, n_paths, np.float64), grid)


def pilot_data(request: Request) -> AnyPathData:
    """The pilot paths of a request in its market."""
    return data_of(pilot_motion(request), Numbers([request]).markets)


def _drawn(request: Request, grid: Grid) -> tuple[int, int, int]:
    """The seed of a pilot's normals, the number of normals of a path, and the number of paths."""
    simulation = request.simulation
    wanted = simulation.paths // 32 if fixed_width(request) is None else 0
    n_rows = grid.n_rows
    most = _MOST_NORMALS // (n_rows * grid.n_stepped)  # several variances have a sum for each pair
    n_paths = min(_MOST_PATHS, max(_FEWEST_PATHS, wanted), max(256, most))
    return simulation.seed, n_rows, n_paths
