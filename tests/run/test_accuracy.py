"""Tolerances and budgets."""

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.accuracy import parse_target
from greeks_cli.terms.building import build_request


def request(tol, simulation=None, **limits):
    return build_request({"strike": 100}, {"vol": 0.1}, simulation or {}, "gamma", {"tol": tol, **limits})


@pytest.mark.parametrize(
    "settings", [{}, {"estimator": "pathwise"}, {"antithetic": True}, {"sampler": "sobol", "paths": 4096}]
)
def test_blocks_are_added_until_the_tolerance_is_met(settings):
    asked = request(["gamma=0.3%", "price=0.01"], settings)
    result = run(asked)
    assert result.unmet == ()
    assert result.paths > asked.simulation.paths
    gamma, price = result["gamma"], result["price"]
    assert gamma.stderr + gamma.bias <= 0.003 * gamma.value
    assert price.stderr + price.bias <= 0.01


def test_easy_tolerance_ends_before_all_paths():
    result = run(request(["price=1"], {"paths": 1_000_000}))
    assert result.unmet == ()
    assert result.paths < 1_000_000


def test_threads_do_not_change_where_a_tolerance_ends_the_run():
    asked = request(["gamma=0.05%"])
    one, three = run(asked, 1), run(asked, 3)
    assert (one.paths, one.estimates) == (three.paths, three.estimates)
    assert one.paths > asked.simulation.paths


def test_max_paths_ends_the_run_and_names_the_unmet_tolerance():
    result = run(request(["gamma=0.01%"], max_paths=200_000))
    assert [str(target) for target in result.unmet] == ["gamma=0.01%"]
    assert result.paths == 200_000


def test_max_seconds_ends_the_run():
    result = run(request(["gamma=0.001%"], max_seconds=0.5))
    assert result.unmet
    assert result.elapsed_seconds < 5


def test_a_bias_of_early_exercise_beyond_the_tolerance_takes_no_more_paths():
    american = {"strike": 100, "type": "put", "exercise": "american", "exercise_dates": 8}
    asked = build_request(american, {"vol": 0.2, "rate": 0.05}, {"paths": 5_000}, "price", {"tol": ["price=0.001"]})
    result = run(asked)
    assert [str(target) for target in result.unmet] == ["price=0.001"]
    assert result.paths <= 5_000
    assert result["price"].bias > 0.001


def test_tolerance_adds_its_greek():
    asked = build_request({"strike": 100}, {"vol": 0.1}, {}, "delta", {"tol": ["vega=1%"]})
    assert [greek.name for greek in asked.greeks] == ["price", "delta", "vega"]


@pytest.mark.parametrize("text", ["gamma", "gamma=", "gamma=x", "=1%", "gamma=-1%", "gamma=0", "gamma=1e400%"])
def test_a_bad_tolerance_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a tolerance; write gamma=1% or price=0.001"):
        parse_target(text)


@pytest.mark.parametrize(
    ("contract", "vol"),
    [
        ({"kind": "asian", "fixings": 2, "strike": 300}, 0.05),
        ({"strike": 1e6}, 0.1),  # the true price is smaller than any floating-point number
        ({"kind": "barrier", "strike": 100, "barrier": 120, "barrier_type": "down-out"}, 0.2),
    ],
)
def test_share_of_a_worthless_option_is_not_met(contract, vol):
    settings = {"paths": 2000, "importance": False}
    worthless = build_request(contract, {"vol": vol}, settings, "delta", {"tol": ["price=1%"]})
    result = run(worthless)
    assert [str(target) for target in result.unmet] == ["price=1%"]
    assert result.paths == 2000


def test_share_of_a_greek_that_is_0_is_met():
    asked = build_request({"kind": "forward-start", "start": 0.5}, {"vol": 0.2}, {}, "gamma", {"tol": ["gamma=1%"]})
    result = run(asked)
    assert (result["gamma"].value, result.unmet) == (0, ())


def test_share_of_a_price_that_few_paths_reach_is_met():
    result = run(build_request({"strike": 300}, {"vol": 0.05}, {}, "delta", {"tol": ["price=1%"]}))
    assert not result.unmet
    assert abs(result["price"].value - result["price"].exact) < 0.045 * result["price"].exact


def test_tolerance_beyond_all_numbers_of_paths_ends_at_the_limit():
    result = run(request(["gamma=1e-160"], max_paths=200_000))
    assert result.paths == 200_000
    assert result.unmet
