"""Steps of weak order 2: their bias by quadrature, without noise, against that of steps with a frozen variance."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import sqrt
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from greeks_cli.engine.simulation.models.second_order import second_order_step
from greeks_cli.terms.markets.market import Market

interpolate = pytest.importorskip("scipy.interpolate")

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
GRID = np.linspace(-2.5, 2.0, 901)


def market():
    quotes = [
        [t, K, 0.2 - 0.15 * np.log(K / 100) + 0.15 * np.log(K / 100) ** 2]
        for t in (0.5, 1)
        for K in (70, 80, 90, 100, 110, 120, 135)
    ]
    return Market.model_validate({"model": "local-vol", "vol_surface": quotes, "rate": 0.0})


MARKET = market()
LOCAL = LocalVol(MARKET.smiles)


def frozen_step(variance, x, years, normal):
    here = variance(x)
    return x - 0.5 * years * here + sqrt(here * years) * normal


def bump(x):
    return np.exp(-0.5 * ((x + 0.2) / 0.15) ** 2)


def mean(step, n_steps):
    """The mean of a function after a year, step by step backwards, by quadrature over the normal of each step."""
    values = bump(GRID)
    for i in reversed(range(n_steps)):
        time = (i + 0.5) / n_steps
        interval = LOCAL.interval(time)

        def variance(k, time=time, interval=interval):
            return interval.local_variance(MARKET.values, time, k)

        ends = step(variance, GRID, 1 / n_steps, NODES[:, None])
        after = interpolate.CubicSpline(GRID, values)(np.clip(ends, GRID[0], GRID[-1]))
        values = WEIGHTS @ after / WEIGHTS.sum()
    return interpolate.CubicSpline(GRID, values)(0.0)


def test_bias_falls_with_the_square_of_the_step_and_is_smaller_than_with_frozen_variance():
    exact = mean(second_order_step, 96)
    coarse, fine = (abs(mean(second_order_step, n) - exact) for n in (16, 32))
    frozen, finer = (abs(mean(frozen_step, n) - exact) for n in (16, 32))
    assert fine < coarse / 3
    assert frozen / 3 < finer < frozen / 1.8
    assert coarse < frozen / 3


def test_constant_variance_is_an_exact_step():
    z = np.linspace(-3, 3, 7)
    found = second_order_step(lambda k: 0.04 + 0.0 * k, np.zeros(7), 0.25, z)
    np.testing.assert_allclose(found, -0.005 + 0.1 * z, atol=1e-15)


def test_derivatives_in_the_start_are_differences():
    def after(x):
        interval = LOCAL.interval(0.3)
        return second_order_step(lambda k: interval.local_variance(MARKET.values, 0.3, k), x, 0.1, z)

    z, start, step = np.linspace(-2.5, 2.5, 11), np.full(11, 0.013), 1e-4
    x = chainer.Variable(start)
    found = by_grad(after(x), {"x": x}, [("x",), ("x", "x")])
    up, here, down = after(start + step), after(start), after(start - step)
    np.testing.assert_allclose(found[("x",)], (up - down) / (2 * step), atol=1e-6)
    np.testing.assert_allclose(found[("x", "x")], (up - 2 * here + down) / step**2, atol=1e-4)
