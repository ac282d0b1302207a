"""Bound on early exercise that no path shows."""

import numpy as np
import pytest

from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.unseen.unexercised import unexercised
from greeks_cli.terms.building import build_request

PUT = {"type": "put", "strike": 100, "exercise": "american", "exercise_dates": 12}
FAR = {"spot": 300, "vol": 0.2, "rate": 0.05}


def bound_of(contract, market, upper=0.0, **simulation):
    return unexercised(plan(build_request(contract, market, simulation, "price,delta,gamma")), upper, 0.0)


def test_exercise_far_out_counts_by_the_rule_of_three():
    few, many = bound_of(PUT, FAR, paths=10_000), bound_of(PUT, FAR, paths=1_000_000)
    assert (many > 0).all()
    assert few / many == pytest.approx(np.full(3, 100.0), rel=0.05)  # their pilots differ


def test_the_gap_of_the_bounds_counts_as_it_is():
    with_gap = bound_of(PUT, FAR, upper=0.5)
    assert with_gap[0] - bound_of(PUT, FAR)[0] == pytest.approx(0.5, rel=1e-6)
    assert with_gap[1] / with_gap[0] == pytest.approx(6 / (300 * 0.2))


@pytest.mark.parametrize(("contract", "market"), [({**PUT, "type": "call"}, FAR), (PUT, {**FAR, "rate": 0.0})])
def test_exercise_that_nobody_wants_adds_nothing(contract, market):
    assert bound_of(contract, market).tolist() == [0, 0, 0]


def test_exercise_of_today_leaves_nothing_unseen():
    assert bound_of(PUT, {**FAR, "spot": 60}).tolist() == [0, 0, 0]
