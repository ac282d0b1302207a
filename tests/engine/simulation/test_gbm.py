"""Laws of geometric Brownian motion: coefficients of each market, for any number of markets at once."""

from itertools import pairwise

import numpy as np
import pytest

from greeks_cli.engine.simulation.gbm import knots
from greeks_cli.engine.simulation.laws import law_of
from greeks_cli.engine.simulation.markets import Markets

VALUES = {"spot": [100.0, 90.0, 110.0], "vol": [0.2, 0.3, 0.1], "rate": [0.01, 0.0, 0.05]}
VALUES |= {"dividend_yield": [0.0, 0.02, 0.01], "time": [0.0] * 3}
DATES = np.array([[0.5, 1.0], [0.1, 3.0], [1.0, 1.5]])
MARKETS = Markets({name: np.array(each) for name, each in VALUES.items()}, DATES)
LAWS = [("path", ""), ("density", ""), ("shift", "spot"), ("shift", "vol"), ("shift", "rate")]


@pytest.mark.parametrize("n_dates", [1, 2, 3, 8, 13])
def test_knots_go_by_halves_from_the_last_date_to_the_first(n_dates):
    chain = knots(n_dates)
    assert chain[0] == n_dates - 1
    assert chain[-1] == 0
    assert all(later == earlier // 2 for earlier, later in pairwise(chain))


def test_path_coefficients_are_drift_and_volatility():
    drift, along, *bridges = MARKETS.coefficients(law_of("path", 2, "", ()), ())
    vol, rate, dividend = (MARKETS.values[name][:, None] for name in ("vol", "rate", "dividend_yield"))
    np.testing.assert_allclose(drift, (rate - dividend - vol**2 / 2) * DATES, rtol=1e-14)
    np.testing.assert_allclose(along, np.broadcast_to(vol, DATES.shape), rtol=1e-15)
    assert not np.any(bridges)  # time has not moved


@pytest.mark.parametrize(("kind", "first"), LAWS, ids=str)
@pytest.mark.parametrize("index", [("vol",), ("vol", "vol"), ("time",)], ids="-".join)
def test_coefficients_of_several_markets_are_those_of_each_alone(kind, first, index):
    law = law_of(kind, 2, first, ())
    if law.pattern(index) is None:
        assert kind == "shift"  # some parameters move no coefficient of a shift
        return
    together = MARKETS.coefficients(law, index)
    for i in range(3):
        np.testing.assert_array_equal(together[:, i : i + 1], MARKETS.some(slice(i, i + 1)).coefficients(law, index))


def test_pattern_tells_which_coefficients_move():
    law = law_of("path", 2, "", ())
    assert law.pattern(("rate",))[:2].tolist() == [[True, True], [False, False]]
    assert law.pattern(("vol",))[:2].all()
    assert law.pattern(("spot",)) is None


def test_law_of_a_number_of_dates_is_made_once():
    assert law_of("path", 2, "", ()) is law_of("path", 2, "", ())
