"""Curves of a request along the spot, as cheap as they can be."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

from greeks_cli.analytic.closed_forms import exact_at_spots
from greeks_cli.run.profile import profile
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.axis import Axis
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.sketch import Curve, Sketch

_POINTS, _SIMULATED_POINTS = 41, 25
"""Odd, so that today's spot is among them."""
_PATHS = 4096
_MOST = 6
"""Curves of a request."""
_DEVIATIONS, _NARROWEST, _WIDEST = 2.5, 0.05, 0.6


def spots_around(request: Request, count: int = _POINTS) -> tuple[float, ...]:
    """Equally spaced spots around today's, out to where the underlying may well be at expiry."""
    spot = request.market.spot
    reach = _DEVIATIONS * request.market.vol * sqrt(request.contract.expiry)
    reach = spot * min(_WIDEST, max(_NARROWEST, reach))
    middle = count // 2
    return tuple(float(f"{spot + reach * (i - middle) / middle:.12g}") for i in range(count))


def closed_curves(request: Request, spots: Sequence[float]) -> dict[Greek, Curve]:
    """The first few Greeks of a request whose closed form is known at all the spots."""
    wanted = request.greeks[:_MOST]
    found = zip(wanted, exact_at_spots(request, wanted, spots), strict=True)
    return {greek: Curve(greek, line, line, line, simulated=False) for greek, line in found if line is not None}


def sketch(request: Request, simulate: bool, threads: int | None = None) -> Sketch:
    """The curves of closed form and, where that is wanted, the others by simulation.

    Raises GreeksError where a simulation comes to nothing.
    """
    spots = spots_around(request)
    known = closed_curves(request, spots)
    missing = [greek for greek in request.greeks[:_MOST] if greek not in known]
    if not missing or not simulate:
        return Sketch(spots, tuple(known.values()), 0)
    spots = spots_around(request, _SIMULATED_POINTS)
    known = closed_curves(request, spots)
    found, paths = _simulated(request, missing, spots, threads)
    known |= {curve.greek: curve for curve in found}
    return Sketch(spots, tuple(known[greek] for greek in request.greeks[:_MOST]), paths)


def _simulated(
    request: Request, greeks: Sequence[Greek], spots: tuple[float, ...], threads: int | None
) -> tuple[list[Curve], int]:
    """Curves by simulation, and on how many paths."""
    paths = min(_PATHS, request.simulation.paths)
    shorter = replace(
        request,
        simulation=request.simulation.model_copy(update={"paths": paths}),
        greeks=tuple(greeks),
        accuracy=Accuracy(),
    )
    found = profile(shorter, [Axis("spot", spots)], threads)
    curves = []
    for greek in greeks:
        line = found.estimates(greek)
        curves.append(
            Curve(
                greek,
                tuple(one.value for one in line),
                tuple(one.low - one.bias for one in line),
                tuple(one.high + one.bias for one in line),
                simulated=True,
                doubtful=tuple(number for number, one in enumerate(line) if one.warning),
            )
        )
    return curves, paths
