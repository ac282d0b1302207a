"""Upper bounds: above known prices, tight, and pure functions of the request."""

import numpy as np
import pytest

from greeks_cli.engine.exercise import fit, on_one, on_several, variants
from greeks_cli.engine.exercise.bounds import upper_bound
from greeks_cli.engine.exercise.policy import policy_of
from greeks_cli.engine.payoffs.early.quantities import POLICY, EarlyOnSeveral
from greeks_cli.engine.payoffs.early.ranks import n_polynomials, polynomials, ranked
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.terms.building import build_request

NAMES = ("A", "B")
MARKET = {
    "underlying": {name: {"spot": 100, "vol": 0.2, "dividend_yield": 0.1} for name in NAMES},
    "correlation": 0.3,
    "rate": 0.05,
}
BEST = {"kind": "best-of", "strike": 100, "expiry": 2, "exercise": "bermudan", "exercise_times": [0.5, 1, 1.5, 2]}


def request_of(contract=BEST, **simulation):
    return build_request(contract, MARKET, simulation, "price")


def test_a_bound_depends_on_contract_market_and_seed_alone():
    assert upper_bound(request_of()).mean == upper_bound(request_of(antithetic=True)).mean
    assert upper_bound(request_of()).mean != upper_bound(request_of(seed=1)).mean


def test_the_bound_of_an_option_on_one_of_two_is_near_its_price():
    # A basket of one share of A alone, and none of B, is a put on A.
    contract = {**BEST, "kind": "basket", "type": "put", "weights": [1, 0]}
    known = on_one.FitOnOne(
        build_request({**BEST, "kind": "european", "type": "put"}, {**MARKET["underlying"]["A"], "rate": 0.05}, {}),
        variants.USUAL,
    )
    price = known.run()["premium"] + known._known_today
    bound = upper_bound(request_of(contract))
    assert price - 4 * bound.stderr < bound.mean < price + 0.05 + 4 * bound.stderr


def test_ranks_are_sorted_path_by_path_and_all_polynomials_are_counted():
    logs = np.random.default_rng(1).standard_normal((4, 50))
    assert np.array_equal(ranked(list(logs)), -np.sort(-logs, axis=0))
    policy = {f"{name} {k}": np.ones(1) for name in ("middle", "steepness") for k in range(4)}
    assert len(polynomials(policy | {"per payment": np.ones(1)}, list(logs), logs[0])) == n_polynomials(4)


def test_the_mean_of_the_martingale_is_zero():
    request = request_of()
    policy = policy_of(request)
    path = fit.pilot_path(request, 5, 40_000)
    own = EarlyOnSeveral(request.contract, {**request.payoff_values, POLICY: policy}, path)
    for row in own.martingale(policy):
        assert abs(row.mean()) < 4 * row.std() / np.sqrt(40_000)


def test_moves_of_one_underlying_are_steps_from_its_start():
    path = fit.pilot_path(request_of(), 6, 100)
    name, part = next(iter(path.named.items()))
    moves = fit.Moves(part, values_of_part(request_of().values, name))
    assert np.cumsum(moves.steps, axis=0) + np.log(100) == pytest.approx(moves.logs)
    here, means = moves.bells(2)
    assert np.mean(here, axis=1) == pytest.approx(np.mean(means, axis=1), abs=0.2)


def test_a_policy_on_several_fits_the_value_on_all_paths_too():
    columns = on_several.FitOnSeveral(request_of(), variants.USUAL).run()
    assert columns["value 0"][:-1].all()
    assert columns["premium"] > 0
