"""How errors fall with the number of paths, and how the bias grows with the width."""

from collections.abc import Iterator
from dataclasses import replace

from greeks_cli.engine.pilot import pilot_normals
from greeks_cli.engine.widths import automatic_kernels, pilot_kinks
from greeks_cli.run.local import run
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Estimate
from greeks_cli.terms.simulation import FEWEST_SOBOL_PATHS, Estimator, Sampler
from greeks_cli.terms.studies import Point

_RUNGS = (256, 64, 16, 4, 1)
_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)


def over_paths(request: Request, threads: int | None = None) -> Iterator[Point]:
    """Every Greek at five numbers of paths, each a quarter of the next."""
    sobol = request.simulation.sampler is Sampler.SOBOL
    fewest = FEWEST_SOBOL_PATHS if sobol else 1000
    for paths in sorted({max(fewest, request.simulation.paths // rung // 2 * 2) for rung in _RUNGS}):
        for estimate in run(_with(request, paths=paths), threads).estimates:
            yield _point("paths", estimate, paths, None)


def over_sobol_points(request: Request, threads: int | None = None) -> Iterator[Point]:
    """The same request on Sobol points, up to about as many. Raises MissingExtra without scipy."""
    most = max(FEWEST_SOBOL_PATHS, 1 << request.simulation.paths.bit_length() - 1)
    instead = _with(request, paths=most, sampler=Sampler.SOBOL, antithetic=False)
    yield from (replace(point, study="sobol") for point in over_paths(instead, threads))


def automatic_width(request: Request) -> float | None:
    """The width of the kink that the rule for the request's paths takes; None where nothing bends."""
    kernels = automatic_kernels(pilot_kinks(request, pilot_normals(request)), request.simulation.paths, 1.0)
    return min((float(kernel.widths[2]) for kernel in kernels), default=None)


def over_widths(request: Request, threads: int | None = None) -> Iterator[Point]:
    """Greeks of second and higher order by the plain softplus, at five widths around the automatic one."""
    usual = automatic_width(request)
    for factor in _FACTORS if usual else ():
        width = factor * (usual or 1.0)
        narrowed = _with(request, width=width, beta=None, smoothing="softplus", estimator=Estimator.PATHWISE)
        for estimate in run(narrowed, threads).estimates:
            if estimate.greek.order > 1:
                yield _point("width", estimate, request.simulation.paths, width)


def _with(request: Request, **settings: object) -> Request:
    simulation = type(request.simulation).model_validate(dict(request.simulation) | settings)
    return Request(request.contract, request.market, simulation, request.greeks)


def _point(study: str, estimate: Estimate, paths: int, width: float | None) -> Point:
    return Point(
        study, estimate.greek.name, paths, width, estimate.value, estimate.stderr, estimate.bias, estimate.exact
    )
