"""Exercise policies under models: the martingale follows the price, and a policy decides by spot and variance."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.exercise.fit import pilot_path
from greeks_cli.engine.exercise.on_model import FitOnModel
from greeks_cli.engine.exercise.variants import REFITTED, USUAL
from greeks_cli.engine.payoffs.early.given import EarlyGiven, degrees
from greeks_cli.terms.building import build_request
from greeks_cli.terms.markets.models import Model
from tests.models import ALL, HESTON

PUT = {"type": "put", "strike": 100, "exercise": "american", "exercise_dates": 12}


def request_of(market):
    return build_request(PUT, {"spot": 100, **market, "rate": 0.05}, {})


@pytest.mark.parametrize("market", ALL.values(), ids=ALL)
def test_a_martingale_takes_most_of_the_noise_off_payments_on_fresh_paths(market):
    request = request_of(market)
    columns = FitOnModel(request, USUAL).run()
    own = EarlyGiven(request.contract, request.payoff_values, pilot_path(request, 7, 1 << 13))
    decisions, paid = own.decisions(columns), values_of(own.discounts * own.payments)
    payment = (decisions * paid).sum(axis=0)
    rest = (decisions * values_of(own.hedged(columns))).sum(axis=0)
    assert rest.std() < 0.15 * payment.std()
    assert abs((payment - rest).mean()) <= 4 * (payment - rest).std() / np.sqrt(1 << 13)


def test_a_refitted_policy_has_fewer_polynomials():
    usual, other = (FitOnModel(request_of(HESTON), variant).run() for variant in (USUAL, REFITTED))
    last = len(degrees(Model.HESTON)) - 1
    assert usual[f"continuation {last}"].any()
    assert not other[f"continuation {last}"].any()


def test_a_policy_goes_on_longer_where_variance_is_high():
    request = request_of(HESTON)
    columns = FitOnModel(request, USUAL).run()
    own = EarlyGiven(request.contract, request.payoff_values, pilot_path(request, 7, 1 << 14))
    exercised = own.pays_more(columns)[5]
    spots, levels = np.exp(own.states[0][5]), own.states[1][5]
    near = (spots > 78) & (spots < 90)
    low, high = (near & (levels < np.median(levels)), near & (levels >= np.median(levels)))
    assert exercised[low].mean() > exercised[high].mean() + 0.05
