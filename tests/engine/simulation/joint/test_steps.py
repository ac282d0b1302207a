"""Several prices on time steps: their normals, the sums of their changes, and derivatives by every parameter."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.any_market import markets_of, moved_market
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.joint.model_data import JointModelData
from greeks_cli.engine.simulation.joint.price_sums import price_sums
from greeks_cli.engine.simulation.joint.recursion import Wanted, joint_sums
from greeks_cli.engine.simulation.joint.steps import ALONG, CHANGE
from greeks_cli.engine.simulation.models.lognormal_steps import lognormal_steps
from greeks_cli.engine.simulation.path_data import Motion
from tests.contracts.joint import asked
from tests.engine.simulation.surfaces import QUOTES
from tests.models import MIXED

DATES = [0.4, 1.0]
PAYOFF = {"kind": "formula", "payoff": "max(A[-1] - B[0] + C[-1] - D[0] + E[0], 0)", "fixing_times": DATES}
LOCAL = {"model": "local-vol", "vol_surface": QUOTES}
PAIRS = {"A,E": 0.2, "B,E": 0.4, "C,E": 0.1, "D,E": -0.3}
MARKET = {
    "rate": 0.02,
    "underlying": {**MIXED["underlying"], "E": LOCAL},
    "correlation": {**MIXED["correlation"], **PAIRS},
}
REQUEST = asked(PAYOFF, "price", MARKET)
GRID = Grid.of(REQUEST, 10)
MOTION = Motion(REQUEST.path_dates, np.random.default_rng(4).standard_normal((GRID.n_rows, 20_000)), GRID)


@np.errstate(invalid="ignore")  # a quadratic step near 0, which an exponential one replaces
def sums(wanted, **changes):
    market = moved_market(REQUEST, {**REQUEST.values, **changes})
    return (joint_sums(market, MOTION, [wanted]) | price_sums(market, MOTION, [wanted]))[wanted]


def test_a_grid_has_normals_of_every_variance_and_then_of_every_price():
    assert (GRID.n_underlyings, GRID.n_jumping, GRID.n_stepped, GRID.steps) == (5, 2, 7, (4, 6))
    assert GRID.n_rows == 2 * (5 + 2) + 7 * 10
    assert not GRID.is_conditional
    assert markets_of([REQUEST]).names_on_steps == ["B", "D", "E", "A", "C"]


QUANTITIES = [
    *((CHANGE, ("E",), name) for name in ("spot[E]", "vol[E]", "vol[E:0.5@100]", "rate", "time")),
    *((CHANGE, ("E",), name) for name in ("correlation[B,E]", "correlation[B,D]", "correlation[D,E]")),
    *((CHANGE, ("D",), name) for name in ("vol[D]", "time", "correlation[B,D]")),
    *((ALONG, ("C", "E"), name) for name in ("vol_of_vol[C]", "correlation[A,C]", "spot_vol_correlation[C]", "time")),
]


@pytest.mark.parametrize(("name", "underlyings", "parameter"), QUANTITIES)
def test_first_derivatives_of_sums_are_those_of_differences(name, underlyings, parameter):
    h = 1e-6
    found = sums(Wanted(name, underlyings, (parameter,)))
    ends = [sums(Wanted(name, underlyings, ()), **{parameter: REQUEST.values[parameter] + d}) for d in (h, -h)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("parameter", ["correlation[A,E]", "correlation[C,E]", "vol[D]"])
def test_a_price_does_not_depend_on_what_comes_after_it(parameter):
    wanted = Wanted(CHANGE, ("E",), (parameter,))
    if parameter.startswith("corr"):
        assert not price_sums(markets_of([REQUEST]), MOTION, [wanted])
    base, moved = (sums(Wanted(CHANGE, ("E",), ()), **{parameter: REQUEST.values[parameter] + d}) for d in (0, 0.01))
    np.testing.assert_array_equal(base, moved)


def test_increments_have_the_correlations_and_discounted_prices_are_martingales():
    data = JointModelData(MOTION, markets_of([REQUEST]))
    logs = np.array(data.logarithms)
    growths = np.exp(logs[:, -1] - 0.02)
    spread = growths.std(axis=1) / np.sqrt(growths.shape[1])
    assert (abs(growths.mean(axis=1) - 1) <= 4 * spread + 2e-3).all()  # ten steps of a surface have a bias
    assert np.corrcoef(sums(Wanted(CHANGE, ("E",), ()))[0], sums(Wanted(CHANGE, ("D",), ()))[0])[0, 1] == (
        pytest.approx(-0.3, abs=0.02)
    )


def test_lognormal_prices_of_numbers_share_their_steps():
    one, other = (REQUEST.joint_market.underlying[name] for name in "BD")
    assert lognormal_steps(one) is lognormal_steps(other)
    curved = asked(
        {"kind": "exchange"}, "price", {"underlying": {"A": {"vol": "0.3:0.2,1:0.3"}, "B": LOCAL}, "correlation": 0}
    )
    own = curved.joint_market.underlying["A"]
    assert lognormal_steps(own) is lognormal_steps(own)
    assert lognormal_steps(own).moves_until == 0.3
