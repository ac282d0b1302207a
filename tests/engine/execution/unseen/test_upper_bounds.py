"""Upper bounds: of the paths or of nested ones, plan by plan, for prices alone."""

from types import SimpleNamespace

import numpy as np

from greeks_cli.engine.execution.compile import planned
from greeks_cli.engine.execution.unseen.upper_bounds import is_price, upper_bounds
from greeks_cli.engine.exercise.nested import nested_gap
from greeks_cli.terms.building import build_request

PUT = {"type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.3, 0.6], "basis": 1}
MARKET = {"spot": 100, "vol": 0.2, "rate": 0.05}
VALUES, STDERRS = np.array([[6.0, 7.0], [-0.4, -0.5]]), np.array([[0.3, 0.4], [0.01, 0.02]])
OF_PATHS = SimpleNamespace(mean=VALUES + 1, stderr=2 * STDERRS)


def plans_of(*bounds, greeks="price,delta", **terms):
    return planned([build_request({**PUT, **terms, "bounds": own}, MARKET, {}, greeks) for own in bounds])


def test_nested_paths_tell_what_is_above_the_value_of_the_plan_that_asks_for_them():
    plans = plans_of("martingale", "nested")
    found, noise = upper_bounds(plans, OF_PATHS, VALUES, STDERRS)
    gap = nested_gap(plans[1].request)
    assert gap.mean > 0
    assert found[0].tolist() == [7.0, 7.0 + gap.mean]
    assert noise[0].tolist() == [0.6, np.hypot(0.4, gap.stderr)]
    assert np.isnan(found[1]).all()
    assert np.isnan(noise[1]).all()


def test_europeans_have_no_bound():
    plans = plans_of("martingale", exercise_times=None, exercise="european", basis=None)
    assert np.isnan(upper_bounds(plans, None, VALUES[:, :1], STDERRS[:, :1])).all()


def test_prices_are_told_from_other_greeks():
    (plan,) = plans_of("nested")
    assert is_price(plan).tolist() == [[True], [False]]
