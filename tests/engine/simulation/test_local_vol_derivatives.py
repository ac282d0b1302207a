"""Derivatives of the local variance in quotes, moneyness, forwards and time, against differences of surfaces."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import exp, sqrt
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from tests.engine.simulation.surfaces import PLACES, QUOTES, TIMES, derivatives, local_variance, market_of

QUOTE_NAMES = ("vol[0.25@95]", "vol[0.5@75]", "vol[1@115]", "vol")


def moved(quotes, name, step):
    """Quotes of which one, or all for ``vol``, are moved."""
    return [[t, K, vol + step * (name in ("vol", f"vol[{t:g}@{K:g}]"))] for t, K, vol in quotes]


@pytest.mark.parametrize("name", QUOTE_NAMES)
@pytest.mark.parametrize("time", TIMES)
def test_derivatives_in_quotes_are_differences_of_surfaces(time, name):
    wanted = [(name,), (name, name), (name, "x"), ("x",), (name, "x", "x")]
    found, step = derivatives(market_of(QUOTES), time, PLACES, wanted), 1e-5
    above, below = (derivatives(market_of(moved(QUOTES, name, s)), time, PLACES, wanted) for s in (step, -step))
    up, down = (local_variance(market_of(moved(QUOTES, name, s)), time, PLACES) for s in (step, -step))
    np.testing.assert_allclose(found[(name,)], (up - down) / (2 * step), atol=1e-6, rtol=1e-5)
    for index, lower in (((name, name), (name,)), ((name, "x"), ("x",))):
        np.testing.assert_allclose(found[index], (above[lower] - below[lower]) / (2 * step), atol=1e-4, rtol=1e-5)
    ahead, behind = (derivatives(market_of(QUOTES), time, PLACES + s, wanted) for s in (step, -step))
    central = (ahead[(name, "x")] - behind[(name, "x")]) / (2 * step)
    np.testing.assert_allclose(found[(name, "x", "x")], central, atol=1e-3, rtol=1e-5)


def test_second_derivatives_in_two_quotes_are_differences():
    one, other, step = "vol[0.5@95]", "vol[1@105]", 1e-5
    found = derivatives(market_of(QUOTES), 0.7, PLACES, [(one, other), (one, "vol")])
    for index in found:
        above, below = (
            derivatives(market_of(moved(QUOTES, index[1], s)), 0.7, PLACES, [(one,)]) for s in (step, -step)
        )
        np.testing.assert_allclose(found[index], (above[(one,)] - below[(one,)]) / (2 * step), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("time", TIMES)
def test_derivatives_in_all_quotes_add_up_to_that_in_their_shift(time):
    market = market_of(QUOTES)
    names = market.vol_surface.values
    found = derivatives(market, time, PLACES, [("vol",), ("vol", "vol"), *((name,) for name in names)])
    np.testing.assert_allclose(sum(found[(name,)] for name in names), found[("vol",)], atol=1e-11)
    pairs = derivatives(market, time, PLACES, [(name, "vol") for name in names])
    np.testing.assert_allclose(sum(pairs.values()), found[("vol", "vol")], atol=1e-9)


def test_local_variance_bends_nowhere_between_the_outermost_strikes():
    """Two derivatives in the log-moneyness are continuous, so that a pathwise gamma leaves nothing out."""
    market, tiny = market_of(QUOTES), 1e-9
    knots = market.smiles.all[0].knots[1:-1]
    for time in TIMES:
        for order in (1, 2):
            left, right = (
                derivatives(market, time, knots + s, [("x",) * order])[("x",) * order] for s in (-tiny, tiny)
            )
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


def test_second_derivatives_of_paths_are_differences_of_paths():
    """Means over Euler paths; a local variance with kinks would lack what is concentrated there."""
    local, n, n_steps = LocalVol(market_of(QUOTES).smiles), 5000, 12
    values, normals = market_of(QUOTES).values, np.random.default_rng(3).standard_normal((n_steps, n))

    def squared(x):
        for i, z in enumerate(normals):
            time = (i + 0.5) / n_steps
            variance = local.interval(time).local_variance(values, time, x) / n_steps
            x = x + sqrt(variance) * z - 0.5 * variance
        return exp(2 * x)

    x, step = chainer.Variable(np.zeros(n)), 0.02
    found = by_grad(squared(x), {"x": x}, [("x", "x")])[("x", "x")]
    up, here, down = (squared(np.full(n, shift)) for shift in (step, 0.0, -step))
    difference = (up - 2 * here + down) / step**2 - found
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(n) + 1e-3
    assert difference.std() / np.sqrt(n) < 0.01 < 0.01 * found.mean()


def test_time_may_be_a_parameter():
    market, step = market_of(QUOTES), 1e-6
    for time in (0.1, 0.4, 0.75, 1.5):
        leaf = chainer.Variable(np.full(len(PLACES), time))
        interval = LocalVol(market.smiles).interval(time)
        found = by_grad(interval.local_variance(market.values, leaf, PLACES), {"time": leaf}, [("time",)])[("time",)]
        up, down = (interval.local_variance(market.values, time + s, PLACES) for s in (step, -step))
        np.testing.assert_allclose(found, (up - down) / (2 * step), atol=1e-8)
