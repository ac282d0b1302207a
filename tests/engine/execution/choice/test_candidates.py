"""Candidates: the methods that apply to each Greek."""

import pytest

from greeks_cli.engine.execution.choice.candidates import candidates_of, effective_paths, fixed_width
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.terms.building import build_request
from greeks_cli.terms.simulation import Estimator


def estimators(contract, greeks, **simulation):
    """The estimators among the candidates of each Greek, by the names of its parameters."""
    request = build_request(contract, {"vol": 0.2}, {"paths": 4096, **simulation}, greeks)
    (pilot,) = Pilot.of_all([request])
    found = candidates_of(request, pilot.kinks)
    return {",".join(index): {method.estimator for method in methods} for index, methods in found.items()}


def test_greeks_without_a_kink_have_one_method():
    found = estimators({"strike": 100}, "price,delta")
    assert found == {"": {Estimator.PATHWISE}, "spot": {Estimator.PATHWISE}}


def test_second_orders_and_jumps_have_a_choice():
    assert estimators({"strike": 100}, "gamma")["spot,spot"] == {
        Estimator.LIKELIHOOD,
        Estimator.CONDITIONAL,
        Estimator.MIXED,
    }
    digital = estimators({"kind": "digital", "strike": 100}, "delta")["spot"]
    assert digital == {Estimator.LIKELIHOOD, Estimator.CONDITIONAL}


def test_an_estimator_that_does_not_apply_is_pathwise():
    found = estimators({"kind": "digital", "strike": 100}, "delta", estimator="mixed")
    assert found["spot"] == {Estimator.PATHWISE}


@pytest.mark.parametrize(("settings", "width"), [({}, None), ({"width": 0.5}, 0.5), ({"smoothing": "none"}, 0.0)])
def test_fixed_width_is_that_of_the_request(settings, width):
    assert fixed_width(build_request({"strike": 100}, {"vol": 0.2}, settings, "delta")) == width


def test_sobol_points_count_as_more_paths():
    sobol = build_request({"strike": 100}, {"vol": 0.2}, {"paths": 4096, "sampler": "sobol"}, "delta")
    assert effective_paths(sobol) == 4096**1.5
