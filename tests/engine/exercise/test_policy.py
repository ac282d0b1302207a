"""Exercise policies: pure functions of a request, and near the best policy of a grid."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import NEVER, pilot_path
from greeks_cli.engine.exercise.policy import policy_of, with_policy
from greeks_cli.engine.exercise.variants import HALVED, REFITTED, USUAL
from greeks_cli.engine.payoffs.early.quantities import DEGREE, POLICY, early
from greeks_cli.terms.building import build_request

PUT = {"type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.25, 0.5, 0.75, 1]}
MARKET = {"spot": 100, "vol": 0.2, "rate": 0.05}


def request_of(contract=PUT, market=MARKET, **simulation):
    return build_request(contract, market, simulation)


def test_a_policy_depends_on_contract_market_and_seed_alone():
    one, same = policy_of(request_of()), policy_of(request_of(paths=500, sampler="random", antithetic=True))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    for other in (request_of(seed=1), request_of(market={**MARKET, "vol": 0.21}), request_of({**PUT, "strike": 101})):
        assert not np.array_equal(policy_of(other)["premium"], one["premium"])


def test_a_refitted_policy_decides_otherwise_by_the_same_martingale():
    usual, other = (policy_of(request_of(), variant) for variant in (USUAL, REFITTED))
    assert not np.array_equal(usual["continuation 1"], other["continuation 1"])
    assert not other[f"continuation {DEGREE}"].any()
    assert np.array_equal(usual["martingale 3"], other["martingale 3"])


def test_half_as_many_dates_are_every_second_one_and_the_last():
    contract = {"type": "put", "strike": 100, "exercise": "american", "exercise_dates": 6}
    never = policy_of(request_of(contract), HALVED)["continuation 0"][:, 0] >= NEVER
    assert never.tolist() == [True, False, True, False, True, False]


def test_a_date_that_no_path_exercises_has_no_polynomial():
    columns = policy_of(request_of(market={**MARKET, "rate": -0.01}))
    assert (columns["continuation 0"][:-1] >= 1e29).all()
    assert columns["premium"] == pytest.approx(0, abs=1e-12)


def test_only_contracts_that_are_exercised_early_have_a_policy_among_their_numbers():
    early, european = request_of(), request_of({"strike": 100})
    assert POLICY in with_policy(early, early.payoff_values)
    assert POLICY not in with_policy(european, european.payoff_values)


def test_after_dividends_no_policy_exercises_for_nothing():
    contract = {"type": "put", "strike": 82, "expiry": 0.5, "exercise": "american"}
    request = request_of(contract, {"spot": 100, "vol": 0.39, "rate": 0.025, "dividends": "0.12:0.9,0.16:0.8"})
    leaves = with_policy(request, request.payoff_values)
    own = early(request.contract, leaves, pilot_path(request, 7))
    is_exercised = own.decisions(leaves[POLICY])[:-1] > 0
    assert is_exercised.any()
    assert values_of(own.payments)[:-1][is_exercised].min() > 0
