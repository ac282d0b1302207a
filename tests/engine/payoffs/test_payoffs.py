"""Payoffs on given paths, and the control variates of contracts."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.payoffs import (
    barriers,
    controls,
    formula,
    joint,
    path_dependent,
    structured,
    two_assets,
    vanilla,
)
from greeks_cli.engine.payoffs.base import discounted_payoff, payoff
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.errors import InvalidInput

SPOTS = np.array([[80.0, 95.0, 110.0], [120.0, 90.0, 100.0]])
"""Two dates of three paths."""


class GivenPath:
    """A path that is given."""

    expiry = 2.0
    is_proportional = True
    is_integrable = False

    def __init__(self, n_dates):
        self.spots = SPOTS[-n_dates:]
        self.n_dates = n_dates

    def discount(self, leaves, date=-1):
        return self.accruals(leaves, date).discount

    def time(self, date):
        times = np.array([self.expiry * (i + 1) / self.n_dates for i in range(self.n_dates)])
        return times[date][:, None] if isinstance(date, slice) else float(times[date])

    def accruals(self, leaves, date=-1, since=None):
        if since is None:
            return Accruals(leaves, self.time(date))
        return Accruals({**leaves, "time": 0.0}, self.time(date) - self.time(since))

    @property
    def lognormal_end(self):
        return self.spots[-1]

    def bridges(self, leaves):
        return None  # it is watched on its dates alone

    def first(self, n_dates):
        return self.spots[:n_dates]

    def __getitem__(self, date):
        return self.spots[date]

    @property
    def ratios(self):
        return self.spots / self.spots[:1]

    def total(self, n_dates):
        return self.spots[:n_dates].sum(axis=0)


def paid(contract, function=payoff):
    request = build_request(contract | {"expiry": 2}, {"vol": 0.2, "rate": 0.05}, {}, [])
    sharp = Smoother([Kernel.plain(0)] * 50)
    found = function(request.contract, request.payoff_values, GivenPath(len(request.contract.dates)), sharp)
    return np.asarray(getattr(found, "array", found))


EXPECTED = {
    "call": ({"strike": 100}, [20, 0, 0]),
    "put": ({"strike": 100, "type": "put"}, [0, 10, 0]),
    "digital": ({"kind": "digital", "strike": 95, "cash": 3}, [3, 0, 3]),
    "straddle": ({"kind": "straddle", "strike": 100}, [20, 10, 0]),
    "Asian": ({"kind": "asian", "strike": 95, "fixings": 2}, [5, 0, 10]),
    "geometric Asian": (
        {"kind": "asian", "average": "geometric", "strike": 95, "fixings": 2},
        [np.sqrt(9600) - 95, 0, np.sqrt(11000) - 95],
    ),
    "down-and-out": (
        {"kind": "barrier", "strike": 80, "barrier": 85, "barrier_type": "down-out", "monitoring": 2},
        [0, 10, 20],
    ),
    "down-and-in": (
        {"kind": "barrier", "strike": 80, "barrier": 85, "barrier_type": "down-in", "monitoring": 2},
        [40, 0, 0],
    ),
    "lookback": ({"kind": "lookback", "strike": 100, "monitoring": 1}, [20, 0, 0]),
    "cliquet": ({"kind": "cliquet", "periods": 2, "floor": 0, "cap": 0.1, "notional": 100}, [10, 0, 10]),
    "formula": ({"kind": "formula", "payoff": "max(S) - min(S[0], K)", "param": {"K": 90}, "fixings": 2}, [40, 5, 20]),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_payoff_of_given_paths(name):
    contract, expected = EXPECTED[name]
    np.testing.assert_allclose(paid(contract), expected, atol=1e-12)


def test_payoff_is_discounted_from_expiry():
    np.testing.assert_allclose(paid({"strike": 100}, discounted_payoff), np.exp(-0.1) * np.array([20, 0, 0]))


def test_every_contract_has_a_payoff():
    modules = {payoff.dispatch(model).__module__ for model in CONTRACTS.values()}
    assert modules == {
        one.__name__ for one in (vanilla, barriers, path_dependent, joint, two_assets, structured, formula)
    }


def test_contract_without_a_payoff_is_refused():
    with pytest.raises(TypeError, match="no payoff is registered for object"):
        payoff(object(), {}, GivenPath(1), Smoother([]))


def control_of(**contract):
    return controls.control_of(build_request(contract, {"vol": 0.2}, {}, []))


def test_control_of_an_arithmetic_average_is_the_geometric_average():
    assert control_of(kind="asian", strike=100).average == "geometric"


def test_control_under_dividends_in_cash_is_the_underlying():
    request = build_request({"kind": "asian", "strike": 100}, {"vol": 0.2, "dividends": "0.5:2"}, {}, [])
    assert isinstance(controls.control_of(request), controls.Underlying)


@pytest.mark.parametrize("contract", [{"strike": 100}, {"kind": "asian", "strike_kind": "floating"}], ids=str)
def test_control_of_other_contracts_is_the_underlying(contract):
    assert isinstance(control_of(**contract, expiry=2), controls.Underlying)
    assert control_of(**contract, expiry=2).expiry == 2
    np.testing.assert_array_equal(payoff(control_of(**contract), {}, GivenPath(1), Smoother([])), SPOTS[-1])


def test_formula_of_numbers_without_a_value_is_refused():
    with pytest.raises(InvalidInput, match="a part of it has no value"):
        paid({"kind": "formula", "payoff": "S[-1] + 1 / (2 - 2)"})
