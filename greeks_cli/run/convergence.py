"""Convergence studies: errors against the number of paths, and bias against the width."""

from collections.abc import Iterator
from dataclasses import replace

from greeks_cli.engine.estimators.bandwidth import automatic_kernels, pilot_kinks
from greeks_cli.engine.execution.choice.selection import pilot_data
from greeks_cli.run.price import run
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Estimate, Progress
from greeks_cli.terms.results.studies import Point
from greeks_cli.terms.simulation import FEWEST_SOBOL_PATHS, MIN_PATHS, Estimator, Sampler, Simulation

_RUNGS = (256, 64, 16, 4)
_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def over_paths(request: Request, threads: int | None = None, progress: Progress | None = None) -> Iterator[Point]:
    """Every Greek at up to five numbers of paths, each a quarter of the next, the last the request's.

    ``progress`` is the argument of ``run``, here and below.
    """
    for paths in _rungs(request.simulation):
        for estimate in run(_with(request, paths=paths), threads, progress).estimates:
            yield _point("paths", estimate, paths, None)


def _rungs(simulation: Simulation) -> list[int]:
    fewest = FEWEST_SOBOL_PATHS if simulation.sampler is Sampler.SOBOL else MIN_PATHS
    shorter = (simulation.paths // rung // 2 * 2 for rung in _RUNGS)
    return [*(paths for paths in shorter if paths >= fewest), simulation.paths]


def over_sobol_points(
    request: Request, threads: int | None = None, progress: Progress | None = None
) -> Iterator[Point]:
    """Every Greek as in ``over_paths`` on Sobol points, up to a power of two; no points where that is too few.

    Raises MissingExtra without scipy.
    """
    most = 1 << request.simulation.paths.bit_length() - 1
    if most >= FEWEST_SOBOL_PATHS:
        instead = _with(request, paths=most, sampler=Sampler.SOBOL, antithetic=False)
        yield from (replace(point, study="sobol") for point in over_paths(instead, threads, progress))


def automatic_width(request: Request) -> float | None:
    """The least automatic width of the payoff's kinks at the request's paths; None without a kink."""
    kernels = automatic_kernels(pilot_kinks(request, pilot_data(request)), request.simulation.paths, 1.0, 2)
    return min((float(kernel.widths[2]) for kernel in kernels), default=None)


def over_widths(request: Request, threads: int | None = None, progress: Progress | None = None) -> Iterator[Point]:
    """Greeks of second and higher order by the plain softplus, at five widths around the automatic one."""
    usual = automatic_width(request)
    for factor in _FACTORS if usual else ():
        width = factor * (usual or 1.0)
        narrowed = _with(request, width=width, beta=None, smoothing="softplus", estimator=Estimator.PATHWISE)
        for estimate in run(narrowed, threads, progress).estimates:
            if estimate.greek.order > 1:
                yield _point("width", estimate, request.simulation.paths, width)


def _with(request: Request, **settings: object) -> Request:
    simulation = type(request.simulation).model_validate(dict(request.simulation) | {"closed_form": False} | settings)
    return replace(request, simulation=simulation, accuracy=Accuracy())


def _point(study: str, estimate: Estimate, paths: int, width: float | None) -> Point:
    return Point(
        study, estimate.greek.name, paths, width, estimate.value, estimate.stderr, estimate.bias, estimate.exact
    )
