"""Methods are judged for many requests at once as for each alone."""

import numpy as np
import pytest

from greeks_cli.engine.pilot import Pilot
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.trial import squared_errors
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
    pilots = [Pilot.of(asked(example | numbers, **settings)) for numbers in moved]
    for pilot, together in zip(pilots, squared_errors(pilots), strict=True):
        (alone,) = squared_errors([pilot])
        assert together.keys() == alone.keys()
        for index in alone:
            np.testing.assert_array_equal(together[index], alone[index])


def test_there_is_a_choice_to_judge():
    (errors,) = squared_errors([Pilot.of(asked({"strike": 100}))])
    assert set(errors) == {("spot", "spot"), ("spot", "vol"), ("vol", "vol")}
    assert all(error > 0 for of_methods in errors.values() for error in of_methods)


def test_a_request_without_a_plan_leaves_the_others_theirs():
    at_the_kink = asked({"kind": "formula", "payoff": "max(0 * S[-1], 0)"})
    good = asked({"strike": 110})
    first, failed, last = Plan.of_all([good, at_the_kink, good])
    assert isinstance(failed, InvalidInput)
    assert first.groups == last.groups == Plan.of(good).groups
