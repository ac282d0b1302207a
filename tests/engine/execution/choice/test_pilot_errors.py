"""Squared errors of the candidate methods do not depend on the batch, and keep from a choice that is biased."""

import numpy as np
import pytest

from greeks_cli.engine.execution.choice import pilot_errors
from greeks_cli.engine.execution.choice.pilot_errors import squared_errors
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.compile import plan, planned
from greeks_cli.run.books.paths import answer_of, run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.errors import InvalidInput

GREEKS = "delta,gamma,vega,vanna,volga"


def asked(contract, greeks=GREEKS, market=None, **simulation):
    return build_request(contract, {"vol": 0.2, **(market or {})}, {"paths": 4000, **simulation}, greeks)


@pytest.mark.parametrize("settings", [{}, {"dtype": "float32"}, {"sampler": "sobol", "paths": 16384}], ids=str)
@pytest.mark.parametrize("kind", ON_ONE)
def test_errors_of_a_batch_are_those_of_each_request_alone(kind, settings):
    example = {"kind": kind, **ON_ONE[kind].example}
    names = [name for name in asked(example).contract.values if name in example]
    moved = [{name: example[name] * factor for name in names} for factor in (1.0, 1.01, 1.02)]
    markets = [{}, {"vol": 0.25, "spot": 97}, {"rate": 0.03, "dividend_yield": 0.01}]
    pilots = Pilot.of_all(
        [asked(example | numbers, market=market, **settings) for numbers in moved for market in markets]
    )
    for pilot, together in zip(pilots, squared_errors(pilots), strict=True):
        (alone,) = squared_errors([pilot])
        assert together.keys() == alone.keys()
        for index in alone:
            np.testing.assert_array_equal(together[index], alone[index])


def test_europeans_of_unlike_markets_and_dates_are_simplified_as_one(monkeypatch):
    sizes = []

    class Counting(pilot_errors._Contest):
        def __init__(self, pilots):
            sizes.append(len(pilots))
            super().__init__(pilots)

    monkeypatch.setattr(pilot_errors, "_Contest", Counting)
    requests = [
        asked({"strike": k, "expiry": k / 100}, market={"vol": k / 400}, seed=round(k)) for k in (90.0, 101.0, 110.0)
    ]
    squared_errors(Pilot.of_all(requests))
    assert sizes == [3]


def test_payoff_that_is_not_a_number_is_an_error():
    no_number = asked({"kind": "formula", "payoff": "max(sqrt(S[-1] - K), 0)", "param": {"K": 100.0}, "fixings": 2})
    for requests in ([no_number], [no_number, no_number]):
        for answer in run_together(requests):
            assert "the estimate is nan" in answer_of(answer)


def test_second_orders_of_a_european_have_a_choice():
    (errors,) = squared_errors(Pilot.of_all([asked({"strike": 100})]))
    assert set(errors) == {("spot", "spot"), ("spot", "vol"), ("vol", "vol")}
    assert all(error > 0 for of_methods in errors.values() for error in of_methods)


@pytest.mark.parametrize(
    "contract",
    [{"payoff": "max(S[0] - 100, 0)", "fixing_times": [0.0, 1.0]}, {"payoff": "S[-1] / K", "param": {"K": 0.0}}],
    ids=["at the kink", "divided by zero"],
)
def test_request_without_a_plan_does_not_change_other_plans(contract):
    bad = asked({"kind": "formula", **contract})
    good = asked({"strike": 110})
    first, failed, last = planned([good, bad, good])
    assert isinstance(failed, InvalidInput)
    assert first.groups == last.groups == plan(good).groups


@pytest.mark.parametrize(
    ("payoff", "strike", "settings"),
    [("max(K - 1, 2)", 1e300, {}), ("log(S[-1] - K)", 100.0, {"control": True})],
    ids=["beyond the range", "logarithms of a control's estimate"],
)
def test_estimate_out_of_range_has_its_message_and_no_warning(payoff, strike, settings):
    request = asked({"kind": "formula", "payoff": payoff, "param": {"K": strike}}, "delta", **settings)
    (answer,) = run_together([request])  # a warning would be an error here
    assert "it left the range of its floating-point type" in answer_of(answer)


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_width_at_which_the_bias_turns_is_not_taken(seed):
    """Four times the least width, the volga of a cliquet is off by 0.6, and by as much at twice that width."""
    contract = {"kind": "cliquet", "periods": 12, "expiry": 1.13}
    market = {"vol": 1.27, "rate": -0.007, "dividend_yield": 0.037}
    settings = {"paths": 20_762, "seed": seed, "antithetic": True}
    volga = run(build_request(contract, market, settings, "volga"))["volga"]
    assert volga.warning is None
    assert abs(volga.value - volga.exact) < 4 * volga.stderr + volga.bias
