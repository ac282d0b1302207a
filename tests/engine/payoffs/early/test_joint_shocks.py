"""Shocks of several prices under models: their means are 0; slopes of the value are bounded."""

import numpy as np

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import pilot_path
from greeks_cli.engine.exercise.on_joint_model import FitOnJointModel
from greeks_cli.engine.exercise.variants import USUAL
from greeks_cli.engine.payoffs.early.joint_given import EarlyOnSeveralGiven
from greeks_cli.engine.payoffs.early.joint_shocks import bounded, joint_shocks, n_joint_shocks, n_rows, rows_of
from greeks_cli.engine.payoffs.early.joint_shocks import value_and_slopes as slopes_of
from greeks_cli.engine.payoffs.early.moves import deviations_of
from greeks_cli.terms.building import build_request
from tests.models import MIXED

PUT = {"kind": "worst-of", "type": "put", "strike": 100, "exercise": "bermudan", "exercise_times": [0.1, 0.5, 1]}


def fitted():
    market = {**MIXED, "underlying": {name: {"spot": 100, **own} for name, own in MIXED["underlying"].items()}}
    request = build_request(PUT, market, {"steps": 12})
    columns = FitOnJointModel(request, USUAL).run()
    return columns, EarlyOnSeveralGiven(request.contract, request.payoff_values, pilot_path(request, 9, 1 << 14))


def test_shocks_have_a_mean_of_nothing_at_every_date():
    columns, own = fitted()
    moves = own.moves
    _, slopes = slopes_of(columns, own.before(moves), own.payment_at)
    found = [values_of(shock) for shock in joint_shocks(columns, moves, bounded(columns, slopes))]
    assert len(found) == n_joint_shocks(own.models)
    for shock in found:
        noise = shock.std(axis=1) / np.sqrt(shock.shape[1])
        assert (np.abs(shock.mean(axis=1)) <= 4.5 * noise + 1e-12).all()


def test_slopes_of_a_put_on_the_worst_lie_between_bounds_of_the_pilot():
    columns, own = fitted()
    _, slopes = slopes_of(columns, own.before(own.moves), own.payment_at)
    for k, slope in enumerate(bounded(columns, slopes)):
        least, largest = columns[f"least slope {k}"], columns[f"largest slope {k}"]
        assert (slope >= least).all()
        assert (slope <= largest).all()
    assert sum(float(slope.mean()) for slope in bounded(columns, slopes)) < 0


def test_a_value_has_rows_for_two_variances_of_four():
    columns, own = fitted()
    states = own.states
    assert len(states.deviations) == 2
    assert 1 + len(rows_of(columns, states)) == n_rows(own.models)
    assert np.array_equal(states.deviations[0], deviations_of(states.deviations[0] ** 2))
