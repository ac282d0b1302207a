"""Regression on control variates: a residual that rounding hides is no standard error."""

import numpy as np
import pytest

from greeks_cli.engine.estimators.moments import Comoments, Moments
from greeks_cli.engine.estimators.row_sums import PairSums
from greeks_cli.engine.execution.regression import Regression
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

DEEP_PUT = {"kind": "european", "type": "put", "strike": 144.95, "expiry": 0.25}
UNDERLYING = {"kind": "formula", "payoff": "2 * S[-1] + 1"}


def regressed(samples, controls, expected=0.0, size=1.0):
    """The regression of one estimate, a row of samples per block."""
    moments, sums = [], []
    for row, control in zip(samples, controls, strict=True):
        pairs = PairSums(1, device=_Host())
        pairs.add(0, row, control)
        moments.append(Moments.of([row]))
        sums.append(Comoments.of_sums(pairs))
    m, c = moments[0], sums[0]
    for other, others in zip(moments[1:], sums[1:], strict=True):
        m, c = m + other, c + others
    return Regression.of(m, c, np.array([expected]), np.array([size]), np.float64)


class _Host:
    empty, numbers = staticmethod(np.empty), staticmethod(np.asarray)


@pytest.mark.parametrize("blocks", [1, 20])
@pytest.mark.parametrize("offset", [0, 1, 1000])
def test_residual_of_a_linear_function_is_rounding(blocks, offset):
    controls = np.random.default_rng(1).normal(size=(blocks, 5000))
    found = regressed(3.7 * controls + offset, controls)
    assert found.is_rounding.all()
    assert abs(found.values[0] - offset) <= found.stderrs[0] < 1e-8 * (offset + 1)


def test_residual_above_rounding_is_a_standard_error():
    generator = np.random.default_rng(2)
    controls, rest = generator.normal(size=(2, 20, 5000))
    found = regressed(controls + 1e-5 * rest, controls)
    assert not found.is_rounding.any()
    np.testing.assert_allclose(found.stderrs, 1e-5 / np.sqrt(100_000), rtol=0.02)


def test_constant_samples_have_no_residual():
    controls = np.random.default_rng(3).normal(size=(2, 1000))
    found = regressed(np.full((2, 1000), 7.0), controls)
    assert found.stderrs[0] == 0
    assert not found.is_rounding.any()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_payoff_that_seemed_linear_is_warned_of(dtype, seed):
    asked = {"paths": 50_000, "seed": seed, "dtype": dtype, "control": True}
    market = {"spot": 100, "rate": 0.03, "dividend_yield": 0.01, "vol": 0.06}
    for estimate in run(build_request(DEEP_PUT, market, asked, "price,delta,vega,charm")).estimates:
        assert "unseen" in estimate.warning
        assert estimate.bias > 0


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_payoff_that_is_linear_has_no_unseen_events(dtype):
    asked = {"paths": 50_000, "dtype": dtype, "control": True}
    found = run(build_request(UNDERLYING, {"spot": 100, "vol": 0.2, "rate": 0}, asked, "price,delta,vega"))
    for estimate, truth in zip(found.estimates, (201, 2, 0), strict=True):
        assert estimate.warning is None
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias
        assert 0 < estimate.stderr < 1e-5


def test_control_that_varies_by_rounding_explains_nothing():
    samples = np.random.default_rng(4).normal(size=(2, 1000))
    found = regressed(samples, 1e-12 * samples + 5e-12, size=1.0)
    assert found.slopes[0] == 0
    assert found.values[0] == pytest.approx(samples.mean())


def test_rho_of_a_digital_is_not_moved_by_a_control_without_rho():
    """The discounted underlying has no rho; at a large spot its derivative is rounding."""
    contract = {"kind": "digital", "strike": 4095.948729664716, "expiry": 9.06710054061384}
    market = {"spot": 5000, "vol": 0.2826, "rate": 0.08444, "dividend_yield": 0.03253}
    for estimate in run(build_request(contract, market, {"paths": 28568, "control": True}, "rho,delta")).estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias
