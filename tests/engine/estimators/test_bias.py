"""Smoothing bias, row sums, bandwidths and finite differences."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.estimators.bandwidth import Kink, automatic_kernels, pilot_kinks
from greeks_cli.engine.estimators.bias import bias_of_dates, bias_of_length, bias_of_steps, remaining_bias
from greeks_cli.engine.estimators.finite_differences import bumped
from greeks_cli.engine.estimators.methods import Method, kink_order, pathwise_parameter
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.estimators.row_sums import PairSums, RowSums
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.simulation import Estimator

NORMALS = np.random.default_rng(1).standard_normal((1, 20_000))


def exactly(mean):
    return Moments(1000, np.array([mean]), np.zeros(1), np.zeros(1))


def test_bias_of_steps_is_by_the_less_noisy_change():
    def measured(mean, stderr):
        return Moments(10_001, np.array([mean]), np.array([stderr**2 * 10_001 * 10_000]), np.zeros(1))

    noisy = measured(-0.3, 1.0)
    assert bias_of_length(noisy) == pytest.approx([2.3])
    assert bias_of_steps(noisy, measured(0.1, 0.2)) == pytest.approx([0.5])
    assert bias_of_steps(measured(0.1, 0.05), measured(-0.4, 0.1)) == pytest.approx([0.2])
    assert bias_of_steps(measured(5.0, 1.0), measured(0.1, 0.2)) == pytest.approx([3.0])  # no law between them


@pytest.mark.parametrize(("is_jump", "power"), [(False, 1.0), (True, 0.5)])
def test_bias_of_exercise_dates_is_what_their_law_leaves(is_jump, power):
    bias = np.array([0.01, 0.002])
    changes = (2**power - 1) * bias
    assert bias_of_dates(np.array([1.0, -1.0]), changes, is_jump, 10**18) == pytest.approx(bias)


def test_bias_of_exercise_dates_is_larger_where_they_are_too_few_for_a_law():
    values, changes = np.array([1.0, 0.05]), np.array([0.02, 0.02])
    assert bias_of_dates(values, changes, False, 4) == pytest.approx([0.02, 1.25 * 0.02 / (2**0.5 - 1)])


@pytest.mark.parametrize("law", [2, 4])
def test_bias_that_follows_its_law_is_found(law):
    bias = 0.01  # c w^p at the width
    near = (2**law - 1) * bias
    assert remaining_bias(exactly(near), exactly(2**law * near), law, np.array([2]))[0] == pytest.approx(bias)


def test_bias_that_falls_more_slowly_than_its_law_is_larger():
    assert remaining_bias(exactly(0.1), exactly(0.2), 4, np.array([2]))[0] == pytest.approx(0.1)
    assert remaining_bias(exactly(0.1), exactly(1.6), 4, np.array([2]))[0] == pytest.approx(0.1 / 15)


def test_bias_of_high_orders_is_the_larger_change():
    assert remaining_bias(exactly(0.1), exactly(2.0), 4, np.array([3]))[0] == 0.5
    assert remaining_bias(exactly(0.1), exactly(0.2), 4, np.array([3]))[0] == 0.1


def test_far_change_beyond_the_law_shows_that_near_is_small_by_chance():
    assert remaining_bias(exactly(0.01), exactly(4.0), 4, np.array([2]))[0] == pytest.approx(0.01 / 15 + 3.84 / 4)


def test_far_change_of_the_other_sign_shows_that_the_bias_turns():
    assert remaining_bias(exactly(0.1), exactly(-4.0), 4, np.array([2]))[0] == pytest.approx(0.1 / 15 + 4.0 / 4)
    assert remaining_bias(exactly(0.1), exactly(-0.4), 4, np.array([2]))[0] == pytest.approx(0.1 / 3 + 0.4 / 4)


def test_row_sums_are_the_mean_and_the_squares_in_slices():
    row = np.random.default_rng(1).standard_normal(1000)
    sums = RowSums(1, HOST)
    sums.add(0, row)
    assert sums.table[0, 0] == pytest.approx(row.mean())
    assert sums.table[0, 1:].sum() == pytest.approx(((row - row.mean()) ** 2).sum())


def test_pair_sums_are_those_of_a_regression():
    x, y = np.random.default_rng(1).standard_normal((2, 1000))
    sums = PairSums(1, HOST)
    sums.add(0, x, y)
    expected = [x.mean(), y.mean(), 1000 * y.var(), 1000 * np.cov(x, y, bias=True)[0, 1]]
    np.testing.assert_allclose(sums.table[0], expected, rtol=1e-12)


def test_automatic_widths_are_the_rule_times_the_spread():
    (kernel,), (wider,) = (automatic_kernels([Kink(spread, 0)], 1e5, 1.0, 2) for spread in (20.0, 40.0))
    assert kernel.widths[:2] == (0, 0)  # values and first derivatives are sharp
    assert kernel.widths[2] == pytest.approx(0.4 * 20 * 1e5 ** (-1 / 9), rel=0.05)  # the module's figure for gamma
    np.testing.assert_allclose(wider.widths, 2 * np.array(kernel.widths))


def kinks_of(contract):
    request = build_request(contract, {"vol": 0.2}, {}, "gamma")
    return pilot_kinks(request, PathData(Motion((1.0,), NORMALS), Markets.of([request])))


def test_pilot_meets_the_kinks_of_a_payoff_with_their_spread():
    (kink,) = kinks_of({"strike": 100})
    assert kink.base == 0
    assert kink.spread == pytest.approx(20, rel=0.15)
    assert [kink.base for kink in kinks_of({"kind": "digital", "strike": 100})] == [1]


def test_kink_at_a_value_known_today_is_refused():
    with pytest.raises(InvalidInput, match="bends exactly at a value that is known today"):
        kinks_of({"kind": "formula", "payoff": "max(S[0] - 100, 0)", "fixing_times": [0.0, 1.0]})


def test_equal_operands_on_every_path_are_no_kink():
    assert [kink.spread for kink in kinks_of({"kind": "formula", "payoff": "max(S[-1] - S[-1], 0)"})] == [1.0]


def test_differences_of_a_smooth_payoff_are_its_derivatives():
    request = build_request({"kind": "formula", "payoff": "S[-1]**2"}, {"vol": 0.2, "rate": 0.0}, {}, "gamma")
    growth = PathData(Motion((1.0,), NORMALS), Markets.of([request])).growth(0)
    for index, expected in ((("spot",), 200 * growth**2), (("spot", "spot"), 2 * growth**2)):
        value, change = bumped(request, Motion((1.0,), NORMALS), index, 0)
        np.testing.assert_allclose(value, expected, rtol=1e-8)
        np.testing.assert_allclose(change, 0, atol=1e-6 * expected.max())


def test_jump_is_one_derivative_ahead():
    call, digital = (
        build_request(c, {"vol": 0.2}, {}).contract for c in ({"strike": 1}, {"kind": "digital", "strike": 1})
    )
    assert kink_order(call, ("spot",)) == 1
    assert kink_order(digital, ("spot",)) == 2


def test_mixed_estimate_begins_with_a_parameter_of_the_contract():
    call = build_request({"strike": 1}, {"vol": 0.2}, {}).contract
    assert pathwise_parameter(call, ("spot", "strike")) == "strike"
    assert pathwise_parameter(call, ("spot", "vol")) == "spot"
    assert pathwise_parameter(call, ("time",)) is None


def test_likelihood_ratio_of_market_parameters_meets_no_kernel():
    call = build_request({"strike": 1}, {"vol": 0.2}, {}).contract
    kernels = automatic_kernels([Kink(1.0, 0)], 1e5, 1.0, 2)
    assert not Method(Estimator.LIKELIHOOD, kernels).smooths(("spot", "spot"), call)
    assert Method(Estimator.PATHWISE, kernels).smooths(("spot", "spot"), call)
    assert not Method(Estimator.PATHWISE, kernels).smooths(("spot",), call)
