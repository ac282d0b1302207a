"""Paths move with their parameters as differences of simulated paths say they do."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import make_leaves, total, values_of
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.simulation.cash_dividends import start_of
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import FrozenPath, MovingPath, PlainPath, ShiftedPath
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import KnownSchedule
from greeks_cli.engine.simulation.sources import Coefficient
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.engine.direct import derivatives_of

DATES = (0.1, 0.25, 0.5, 0.9, 1.0, 1.7)
CURVED = {"vol": "0.2:0.35,0.6:0.3,2:0.25", "rate": "0.5:0.03,1:0.04", "borrow": 0.005}
CASH = {"dividends": "0.3:2,0.5:1%,0.95:3"}
MARKETS = {
    "flat": {"vol": 0.3, "rate": 0.04, "dividend_yield": 0.01},
    "curves": {**CURVED, "dividend_yield": "1:0.01"},
    "jumps": {"vol": 0.3, "rate": 0.04, **CASH},
    "escrow": {"vol": 0.3, "rate": 0.04, **CASH, "dividend_model": "escrowed"},
    "curves and jumps": {**CURVED, **CASH},
    "curves and escrow": {**CURVED, **CASH, "dividend_model": "escrowed"},
}
MOVED = (
    "spot",
    "vol",
    "rate",
    "dividend_yield",
    "time",
    "vol[0.6]",
    "rate[1]",
    "borrow",
    "dividend[0.3]",
    "dividend[0.5]",
)
STEPS = {"spot": 0.05, "time": 1e-5, "dividend[0.3]": 1e-2}
LOOKS = {
    "one date": lambda path: path[2],
    "all dates": lambda path: total(path.spots * np.arange(1.0, 7.0)[:, None]),
    "total": lambda path: path.total(5),
}


def request_in(market):
    contract = {"kind": "formula", "payoff": "S[-1]", "fixing_times": DATES, "expiry": DATES[-1]}
    return build_request(contract, {"spot": 90, **MARKETS[market]}, {}, "price")


def normals_of(request):
    return np.random.default_rng(5).standard_normal((len(request.path_dates), 4))


def data_of(request, values):
    return PathData(Motion(request.path_dates, normals_of(request)), Markets.moved([(values, request)]))


def scenario(request):
    """The differentiable view of the paths, its sources plain arrays."""
    data, start = data_of(request, request.values), start_of(request, request.values)

    def sourced(source, sample, is_flat=None):
        if isinstance(source, Coefficient):
            return source.of(data.markets, np.float64)[0] * np.ones_like(sample, shape=np.shape(sample) or (1,))
        return source.of(data)

    return Scenario(request, 4, np.float64, sourced, np.float64(start), np.array([start]))


def seen(request, look, values):
    return look(PlainPath(data_of(request, values), request, values))


def difference(request, look, index):
    """By central differences, once per parameter."""

    def at(remaining, values):
        if not remaining:
            return seen(request, look, values)
        name, *others = remaining
        step = STEPS.get(name, 1e-4)
        up, down = ({**values, name: values[name] + sign * step} for sign in (1, -1))
        return (at(others, up) - at(others, down)) / (2 * step)

    return at(list(index), dict(request.values))


CASES = [
    (market, index)
    for market in MARKETS
    for order in (1, 2)
    for index in combinations_with_replacement([n for n in MOVED if n in request_in(market).values], order)
    # On the clock of variance, a bridge of the moved market is another than the moved bridge of the present one.
    if not ("curves" in market and "time" in index and {"vol", "vol[0.6]"} & set(index))
]


@pytest.mark.parametrize(("market", "index"), CASES, ids=str)
def test_derivatives_of_paths_match_differences(market, index):
    request = request_in(market)
    leaves = make_leaves(request.values, request.values, 4, np.float64)
    view = scenario(request)
    for look in LOOKS.values():
        value = look(MovingPath(leaves, view, KnownSchedule(request)))
        found = by_grad(value, leaves, [index])[index]
        scale = np.abs(value.array) / np.prod([STEPS.get(name, 1e-4) for name in index])
        # A central difference is good to about its step squared, and to rounding over the steps.
        np.testing.assert_allclose(found, difference(request, look, index), rtol=1e-4, atol=float(scale.max()) * 1e-13)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("first", ["spot", "vol", "rate", "dividend_yield", "vol[0.6]", "rate[1]"])
def test_shifted_path_stays_where_it_is_when_both_sets_of_leaves_move(market, first):
    request = request_in(market)
    values, end = request.values, KnownSchedule(request)
    if first not in values or ("escrow" in market and not first.startswith(("spot", "vol"))):
        first = "spot"  # the start of escrowed paths depends on rates: a mixed estimate does not begin with one
    leaves, view = make_leaves(values, values, 4, np.float64), scenario(request)
    shifted = ShiftedPath(leaves, view, end, first, leaves[first] * 1.0)
    np.testing.assert_allclose(shifted[3].array, np.ravel(values_of(FrozenPath(leaves, view, end)[3])), rtol=1e-14)
    alone = MovingPath({**values, first: leaves[first]}, view, end)
    index = [(first,), (first, first)]
    together = by_grad(shifted[3], leaves, index)
    moved = by_grad(ShiftedPath(values, view, end, first, leaves[first])[3], leaves, index)
    for i in index:
        np.testing.assert_allclose(together[i], 0, atol=1e-8)
        np.testing.assert_allclose(moved[i], by_grad(alone[3], leaves, index)[i], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("autodiff", ["grad", "backward"])
@pytest.mark.parametrize("kind", ON_ONE)
def test_single_precision_stays_single(kind, autodiff):
    contract = {"kind": kind, **ON_ONE[kind].example}
    settings = {"paths": 5000, "dtype": "float32", "autodiff": autodiff}
    request = build_request(contract, {"vol": 0.2}, settings, "delta,vega,theta,gamma")
    chosen = plan(request)
    normals = chosen.blocks.normals(0)
    assert normals.dtype == np.float32
    for group in chosen.groups:
        found = derivatives_of(request, normals, group.method, group.wanted)
        assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("market", MARKETS)
def test_moving_path_starts_at_the_plain_path(market):
    request = request_in(market)
    leaves = make_leaves(request.values, request.values, 4, np.float64)
    for look in LOOKS.values():
        moving = look(MovingPath(leaves, scenario(request), KnownSchedule(request)))
        np.testing.assert_allclose(moving.array, seen(request, look, request.values), rtol=1e-13)


@pytest.mark.parametrize("market", MARKETS)
def test_density_over_its_present_value_is_one(market):
    request = request_in(market)
    leaves = make_leaves(request.values, request.values, 4, np.float64)
    weight = FrozenPath(leaves, scenario(request), KnownSchedule(request)).weight
    np.testing.assert_array_equal(weight.array, np.ones(4))


@pytest.mark.parametrize("model", ["jump", "escrowed"])
def test_dividends_in_cash_lower_the_path_by_what_they_are_worth(model):
    market = {"spot": 100, "vol": 1e-6, "rate": 0.05, "dividends": "0.3:2,0.5:1%,0.95:3", "dividend_model": model}
    contract = {"kind": "formula", "payoff": "S[-1]", "fixing_times": DATES, "expiry": DATES[-1]}
    request = build_request(contract, market, {}, "price")
    growth = np.exp(0.05 * np.array(DATES))
    after = growth - 2 / 100 * np.exp(0.05 * (np.array(DATES) - 0.3)) * (np.array(DATES) > 0.3)
    after *= np.where(np.array(DATES) >= 0.5, 0.99, 1)
    after -= 3 / 100 * np.exp(0.05 * (np.array(DATES) - 0.95)) * (np.array(DATES) > 0.95)
    path = PlainPath(data_of(request, request.values), request, request.values)
    np.testing.assert_allclose(path.spots, np.repeat(100 * after[:, None], 4, axis=1), rtol=1e-5)
