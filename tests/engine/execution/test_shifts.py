"""Importance sampling: taken where every Greek gains by it, true there, and the same in a book."""

import numpy as np
import pytest

from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.shifts import with_shifts
from greeks_cli.run.book_paths import run_together, run_with_totals
from greeks_cli.run.price import run
from greeks_cli.terms.request import build_request

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
        ({"strike": 160}, {"sampler": "sobol", "paths": 16384}),
        ({"strike": 160}, {"importance": False}),
    ],
)
def test_other_paths_keep_their_law(contract, settings):
    assert plan(request(contract, **settings)).shift == 0


@pytest.mark.parametrize("settings", [{}, {"antithetic": True}, {"dtype": "float32"}, {"steps": 3}])
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
        assert one.stderr < 0.05 * abs(one.exact)


def test_the_gain_far_out_of_the_money():
    contract = {"strike": 160}
    before, after = (run(request(contract, importance=importance)) for importance in (False, True))
    for one, other in zip(before.estimates, after.estimates, strict=True):
        gain = (one.stderr / other.stderr) ** 2
        assert gain > (10 if one.greek.name == "gamma" else 30)  # gamma's estimator has gained before


def test_standard_errors_are_those_of_many_seeds():
    runs = [run(request({"strike": 150}, paths=2000, seed=seed), 1) for seed in range(200)]
    for place, one in enumerate(runs[0].estimates):
        z = np.array([(r.estimates[place].value - one.exact) / r.estimates[place].stderr for r in runs])
        assert abs(z.mean()) < 4 / np.sqrt(200)
        assert abs(z.std() - 1) < 4 / np.sqrt(400)


def test_a_price_too_small_for_chance_has_an_error_bar():
    price = run(request({"strike": 160}, vol=0.02))["price"]
    assert price.exact < 1e-117
    assert abs(price.value - price.exact) < 4.5 * price.stderr
    assert price.stderr < 0.02 * price.exact


def test_a_constant_greek_states_what_far_paths_add():
    gamma = run(request({"strike": 60}, vol=0.06, estimator="pathwise"))["gamma"]
    assert (gamma.value, gamma.stderr) == (0, 0)
    assert 0 < abs(gamma.exact) <= gamma.bias < 1e3 * gamma.exact
    assert gamma.warning is None


def test_shifted_trades_of_a_book_are_those_alone():
    book = [request({"strike": strike}) for strike in (90, 150, 160, 170, 250)]
    together, (rows, totals) = run_together(book), run_with_totals(book)
    for one, other, third in zip(map(run, book), together, rows, strict=True):
        assert one.estimates == other.estimates == third.estimates
        assert one.shift == other.shift == third.shift
    for total in totals:
        members = [one[total.greek.name] for one in together]
        assert total.value == pytest.approx(sum(one.value for one in members), rel=1e-12)
        assert total.stderr <= sum(one.stderr for one in members)


def test_the_error_bar_of_a_total_with_shifted_trades_is_true():
    z = []
    for seed in range(60):
        book = [request({"strike": strike}, "delta", paths=2000, seed=seed) for strike in (100, 150)]
        rows, totals = run_with_totals(book, 1)
        exact = [sum(row[total.greek.name].exact for row in rows) for total in totals]
        z.append([(total.value - truth) / total.stderr for total, truth in zip(totals, exact, strict=True)])
    spread = np.std(z, axis=0)
    assert np.all(np.abs(np.mean(z, axis=0)) < 4 / np.sqrt(60))
    assert np.all(np.abs(spread - 1) < 4 / np.sqrt(120))


def test_plans_are_shifted_alike_together_and_alone():
    plans = [plan(request({"strike": strike}, importance=True)) for strike in (140, 155, 170, 60)]
    assert [one.shift for one in with_shifts(plans)] == [one.shift for one in plans]
