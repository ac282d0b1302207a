"""Payments on exercise of contracts on the path so far, and the martingale of products of bells."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import pilot_path
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs import payoff
from greeks_cli.engine.payoffs.early.on_path import EarlyOnPath, n_factors
from greeks_cli.engine.payoffs.early.quantities import POLICY, early
from greeks_cli.engine.payoffs.early.running import running
from greeks_cli.engine.payoffs.early.running_formula import MOST_STATES
from greeks_cli.terms.building import build_request

MARKET = {"spot": 100, "vol": 0.2, "rate": 0.05}
ASIAN = {"kind": "asian", "type": "put", "strike": 100, "fixings": 4}
FORMULA = {"kind": "formula", "param": {"K": 100}, "fixings": 4}
BERMUDAN = {"exercise": "bermudan", "exercise_times": [0.3, 0.5, 0.8]}
CONTRACTS = {
    "arithmetic": ASIAN,
    "geometric": {**ASIAN, "average": "geometric"},
    "floating": {**ASIAN, "strike_kind": "floating", "strike": None},
    "past": {**ASIAN, "past_fixings": [90, 95]},
    "fixed today": {**ASIAN, "fixings": None, "fixing_times": [0, 0.25, 0.5, 1]},
    "formula of a mean": {**FORMULA, "payoff": "max(K - mean(S), 0)"},
    "formula of an extreme": {**FORMULA, "payoff": "max(max(S) - K, 0) + 0.1 * min(S)"},
    "formula of ratios": {**FORMULA, "payoff": "K * max(mean(S / S[0]) - S[-1] / S[0], 0)"},
    "formula with a logarithm": {**FORMULA, "payoff": "where(S[-1] > K, log(S[-1] - K), 0)"},
    "formula of past fixings": {**FORMULA, "payoff": "max(sum(S) - 3 * S[1], 0) + K", "past_fixings": [90, 95]},
    "formula fixed today": {**FORMULA, "payoff": "max(max(S) - K, 0)", "fixings": None, "fixing_times": [0, 0.5, 1]},
    "formula of few fixings": {**FORMULA, "payoff": "max(sum(S) - K, 0)", "fixings": None, "fixing_times": [0.3, 0.6]},
}


def numbers(request):
    path = pilot_path(request, 7, 50)
    return path, running(request.contract, request.payoff_values, path)


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_payment_at_a_date_is_that_of_a_contract_that_ends_there(name):
    request = build_request({**CONTRACTS[name], **BERMUDAN}, MARKET, {})
    path, own = numbers(request)
    for place in request.contract.rights_places:
        date = request.contract.dates[place]
        ended = {**CONTRACTS[name], "fixings": None, "expiry": date}
        times = [time for time in request.contract.times if time <= date]
        if ended["kind"] == "formula" and request.contract.times[-1] == request.contract.expiry:
            times = sorted({*times, date})  # the price on that day is the last fixing
        ended["fixing_times"] = times
        shorter = build_request(ended, MARKET, {}).contract
        upto = _Upto(path, [request.contract.dates.index(time) for time in shorter.dates])
        values = {**build_request(ended, MARKET, {}).payoff_values, **request.market.values}
        expected = values_of(payoff(shorter, values, upto, Sharp()))
        assert values_of(own.payments)[place] == pytest.approx(expected, abs=1e-12)


class _Upto:
    """The view of a path whose dates are some of its dates."""

    def __init__(self, path, places):
        self.spots = np.asarray(path.spots)[places]
        self.n_dates = len(places)

    def __getitem__(self, date):
        return self.spots[date]

    def total(self, n_dates):
        return self.spots[:n_dates].sum(axis=0)

    def first(self, n_dates):
        return self.spots[:n_dates]


def test_the_payment_today_is_that_of_the_past_fixings():
    request = build_request({**ASIAN, "past_fixings": [90, 94], "exercise": "american"}, MARKET, {})
    assert request.contract.exercises_today
    assert values_of(numbers(request)[1].today) == pytest.approx(np.full(50, 8.0))


def test_the_states_of_a_formula_are_what_it_keeps_of_the_past():
    contract = {**FORMULA, "payoff": "max(mean(S) - S[-1], 0) * where(max(S) > K, 1, S[1] / K) + mean(S)", **BERMUDAN}
    request = build_request({**contract, "exercise_times": [0.5, 0.8]}, MARKET, {})
    path, own = numbers(request)
    spots = np.asarray(path.spots)
    assert len(own.states) == MOST_STATES == 3
    assert own.states[0][2] == pytest.approx(spots[:3].mean(axis=0))
    assert own.states[1][1] == pytest.approx(spots[:2].max(axis=0))
    assert own.states[2][0].tolist() == [0.0] * 50
    assert own.states[2][3] == pytest.approx(spots[1])


def test_a_mean_of_no_fixing_is_never_paid():
    american = build_request({**ASIAN, "exercise": "american"}, MARKET, {}).contract
    assert not american.exercises_today
    assert american.rights[0] == 0.25
    assert american.dates == american.rights
    assert american.halved_dates == american.rights[::-2][::-1]


def test_the_martingale_has_no_mean_and_takes_most_of_the_noise():
    request = build_request({**ASIAN, **BERMUDAN}, MARKET, {})
    path = pilot_path(request, 7, 20_000)
    leaves = with_policy(request, request.payoff_values)
    own = early(request.contract, leaves, path)
    assert isinstance(own, EarlyOnPath)
    policy = leaves[POLICY]
    assert sum(name.startswith("martingale 0 by") for name in policy) == n_factors(1) + 1
    martingale = np.asarray(values_of(own.martingale(policy)))
    assert np.abs(martingale.mean(axis=1) / martingale.std(axis=1)).max() < 4 / np.sqrt(20_000)
    decisions = own.decisions(policy)
    paid = (decisions * own.discounts * values_of(own.payments)).sum(axis=0)
    left = (decisions * values_of(own.hedged(policy))).sum(axis=0)
    assert left.std() < 0.1 * paid.std()
