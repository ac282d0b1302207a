"""A step of Heston's variance: its moments, its martingale and the place where it becomes exponential."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.models import heston
from greeks_cli.engine.simulation.models.recursion import Recursion

VALUES = {
    "initial_variance": 0.04,
    "mean_reversion": 1.5,
    "long_run_variance": 0.05,
    "vol_of_vol": 0.8,
    "spot_vol_correlation": -0.7,
    "time": 0.0,
}
N = 400_000
NORMALS = np.random.default_rng(1).standard_normal(N)
DT = 0.1


def stepped(v, **changes):
    values = VALUES | changes
    case = heston.case_of(values, DT, nears_zero=True)
    return values, heston.step(values, np.full(N, v), NORMALS, DT, case)


def within(sample, expected, deviations=4):
    assert abs(sample.mean() - expected) <= 1e-12 + deviations * sample.std() / np.sqrt(len(sample))


@pytest.mark.parametrize("v", [0.0, 0.001, 0.01, 0.04, 0.3])
def test_mean_and_variance_of_a_step_are_exact(v):
    values, found = stepped(v)
    kappa, level, xi = (values[name] for name in ("mean_reversion", "long_run_variance", "vol_of_vol"))
    decay = np.exp(-kappa * DT)
    mean = level + (v - level) * decay
    variance = xi**2 / kappa * (1 - decay) * (v * decay + 0.5 * level * (1 - decay))
    within(found.state, mean)
    within((found.state - mean) ** 2, variance)
    assert (found.state >= 0).all()
    assert (found.variance > 0).all()


@pytest.mark.parametrize("v", [0.0, 0.01, 0.04, 0.3])
@pytest.mark.parametrize("correlation", [-0.95, -0.3, 0.0, 0.6])
def test_price_is_a_martingale_on_every_step(v, correlation):
    _, found = stepped(v, spot_vol_correlation=correlation)
    within(np.exp(found.mean + 0.5 * found.variance), 1.0)


def test_a_moment_that_is_not_finite_leaves_finite_numbers():
    _, found = stepped(0.3, spot_vol_correlation=0.95, vol_of_vol=30.0)
    assert np.isfinite(found.mean).all()


def test_steps_are_exponential_below_the_least_quadratic_variance():
    least = heston.least_quadratic(VALUES, DT)
    above, below = (np.count_nonzero(stepped(v)[1].state == 0) for v in (1.001 * least, 0.999 * least))
    assert above == 0
    assert below > 0


def test_quadratic_steps_alone_are_the_same_to_the_bit():
    values = VALUES
    every = heston.step(values, np.full(N, 0.3), NORMALS, DT, heston.Case(nears_zero=True, may_diverge=True))
    alone = heston.step(values, np.full(N, 0.3), NORMALS, DT, heston.Case(nears_zero=False, may_diverge=False))
    for one, other in zip(every, alone, strict=True):
        np.testing.assert_array_equal(one, other)


def test_second_derivatives_keep_their_digits_where_the_mean_returns_slowly():
    """Quotients of cancelling differences by the speed of return lost a hundredth here; what is smooth is linear."""
    speed = ("mean_reversion",)
    recursion = Recursion(heston.Heston(), [speed * 2])
    normals = 0.1 * np.arange(17.0)[:, None] - 0.8

    def second(value):
        found = recursion.run(Grid(1, 0, (16,)), (1.0,), VALUES | {"vol_of_vol": 0.1, "mean_reversion": value}, normals)
        return found["variance", speed * 2].item()

    near, middle, far = (second(value) for value in (1e-4, 1e-3, 1.9e-3))
    assert near == pytest.approx(2 * middle - far, rel=1e-5)
