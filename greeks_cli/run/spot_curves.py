"""Curves of a request along the spot: closed forms where they exist, few paths elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

from greeks_cli.analytic.closed_forms import exact_at_spots
from greeks_cli.run.profile import profile
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.axis import Axis
from greeks_cli.terms.greek import PRICE, Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.spot_curves import Curve, SpotCurves
from greeks_cli.terms.underlyings import named, underlyings_in

_POINTS, _SIMULATED_POINTS = 41, 25
"""Points of a curve by closed form and by simulation; odd, so that today's spot is one of them."""
_PATHS = 4096
_MOST = 6
"""Curves of a request, at most."""
_MOST_UNDERLYINGS, _MOST_OF_ONE = 3, 3
"""Underlyings along whose spots there are curves, and Greeks of each, at most."""
_DEVIATIONS, _NARROWEST, _WIDEST = 2.5, 0.05, 0.6
_ABOVE_DIVIDENDS = 0.9
"""The share of the price above the value of dividends that a curve goes down, at most."""


def spots_around(request: Request, count: int = _POINTS) -> tuple[float, ...]:
    """Equally spaced spots around today's, out to 2.5 standard deviations at expiry, within 5% to 60% of the spot."""
    spot = request.sole_market.spot
    reach = _DEVIATIONS * request.flat_market.vol * sqrt(request.contract.expiry)
    reach = spot * min(_WIDEST, max(_NARROWEST, reach))
    reach = min(reach, _ABOVE_DIVIDENDS * (spot - request.sole_market.worth_of_dividends(request.contract.expiry)))
    middle = count // 2
    return tuple(float(f"{spot + reach * (i - middle) / middle:.12g}") for i in range(count))


def closed_curves(request: Request, spots: Sequence[float]) -> dict[Greek, Curve]:
    """Curves of the first Greeks of a request that have a closed form at every spot."""
    wanted = request.greeks[:_MOST]
    found = zip(wanted, exact_at_spots(request, wanted, spots), strict=True)
    return {greek: Curve(greek, line, line, line, simulated=False) for greek, line in found if line is not None}


def curves_along_spots(request: Request, simulate: bool, threads: int | None = None) -> tuple[SpotCurves, ...]:
    """Curves along the spot of each underlying, of several the first; none where there would be no curve.

    Raises GreeksError when the simulation fails.
    """
    if not request.is_joint:
        found = spot_curves(request, simulate, threads)
        return (found,) if found.curves else ()
    names = request.joint_market.names[:_MOST_UNDERLYINGS]
    return tuple(_of_several(request, number, name, threads) for number, name in enumerate(names)) if simulate else ()


def _of_several(request: Request, number: int, name: str, threads: int | None) -> SpotCurves:
    """Curves of the price and of the Greeks in one underlying among several, by simulation."""
    spots = spots_around(request.parts[number], _SIMULATED_POINTS)
    own = [greek for greek in request.greeks if underlyings_in(greek.parameters) == [name]]
    parameter = named("spot", name)
    found, paths = _simulated(request, [PRICE, *own[:_MOST_OF_ONE]], spots, threads, parameter)
    return SpotCurves(spots, tuple(found), paths, parameter)


def spot_curves(request: Request, simulate: bool, threads: int | None = None) -> SpotCurves:
    """Curves of a request on one underlying by closed form and, with ``simulate``, the others by simulation.

    Raises GreeksError when the simulation fails.
    """
    spots = spots_around(request)
    by_greek = closed_curves(request, spots)
    missing = [greek for greek in request.greeks[:_MOST] if greek not in by_greek]
    if not missing or not simulate:
        return SpotCurves(spots, tuple(by_greek.values()), 0)
    spots = spots_around(request, _SIMULATED_POINTS)
    by_greek = closed_curves(request, spots)
    found, paths = _simulated(request, missing, spots, threads)
    by_greek |= {curve.greek: curve for curve in found}
    return SpotCurves(spots, tuple(by_greek[greek] for greek in request.greeks[:_MOST]), paths)


def _simulated(
    request: Request,
    greeks: Sequence[Greek],
    spots: tuple[float, ...],
    threads: int | None,
    parameter: str = "spot",
) -> tuple[list[Curve], int]:
    """Curves by simulation, and the number of paths."""
    paths = min(_PATHS, request.simulation.paths)
    shorter = replace(
        request,
        simulation=request.simulation.model_copy(update={"paths": paths}),
        greeks=tuple(greeks),
        accuracy=Accuracy(),
    )
    found = profile(shorter, [Axis(parameter, spots)], threads)
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
