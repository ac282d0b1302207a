"""Choice of the number of time steps."""

from dataclasses import replace

from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.steps import with_steps
from greeks_cli.terms.building import build_request
from tests.models import HESTON, MERTON


def planned(market, **simulation):
    return plan(build_request({"strike": 100, "expiry": 2}, market, {"paths": 20_000, **simulation}, "price,delta"))


def test_exact_models_have_no_steps():
    assert planned(MERTON).n_steps == planned({"vol": 0.2}).n_steps == 0


def test_a_number_that_is_given_stays():
    assert planned(HESTON, steps=6).n_steps == 6
    one = planned(HESTON, steps=6)
    assert with_steps(one) is one


def test_more_paths_take_more_steps():
    def steps(paths):
        request = build_request({"strike": 100, "expiry": 2}, HESTON, {"paths": paths}, "d(initial_variance)")
        return plan(request).n_steps

    assert 8 <= steps(500) < steps(1_000_000)


def test_steps_do_not_depend_on_the_seed_of_blocks():
    request = build_request({"strike": 100}, HESTON, {}, "price")
    assert plan(request).blocks == plan(replace(request)).blocks
