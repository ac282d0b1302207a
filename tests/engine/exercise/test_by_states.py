"""Exercise policies by several states: of contracts on the path, and of several underlyings."""

import numpy as np
import pytest

from greeks_cli.engine.exercise.by_states import FitByStates
from greeks_cli.engine.exercise.fit import NEVER
from greeks_cli.engine.exercise.on_path import FitOnPath
from greeks_cli.engine.exercise.on_several import FitOnSeveral
from greeks_cli.engine.exercise.variants import USUAL
from greeks_cli.terms.building import build_request

BERMUDAN = {"exercise": "bermudan", "exercise_times": [0.5, 0.75, 1]}
ASIAN = {"kind": "asian", "type": "put", "strike": 100, "fixings": 4, **BERMUDAN}
BEST = {"kind": "best-of", "strike": 100, **BERMUDAN}
TWO = {"underlying": {name: {"spot": 100, "vol": 0.2} for name in "AB"}, "correlation": 0.3, "rate": 0.05}


def fit_of(contract, market):
    request = build_request(contract, market, {})
    return (FitOnSeveral if request.is_joint else FitOnPath)(request, USUAL)


@pytest.mark.parametrize(("contract", "market"), [(ASIAN, {"spot": 100, "vol": 0.2, "rate": 0.05}), (BEST, TWO)])
def test_the_value_of_going_on_is_that_of_the_regression(contract, market):
    fit = fit_of(contract, market)
    assert isinstance(fit, FitByStates)
    columns, n = fit.run(), len(build_request(contract, market, {}).contract.dates)
    assert columns["premium"] > 0
    places = [place for place in range(n - 1) if columns["continuation 0"][place] < NEVER]
    assert places == [n - 3, n - 2]


def test_a_date_that_is_no_exercise_date_never_exercises():
    fit = fit_of(ASIAN, {"spot": 100, "vol": 0.2, "rate": 0.05})
    assert np.array_equal(fit.run()["continuation 0"][:, 0] == NEVER, [True, False, False, False])
