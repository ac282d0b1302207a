"""Importance sampling: taken where every Greek gains by it, true there, and the same in a book."""

import numpy as np
import pytest

from greeks_cli.engine.execution.choice.shifts import with_shifts
from greeks_cli.engine.execution.compile import plan, planned
from greeks_cli.run.books.paths import run_together, run_with_totals
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.conftest import total_of_all

GREEKS = "delta,gamma,vega,theta,rho"


def request(contract, greeks=GREEKS, vol=0.2, **settings):
    return build_request(contract, {"vol": vol}, settings, greeks)


@pytest.mark.parametrize(
    ("contract", "towards"),
    [
        ({"strike": 160}, 1),
        ({"strike": 60, "type": "put"}, -1),
        ({"kind": "digital", "strike": 160}, 1),
        ({"kind": "asian", "strike": 140, "fixings": 12}, 1),
        ({"kind": "lookback", "strike": 170}, 1),
        ({"kind": "barrier", "barrier_type": "up-in", "strike": 100, "barrier": 170}, 1),
        ({"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 160}, "fixings": 1}, 1),
    ],
)
def test_what_few_paths_reach_is_shifted_to(contract, towards):
    assert np.sign(plan(request(contract)).shift) == towards


@pytest.mark.parametrize(
    ("contract", "settings"),
    [
        ({"strike": 100}, {}),
        ({"strike": 60}, {}),  # nearly all its value is where the paths are
        ({"kind": "straddle", "strike": 160}, {}),
        ({"strike": 160}, {"control": True}),
        ({"strike": 160}, {"antithetic": True}),
        ({"strike": 160}, {"sampler": "sobol", "paths": 16384}),
        ({"strike": 160}, {"importance": False}),
    ],
)
def test_other_paths_keep_their_law(contract, settings):
    assert plan(request(contract, **settings)).shift == 0


@pytest.mark.parametrize("settings", [{}, {"dtype": "float32"}, {"steps": 3}])
@pytest.mark.parametrize(
    "contract",
    [
        {"strike": 160},
        {"strike": 400},
        {"kind": "digital", "strike": 150},
        {"kind": "asian", "average": "geometric", "strike": 140, "fixings": 12},
        {"kind": "lookback", "strike": 170},
    ],
)
def test_shifted_estimates_are_true(contract, settings):
    found = run(request(contract, seed=3, **settings))
    assert found.shift > 0
    for one in found.estimates:
        assert one.warning is None
        assert abs(one.value - one.exact) < 4.5 * one.stderr + one.bias
        assert one.stderr + one.bias < 0.05 * abs(one.exact)


def test_the_gain_far_out_of_the_money():
    contract = {"strike": 160}
    before, after = (run(request(contract, importance=importance)) for importance in (False, True))
    for one, other in zip(before.estimates, after.estimates, strict=True):
        gain = (one.stderr / other.stderr) ** 2
        assert gain > (4 if one.greek.name == "gamma" else 30)  # gamma's estimator has gained before


def test_standard_errors_are_those_of_many_seeds():
    runs = [run(request({"strike": 160}, paths=2000, seed=seed), 1) for seed in range(200)]
    assert all(one.shift > 0 for one in runs)
    for place, one in enumerate(runs[0].estimates):
        z = np.array([(r.estimates[place].value - one.exact) / r.estimates[place].stderr for r in runs])
        assert abs(z.mean()) < 4 / np.sqrt(200)
        assert abs(z.std() - 1) < 4 / np.sqrt(400)


def test_a_price_too_small_for_chance_has_an_error_bar():
    price = run(request({"strike": 160}, vol=0.02))["price"]
    assert price.exact < 1e-117
    assert abs(price.value - price.exact) < 4.5 * price.stderr
    assert price.stderr < 0.02 * price.exact


def test_shifted_trades_of_a_book_are_those_alone():
    book = [request({"strike": strike}) for strike in (90, 150, 160, 170, 250)]
    together, (rows, (sums,)) = run_together(book, 3), run_with_totals(book, total_of_all(book), 1)
    assert len({one.shift for one in rows}) > 2
    for one, other, third in zip(map(run, book), together, rows, strict=True):
        assert one.estimates == other.estimates == third.estimates
        assert one.shift == other.shift == third.shift
    for total in sums:
        members = [one[total.measure.name] for one in together]
        assert total.value == pytest.approx(sum(one.value for one in members), rel=1e-12)
        assert total.stderr <= sum(one.stderr for one in members)


def test_the_error_bar_of_a_total_with_shifted_trades_is_true():
    z = []
    for seed in range(60):
        book = [request({"strike": strike}, "delta", paths=2000, seed=seed) for strike in (100, 150)]
        rows, (sums,) = run_with_totals(book, total_of_all(book), 1)
        assert [one.shift != 0 for one in rows] == [False, True]
        exact = [sum(row[total.measure.name].exact for row in rows) for total in sums]
        z.append([(total.value - truth) / total.stderr for total, truth in zip(sums, exact, strict=True)])
    assert np.all(np.abs(np.mean(z, axis=0)) < 4 / np.sqrt(60))
    assert np.all(np.abs(np.std(z, axis=0) - 1) < 4 / np.sqrt(120))


def test_plans_are_shifted_alike_together_and_alone():
    book = [request({"strike": strike}) for strike in (140, 155, 170, 60)]
    shifts = [plan(one).shift for one in book]
    assert len(set(shifts)) > 2
    assert [one.shift for one in planned(book)] == shifts
    assert [one.shift for one in with_shifts([plan(one) for one in book])] == shifts
    assert [one.shift for one in reversed(planned(book[::-1]))] == shifts


@pytest.mark.parametrize(
    ("payoff", "times", "price"),
    [
        ("max(S[0] - 110, 0)", [0.01, 1], 3.97e-7),  # the end hardly knows of the first date
        ("where(S[-1] > 400, 30000, 0) + where(S[-1] < 45, 1, 0)", [1.0], 3.21e-5),  # both sides, one out of sight
        ("where(S[0] > 493, max(108 - S[1], 0), 0)", [1.6, 2], 3.7e-21),  # up, and down again
        ("max(S[-1] - 150, 0) + 30*max(45 - S[-1], 0)", [1.0], 0.2710),  # both sides, by quadrature
    ],
)
def test_what_a_shift_would_hide_is_not_shifted(payoff, times, price):
    contract = {"kind": "formula", "payoff": payoff, "fixing_times": times, "expiry": times[-1]}
    found = run(build_request(contract, {"vol": 0.2, "rate": 0.02}, {"paths": 10_000}, "delta"))
    assert found.shift == 0
    one = found["price"]
    assert abs(one.value - price) < 4.5 * one.stderr + one.bias


@pytest.mark.parametrize("rate", [0.0, 0.006, 0.024, 0.05])
def test_an_exact_greek_stays_exact(rate):
    contract = {"kind": "formula", "payoff": "max(S[-1] - 160, 0) + a", "param": {"a": 1}, "fixings": 1}
    found = run(build_request(contract, {"vol": 0.2, "rate": rate}, {}, "d(a),delta"))
    assert found["d(a)"].stderr == 0
    assert found["d(a)"].value == pytest.approx(np.exp(-rate), rel=1e-12)
    assert found.shift == 0


def test_rounding_of_a_greek_that_is_zero_is_no_estimate():
    contract = {"kind": "cliquet", "periods": 1, "floor": -0.05, "cap": 0.79, "expiry": 0.5}
    gamma = run(build_request(contract, {"vol": 0.5, "rate": 0.05}, {"paths": 1000, "seed": 387}, "gamma"))["gamma"]
    assert (gamma.value, gamma.stderr) == (0, 0)


def test_single_precision_that_overflows_is_not_shifted_to():
    contract = {"strike": 86647166.97, "expiry": 2}
    found = run(build_request(contract, {"vol": 2.0}, {"paths": 20_000, "dtype": "float32"}, "delta"))
    assert all(abs(one.value - one.exact) < 4.5 * one.stderr + one.bias for one in found.estimates)


def test_threads_do_not_change_bits_of_shifted_paths():
    asked = request({"strike": 160}, paths=300_000)
    assert run(asked, 1).estimates == run(asked, 3).estimates
