"""Vols of known models, as quotes."""

from collections.abc import Mapping

import numpy as np

from greeks_cli.analytic.closed_forms import exact_prices
from greeks_cli.analytic.implied_volatility import implied_vols
from greeks_cli.terms.contracts.contract import OptionType
from greeks_cli.terms.contracts.vanillas import European
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.results.smile import SmileQuote

CARRY = {"spot": 100.0, "rate": 0.03, "dividend_yield": 0.01}
HESTON = {
    "model": "heston",
    "initial_variance": 0.03,
    "mean_reversion": 1.5,
    "long_run_variance": 0.05,
    "vol_of_vol": 0.5,
    "spot_vol_correlation": -0.7,
}
JUMPS = {"jump_intensity": 0.4, "jump_mean": -0.12, "jump_vol": 0.1}
BATES = {**HESTON, **JUMPS, "model": "bates"}
MERTON = {"vol": 0.15, **JUMPS, "model": "merton"}
EXPIRIES = (0.1, 0.25, 0.5, 1.0, 2.0)
WIDTHS = (-1.5, -0.75, -0.25, 0.25, 0.75, 1.5)
"""Strikes in deviations from the forward, at a vol of 20%."""


def points(expiries=EXPIRIES, widths=WIDTHS):
    """Expiries and strikes."""
    return [(T, round(100 * float(np.exp(0.02 * T + m * 0.2 * T**0.5)), 1)) for T in expiries for m in widths]


def prices_of(model: Mapping, kinds, at=None):
    """The prices of options under a model, by closed forms."""
    contracts = [European(type=kind, strike=K, expiry=T) for kind, (T, K) in zip(kinds, at or points(), strict=True)]
    return exact_prices(contracts, Market.model_validate({**CARRY, **model}))


def vols_of(model: Mapping, at=None):
    """The implied vols of a model."""
    years, strikes = np.array(at or points()).T
    forwards = 100 * np.exp(0.02 * years)
    signs = np.where(strikes > forwards, 1.0, -1.0)
    prices = prices_of(model, ["call" if sign > 0 else "put" for sign in signs], at)
    return implied_vols(forwards, strikes, np.exp(-0.03 * years), years, signs, prices).vols


def quotes_of(model: Mapping, at=None, noise=0.0, seed=0, **more):
    """Quotes of vols, with normal errors of some size."""
    generator = np.random.default_rng(seed)
    vols = vols_of(model, at)
    shifted = vols + noise * generator.standard_normal(len(vols))
    return [
        SmileQuote(f"quotes.csv:{k + 2}", T, K, None, float(vol), **more)
        for k, ((T, K), vol) in enumerate(zip(at or points(), shifted, strict=True))
    ]


def as_type(sign: float) -> OptionType:
    """A call for 1 and a put for -1."""
    return OptionType.CALL if sign > 0 else OptionType.PUT
