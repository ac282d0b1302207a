"""Methods are judged for many requests at once as for each alone."""

import numpy as np
import pytest

from greeks_cli.engine.execution import pilot_errors as trial
from greeks_cli.engine.execution.pilot_errors import squared_errors
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import Pilot
from greeks_cli.run.together import run_alongside
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.request import build_request

GREEKS = "delta,gamma,vega,vanna,volga"


def asked(contract, greeks=GREEKS, **simulation):
    return build_request(contract, {"vol": 0.2}, {"paths": 4000, **simulation}, greeks)


@pytest.mark.parametrize("settings", [{}, {"dtype": "float32"}, {"sampler": "sobol", "paths": 16384}], ids=str)
@pytest.mark.parametrize("kind", CONTRACTS)
def test_errors_do_not_depend_on_who_is_tried_with_whom(kind, settings):
    example = {"kind": kind, **CONTRACTS[kind].example}
    names = [name for name in asked(example).contract.values if name in example]
    moved = [{name: example[name] * factor for name in names} for factor in (1.0, 1.01, 1.02)]
    pilots = Pilot.of_all(asked(example | numbers, **settings) for numbers in moved)
    for pilot, together in zip(pilots, squared_errors(pilots), strict=True):
        (alone,) = squared_errors([pilot])
        assert together.keys() == alone.keys()
        for index in alone:
            np.testing.assert_array_equal(together[index], alone[index])


def test_europeans_are_tried_at_once(monkeypatch):
    sizes = []
    tried = trial._tried

    def counting(pilots):
        sizes.append(len(pilots))
        return tried(pilots)

    monkeypatch.setattr(trial, "_tried", counting)
    squared_errors(Pilot.of_all(asked({"strike": strike}) for strike in (90, 100, 110)))
    assert sizes == [3]


def test_what_is_not_a_number_is_said_so():
    no_number = asked({"kind": "formula", "payoff": "max(sqrt(S[-1] - K), 0)", "param": {"K": 100.0}, "fixings": 2})
    for requests in ([no_number], [no_number, no_number]):
        for answer in run_alongside(requests):
            assert "the estimate is nan" in answer


def test_there_is_a_choice_to_judge():
    (errors,) = squared_errors(Pilot.of_all([asked({"strike": 100})]))
    assert set(errors) == {("spot", "spot"), ("spot", "vol"), ("vol", "vol")}
    assert all(error > 0 for of_methods in errors.values() for error in of_methods)


@pytest.mark.parametrize("payoff", ["max(0 * S[-1], 0)", "S[-1] / K"], ids=["at the kink", "divided by zero"])
def test_a_request_without_a_plan_leaves_the_others_theirs(payoff):
    bad = asked({"kind": "formula", "payoff": payoff, "param": {"K": 0.0}})
    good = asked({"strike": 110})
    first, failed, last = Plan.of_all([good, bad, good])
    assert isinstance(failed, InvalidInput)
    assert first.groups == last.groups == Plan.of(good).groups


@pytest.mark.parametrize(
    ("payoff", "strike", "settings"),
    [("max(K - 1, 2)", 1e300, {}), ("log(S[-1] - K)", 100.0, {"control": True})],
    ids=["beyond the range", "logarithms of a control's estimate"],
)
def test_and_nothing_else_is_said(payoff, strike, settings):
    request = asked({"kind": "formula", "payoff": payoff, "param": {"K": strike}}, "delta", **settings)
    (answer,) = run_alongside([request])  # a warning would be an error here
    assert "it left the range of its floating-point type" in answer
