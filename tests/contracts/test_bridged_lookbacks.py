"""Lookbacks watched at all times under models of smiles, along bridges, against exact paths, fine steps and limits."""

import numpy as np
import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.contracts.jumping_paths import Mean, lookback
from tests.contracts.test_bridged_barriers import FLAT, NEARLY_FLAT, assert_near, estimates
from tests.models import HESTON, MERTON

FLOATING = {"kind": "lookback", "strike_kind": "floating", "type": "put", "expiry": 1.0}
CALL = {"kind": "lookback", "strike": 110, "expiry": 1.0}
PUT = {"kind": "lookback", "strike": 95, "type": "put", "expiry": 1.0}
BEGUN = {**FLOATING, "running_extreme": 115.0}
KINDS = {"floating": FLOATING, "call": CALL, "put": PUT, "begun": BEGUN}
SIGNS = {"floating": (None, 1), "call": (110.0, 1), "put": (95.0, -1)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", NEARLY_FLAT)
def test_bridges_meet_the_closed_form_where_the_model_is_nearly_flat(model, kind):
    closed = run(build_request(KINDS[kind], FLAT, {"paths": 2000}, "delta,gamma,theta")).estimates
    found = estimates(KINDS[kind], NEARLY_FLAT[model], "delta,gamma,theta")
    for one in closed:
        if one.greek.name != "theta" or model == "merton":  # that of a random variance is another
            assert_near(found[one.greek.name], one.exact)
    assert found["price"].stderr + found["price"].bias < 0.015 * found["price"].value


@pytest.mark.parametrize("kind", SIGNS)
def test_merton_meets_paths_with_the_times_of_jumps(kind):
    truth = lookback(*SIGNS[kind], 1.0, 200_000)
    found = estimates(KINDS[kind], MERTON, paths=100_000)["price"]
    assert_near(found, truth.value, truth.stderr)
    assert found.bias < 0.01 * found.value


def of_fine_steps(strike, sign, n, steps=500):
    """The value under HESTON by Euler steps of full truncation, with an extreme drawn in each."""
    random, dt, correlation = np.random.default_rng(1), 1 / steps, HESTON["spot_vol_correlation"]
    x, v = np.full(n, np.log(100.0)), np.full(n, HESTON["initial_variance"])
    furthest = sign * x
    for _ in range(steps):
        along, other = random.standard_normal((2, n))
        variance = np.maximum(v, 0) * dt
        after = x + HESTON["rate"] * dt - 0.5 * variance + np.sqrt(variance) * along
        drawn = (x - after) ** 2 - 2 * variance * np.log(random.uniform(size=n))
        furthest = np.maximum(furthest, 0.5 * (sign * (x + after) + np.sqrt(drawn)))
        normal = correlation * along + np.sqrt(1 - correlation**2) * other
        drift = HESTON["mean_reversion"] * (HESTON["long_run_variance"] * dt - variance)
        x, v = after, v + drift + HESTON["vol_of_vol"] * np.sqrt(variance) * normal
    gain = sign * (np.exp(sign * furthest) - (np.exp(x) if strike is None else strike))
    paid = np.exp(-HESTON["rate"]) * np.maximum(gain, 0)
    return Mean(float(paid.mean()), float(paid.std() / np.sqrt(n)))


@pytest.mark.parametrize("kind", SIGNS)
def test_heston_meets_fine_steps(kind):
    truth = of_fine_steps(*SIGNS[kind], 20_000)
    assert_near(estimates(KINDS[kind], HESTON, paths=100_000)["price"], truth.value, truth.stderr)


def test_sobol_points_reach_the_extremes():
    plain, points = (
        estimates(CALL, HESTON, paths=1 << 15, sampler=sampler)["price"] for sampler in ("random", "sobol")
    )
    assert_near(points, plain.value, plain.stderr)
    assert points.stderr < 0.5 * plain.stderr
