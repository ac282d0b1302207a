"""The pricing equation of a model as Greeks with weights, whose sum is 0 for every contract between its fixings."""

from collections.abc import Iterator
from math import exp, pi, sqrt

import numpy as np

from greeks_cli.engine.simulation.cash_dividends import start_of
from greeks_cli.engine.simulation.local_vol import LocalVol
from greeks_cli.terms.greek import PRICE, Greek, parse_greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import correlation_name

_NODES = 7
"""The number of jumps by which the mean over all of them is taken."""


def equation(request: Request) -> Iterator[tuple[Greek, float]]:
    """The Greeks of the pricing equation but for jumps, each with its weight; the market is that of today."""
    return _of_several(request) if request.is_joint else _of_one(request)


def _of_several(request: Request) -> Iterator[tuple[Greek, float]]:
    """theta + sum (r - q_i) S_i delta_i + sum rho_ij vol_i vol_j S_i S_j gamma_ij / 2 - r V; S as of one underlying."""
    market = request.joint_market
    yield PRICE, -market.markets[0].today.rate
    yield parse_greek("theta"), 1.0
    deviations: list[float] = []
    for i, (name, part) in enumerate(zip(market.names, request.parts, strict=True)):
        today = part.sole_market.today
        deviations.append(sqrt(part.sole_market.diffusion) * start_of(part, part.values))
        yield parse_greek(f"delta[{name}]"), (today.rate - today.dividend_yield) * today.spot
        yield parse_greek(f"gamma[{name}]"), 0.5 * deviations[i] ** 2
        for j, other in enumerate(market.names[:i]):
            weight = market.values[correlation_name(name, other)] * deviations[i] * deviations[j]
            yield parse_greek(f"d(spot[{other}],spot[{name}])"), weight


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
    intensity = values.get("jump_intensity", 0.0)
    lost = intensity * (exp(values["jump_mean"] + 0.5 * values["jump_vol"] ** 2) - 1) if intensity else 0.0
    yield PRICE, -market.rate - intensity
    yield parse_greek("delta"), (market.rate - market.dividend_yield - lost) * market.spot
    yield parse_greek("gamma"), 0.5 * variance * start**2
    yield parse_greek("theta"), 1.0
    if "vol_of_vol" in values:
        xi, level = values["vol_of_vol"], values["long_run_variance"]
        yield parse_greek("d(initial_variance)"), values["mean_reversion"] * (level - variance)
        yield parse_greek("d(initial_variance,initial_variance)"), 0.5 * xi * xi * variance
        yield parse_greek("d(spot,initial_variance)"), values["spot_vol_correlation"] * xi * variance * start


def jumps(request: Request) -> Iterator[tuple[float, float]]:
    """Factors of the spot by jumps, each with its weight in the mean value after a jump, times the intensity.

    Gauss and Hermite's nodes.
    """
    values = request.values
    if "jump_intensity" not in values:
        return
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        jump = values["jump_mean"] + sqrt(2) * values["jump_vol"] * node
        yield exp(jump), values["jump_intensity"] * weight / sqrt(pi)
