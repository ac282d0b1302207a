"""The pricing equation of a model as Greeks with weights, whose sum is 0 for every contract between its fixings."""

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from math import exp, pi, sqrt
from typing import NamedTuple

import numpy as np

from greeks_cli.engine.simulation.cash_dividends import start_of
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from greeks_cli.terms.greek import PRICE, Greek, parse_greek
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import growth_of_a_jump
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import correlation_name, named

_NODES = 7
"""The number of jumps by which the mean over all of them is taken."""


def equation(request: Request) -> Iterator[tuple[Greek, float]]:
    """The Greeks of the pricing equation but for jumps, each with its weight; the market is that of today."""
    return _of_several(request) if request.is_joint else _of_one(request)


def _of_several(request: Request) -> Iterator[tuple[Greek, float]]:
    """The Greeks of the pricing equation of several underlyings but for jumps, each with its weight.

    theta + sum of drifts x first orders + sum of covariances x second orders / 2 - r V, over prices and random
    variances; S in second orders is the start of the lognormal. Jumps take off their mean, and intensity x V.
    """
    market = request.joint_market
    rate, intensities = market.markets[0].today.rate, 0.0
    yield parse_greek("theta"), 1.0
    moving: list[_Moving] = []
    for name, part in zip(market.names, request.parts, strict=True):
        own, values = part.sole_market, part.values
        intensity, lost = _of_jumps(values)
        intensities += intensity
        yield parse_greek(f"delta[{name}]"), (rate - own.today.dividend_yield - lost) * own.today.spot
        variance, start = values.get("initial_variance", own.diffusion), start_of(part, values)
        moving.append(_Moving(name, "spot", sqrt(variance) * start))
        if own.model.has_variance:
            moving.append(_Moving(name, "initial_variance", values["vol_of_vol"] * sqrt(variance)))
            drift = values["mean_reversion"] * (values["long_run_variance"] - variance)
            yield parse_greek(f"d({moving[-1].parameter})"), drift
    yield PRICE, -rate - intensities
    for one, other in combinations_with_replacement(moving, 2):
        weight = _correlation(market, one, other) * one.deviation * other.deviation
        greek = f"gamma[{one.name}]" if one is other and one.of == "spot" else f"d({one.parameter},{other.parameter})"
        yield parse_greek(greek), 0.5 * weight if one is other else weight


class _Moving(NamedTuple):
    """A price or a random variance of several underlyings, and its standard deviation per root of a year."""

    name: str
    of: str
    deviation: float

    @property
    def parameter(self) -> str:
        """The parameter of its value today."""
        return named(self.of, self.name)


def _correlation(market: JointMarket, one: _Moving, other: _Moving) -> float:
    """The correlation of two Brownian motions: variances have that of their prices."""
    spot_vol = dict(zip(market.names, market.spot_vol, strict=True))
    of_pair = 1.0 if one.name == other.name else market.values[correlation_name(one.name, other.name)]
    of_price = one.name if one.of == "spot" else other.name
    return of_pair if one.of == other.of else of_pair * spot_vol[of_price]


def _of_jumps(values: Mapping[str, float]) -> tuple[float, float]:
    """The intensity of jumps, and the mean that they take off the drift; 0 without jumps."""
    intensity = values.get("jump_intensity", 0.0)
    return intensity, intensity * growth_of_a_jump(values["jump_mean"], values["jump_vol"]) if intensity else 0.0


def _of_one(request: Request) -> Iterator[tuple[Greek, float]]:
    """The Greeks of the pricing equation but for jumps, each with its weight.

    theta + (r - q) S delta + v S^2 gamma / 2 - r V, where v is the variance today; where v is random, also
    kappa (level - v) dV/dv + xi^2 v / 2 d2V/dv2 + rho xi v S d2V/dSdv. Jumps take off their mean from r - q, and
    intensity x V from the sum. With escrowed dividends, S in second orders is the start of the lognormal.
    """
    market, values = request.sole_market.today, request.values
    start = start_of(request, values)
    variance = values.get("initial_variance", request.sole_market.diffusion)
    if request.sole_market.vol_surface:
        variance = float(LocalVol(request.sole_market.smiles).interval(0.0).local_variance(values, 0.0, np.zeros(1))[0])
    intensity, lost = _of_jumps(values)
    yield PRICE, -market.rate - intensity
    yield parse_greek("delta"), (market.rate - market.dividend_yield - lost) * market.spot
    yield parse_greek("gamma"), 0.5 * variance * start**2
    yield parse_greek("theta"), 1.0
    if "vol_of_vol" in values:
        xi, level = values["vol_of_vol"], values["long_run_variance"]
        yield parse_greek("d(initial_variance)"), values["mean_reversion"] * (level - variance)
        yield parse_greek("d(initial_variance,initial_variance)"), 0.5 * xi * xi * variance
        yield parse_greek("d(spot,initial_variance)"), values["spot_vol_correlation"] * xi * variance * start


def jumps(request: Request) -> Iterator[tuple[Market | JointMarket, float]]:
    """Markets after a jump, each with its weight in the mean value after it, times the intensity.

    Gauss and Hermite's nodes.
    """
    names = request.joint_market.names if request.is_joint else (None,)
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    for name, part in zip(names, request.parts, strict=True):
        values, spot = part.values, named("spot", name) if name else "spot"
        if "jump_intensity" not in values:
            continue
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            jump = values["jump_mean"] + sqrt(2) * values["jump_vol"] * node
            after = request.market.changed(spot, values["spot"] * exp(jump))
            yield after, values["jump_intensity"] * weight / sqrt(pi)
