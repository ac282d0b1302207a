"""Requests under models of smiles, and prices of 25 digits by mpmath from characteristic functions written anew."""

from collections.abc import Mapping

import mpmath

from greeks_cli.terms.building import build_request
from greeks_cli.terms.request import Request

HESTON = {
    "initial_variance": 0.04,
    "mean_reversion": 1.2,
    "long_run_variance": 0.05,
    "vol_of_vol": 0.6,
    "spot_vol_correlation": -0.7,
}
JUMPS = {"jump_intensity": 0.5, "jump_mean": -0.1, "jump_vol": 0.15}
PARAMETERS = {"merton": {"vol": 0.2, **JUMPS}, "heston": HESTON, "bates": {**HESTON, **JUMPS}}
CARRY = {"spot": 100.0, "rate": 0.03, "dividend_yield": 0.01}


def heston(initial_variance, mean_reversion, long_run_variance, vol_of_vol, spot_vol_correlation):
    """The parameters of heston in the usual order."""
    names = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")
    values = (initial_variance, mean_reversion, long_run_variance, vol_of_vol, spot_vol_correlation)
    return {"model": "heston", **dict(zip(names, values, strict=True))}


def request_of(model: str, contract: Mapping, greeks: str = "price", **market: object) -> Request:
    """A request with the usual parameters of a model, of which some are replaced."""
    return build_request(contract, {**CARRY, "model": model, **PARAMETERS[model], **market}, {}, greeks)


def log_characteristic(z, p, years):
    """The logarithm of E exp(i z log(S / forward)), as the textbooks have it."""
    found = mpmath.mpf(0)
    if "initial_variance" in p:
        kappa, xi = mpmath.mpf(p["mean_reversion"]), mpmath.mpf(p["vol_of_vol"])
        b = kappa - mpmath.j * z * p["spot_vol_correlation"] * xi
        d = mpmath.sqrt(b * b + xi * xi * z * (z + mpmath.j))
        r, fallen = (b - d) / (b + d), mpmath.exp(-d * years)
        found += p["initial_variance"] * (b - d) / xi**2 * (1 - fallen) / (1 - r * fallen)
        logarithm = mpmath.log((1 - r * fallen) / (1 - r))
        found += kappa * p["long_run_variance"] / xi**2 * ((b - d) * years - 2 * logarithm)
    else:
        found -= mpmath.mpf(p["vol"]) ** 2 * years / 2 * z * (z + mpmath.j)
    if "jump_intensity" in p:
        mean, variance = mpmath.mpf(p["jump_mean"]), mpmath.mpf(p["jump_vol"]) ** 2
        jumped = mpmath.exp(mpmath.j * z * mean - variance * z * z / 2)
        growth = mpmath.exp(mean + variance / 2) - 1
        found += p["jump_intensity"] * years * (jumped - 1 - mpmath.j * z * growth)
    return found


def true_call(p, spot, strike, years, rate, dividend_yield):
    """The price of a call, by trapezoids of u = sinh(t)/2 that are halved until 18 digits stay."""
    with mpmath.workdps(28):
        spot, strike, years, rate, dividend_yield = map(mpmath.mpf, (spot, strike, years, rate, dividend_yield))
        forward = spot * mpmath.exp((rate - dividend_yield) * years)
        k = mpmath.log(strike / forward)

        def term(t):
            z = mpmath.sinh(t) / 2 - mpmath.j / 2
            return mpmath.exp(log_characteristic(z, p, years) - mpmath.j * z * k) * 2 / mpmath.cosh(t)

        end = mpmath.mpf(1)
        while abs(term(end)) > mpmath.mpf(10) ** -22:
            end += mpmath.mpf(1) / 4
        n, before = 32, None
        while True:
            step = end / n
            found = step * mpmath.re(term(mpmath.mpf(0)) / 2 + sum(term(j * step) for j in range(1, n + 1)))
            if before is not None and abs(found - before) < mpmath.mpf(10) ** -18:
                return mpmath.exp(-rate * years) * (forward - strike / mpmath.pi * found)
            n, before = 2 * n, found
