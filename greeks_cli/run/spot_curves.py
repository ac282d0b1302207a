"""Curves of a request along the spot: closed forms where they exist, few paths elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

from greeks_cli.analytic.closed_forms import exact_at_spots
from greeks_cli.run.profile import profile, star
from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.axis import Axis
from greeks_cli.terms.greek import PRICE, Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.results.spot_curves import Curve, SpotCurves
from greeks_cli.terms.underlyings import named, underlyings_in

_POINTS, _SIMULATED_POINTS, _FEW_POINTS = 41, 25, 13
"""Points of a curve by closed form, by simulation, and where a point is expensive: of several underlyings, and of early
exercise, whose policy is found at each. The numbers are odd, so that today's spot is a point."""
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
    return _of_several(request, threads) if simulate else ()


def _of_several(request: Request, threads: int | None) -> tuple[SpotCurves, ...]:
    """Curves of the price and of the Greeks in one underlying along its spot, of the first underlyings, simulated."""
    names = request.joint_market.names[:_MOST_UNDERLYINGS]
    own = {name: [g for g in request.greeks if underlyings_in(g.parameters) == [name]][:_MOST_OF_ONE] for name in names}
    axes = [
        Axis(named("spot", name), spots_around(part, _FEW_POINTS))
        for name, part in zip(names, request.parts, strict=False)
    ]
    shorter = _shorter(request, [PRICE, *(greek for greeks in own.values() for greek in greeks)])
    rays = zip(axes, own.values(), star(shorter, axes, threads), strict=True)
    paths = shorter.simulation.paths
    return tuple(
        SpotCurves(axis.values, tuple(_curve(ray, greek) for greek in (PRICE, *greeks)), paths, axis.name)
        for axis, greeks, ray in rays
    )


def spot_curves(request: Request, simulate: bool, threads: int | None = None) -> SpotCurves:
    """Curves of a request on one underlying by closed form and, with ``simulate``, the others by simulation.

    Raises GreeksError when the simulation fails.
    """
    spots = spots_around(request)
    by_greek = closed_curves(request, spots)
    missing = [greek for greek in request.greeks[:_MOST] if greek not in by_greek]
    if not missing or not simulate:
        return SpotCurves(spots, tuple(by_greek.values()), 0)
    spots = spots_around(request, _FEW_POINTS if request.contract.is_early else _SIMULATED_POINTS)
    by_greek = closed_curves(request, spots)
    shorter = _shorter(request, missing)
    found = profile(shorter, [Axis("spot", spots)], threads)
    by_greek |= {greek: _curve(found, greek) for greek in missing}
    return SpotCurves(spots, tuple(by_greek[greek] for greek in request.greeks[:_MOST]), shorter.simulation.paths)


def _shorter(request: Request, greeks: Sequence[Greek]) -> Request:
    """The request of some Greeks on few paths."""
    simulation = request.simulation.model_copy(update={"paths": min(_PATHS, request.simulation.paths)})
    return replace(request, simulation=simulation, greeks=tuple(greeks), accuracy=Accuracy())


def _curve(profile: Profile, greek: Greek) -> Curve:
    """The curve of a Greek along the one axis of a profile."""
    line = profile.estimates(greek)
    return Curve(
        greek,
        tuple(one.value for one in line),
        tuple(one.low - one.bias for one in line),
        tuple(one.high + one.bias for one in line),
        simulated=True,
        doubtful=tuple(number for number, one in enumerate(line) if one.warning),
    )
