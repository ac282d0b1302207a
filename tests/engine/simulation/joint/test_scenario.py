"""Several underlyings under curves of vol, whose increments correlate by how the vols move together."""

import math

import numpy as np
import pytest

from greeks_cli.engine.simulation.joint.scenario import PartScenario
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from tests.contracts.joint import asked, assert_near

VOLS = {"A": {0.25: 0.15, 1.0: 0.3}, "B": {0.5: 0.4, 1.0: 0.31}}
SPOTS = {"A": 100, "B": 95}
RHO = 0.5


def total_variance(nodes, time):
    """The variance until a time, linear between the nodes."""
    return np.interp(time, [0, *nodes], [0, *(vol * vol * at for at, vol in nodes.items())])


def exchange(vols, rho):
    """Margrabe's formula in the variance of the ratio, of a year."""
    times = (0.0, 0.25, 0.5, 1.0)
    steps = [np.diff([total_variance(vols[name], time) for time in times]) for name in "AB"]
    variance = sum(one.sum() for one in steps) - 2 * rho * np.sqrt(steps[0] * steps[1]).sum()
    deviation = math.sqrt(variance)
    d1 = math.log(SPOTS["A"] / SPOTS["B"]) / deviation + deviation / 2
    chances = [0.5 * math.erfc(-d / math.sqrt(2)) for d in (d1, d1 - deviation)]
    return SPOTS["A"] * chances[0] - SPOTS["B"] * chances[1]


def moved(name, at, by):
    """The vols with one node moved."""
    return {**VOLS, name: {time: vol + by * (time == at) for time, vol in VOLS[name].items()}}


def slope(function, step=1e-5):
    return (function(step) - function(-step)) / (2 * step)


def market(**fields):
    tables = {name: {"spot": SPOTS[name], "vol": [[time, vol] for time, vol in VOLS[name].items()]} for name in SPOTS}
    return {"underlying": tables, "correlation": RHO, "rate": 0.0, **fields}


def test_exchange_under_curves_of_vol():
    request = asked({"kind": "exchange"}, "vega,hessian,d(correlation)", market(), paths=400_000, buckets=True)
    assert request.path_dates == (0.25, 0.5, 1.0)
    found = run(request)
    assert found["price"].exact is None
    assert_near(found["price"], exchange(VOLS, RHO))
    assert_near(found["d(correlation[A,B])"], slope(lambda by: exchange(VOLS, RHO + by)))
    for name in "AB":
        for at in VOLS[name]:
            exact = slope(lambda by, name=name, at=at: exchange(moved(name, at, by), RHO))
            assert_near(found[f"vega[{name}:{at:g}]"], exact, precision=0.2)


@pytest.mark.parametrize("contract", [{"kind": "best-of", "strike": 98, "expiry": 0.75}], ids=str)
def test_methods_agree_under_curves_of_vol(contract):
    rows = check(asked(contract, "delta[A],vega[B],theta,gamma[A],d(spot[A],spot[B])", market(rate=0.02), paths=20_000))
    assert all(abs(row.z or 0) < 4 for row in rows)
    assert {row.method for row in rows if row.greek == "theta"} >= {"likelihood", "bumps"}


def test_scenario_knows_the_correlations_of_its_row():
    request = asked({"kind": "exchange"}, "price", market())
    pairs = [PartScenario(request, k, 3, np.float64, lambda *one: 1.0, 1.0, 1.0).correlations for k in (0, 1)]
    assert pairs == [(), ("correlation[A,B]",)]
