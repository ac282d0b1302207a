"""Rebates at hit on given paths."""

import numpy as np
import pytest

from greeks_cli.engine.payoffs.rebates import rebate_by_bridge, rebate_on_dates
from greeks_cli.terms.building import build_request
from tests.engine.payoffs.test_payoffs import GivenPath

DOWN = {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": "down-out", "rebate": 1, "rebate_at": "hit"}


def test_first_date_that_touches_pays_with_interest():
    path = GivenPath(2)
    alive = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(rebate_on_dates({"rate": 0.05, "time": 0.0}, path, alive), [np.exp(0.05), 1, 0])


@pytest.mark.parametrize("market", [{"rate": 0.04}, {"rate": 0.2}, {"rate": 0.2, "dividend_yield": 0.5}])
def test_martingale_is_1_at_the_barrier(market):
    request = build_request({**DOWN, "expiry": 2}, {"vol": 0.2, **market}, {}, [])
    path = GivenPath(1)
    path.spots = np.array([[90.0, 90.0]])
    paid = rebate_by_bridge(request.contract, request.values, path, np.array([0.0, 1.0]))
    np.testing.assert_allclose(paid, [1, 0], atol=1e-12)
