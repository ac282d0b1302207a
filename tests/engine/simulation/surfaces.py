"""Surfaces of quoted vols, and their local variances."""

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import make_leaves
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from greeks_cli.terms.markets.market import Market

STRIKES, EXPIRIES = (75, 85, 95, 100, 105, 115, 130), (0.25, 0.5, 1.0)
TIMES = (0.1, 0.25, 0.4, 0.75, 1.0, 1.5)


def quoted(vol, expiries=EXPIRIES, strikes=STRIKES):
    return [[t, K, float(vol(K, t))] for t in expiries for K in strikes]


def market_of(quotes, **fields):
    return Market.model_validate({"model": "local-vol", "vol_surface": quotes, "rate": 0.0, **fields})


def skewed(K, t):
    k = np.log(K / 100)
    return 0.2 + 0.02 * np.sqrt(t) - 0.1 * k / (1 + t) + 0.15 * k * k


def local_variance(market, time, k, leaves=None):
    return LocalVol(market.smiles).interval(time).local_variance(leaves or market.values, time, k)


def derivatives(market, time, k, wanted):
    """Derivatives of the local variance by the graph; ``x`` is the log-moneyness."""
    names = {name for index in wanted for name in index if name != "x"}
    leaves = make_leaves(market.values, names, len(k), np.float64)
    x = chainer.Variable(k)
    return by_grad(local_variance(market, time, x, leaves), {**leaves, "x": x}, wanted)


QUOTES = quoted(skewed)
PLACES = np.linspace(-0.4, 0.35, 12) + 0.0123
"""Log-moneyness of some paths."""
