"""Quantos under curves of volatilities: Black's and Margrabe's formulas by total variances, Greeks by differences."""

from copy import deepcopy
from itertools import pairwise
from math import exp, log, sqrt
from statistics import NormalDist

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

Phi = NormalDist().cdf
A = {
    "spot": 100.0,
    "vol": [[0.25, 0.18], [0.5, 0.25], [1, 0.22], [2, 0.3]],
    "dividend_yield": 0.01,
    "foreign_rate": 0.02,
    "fx_vol": 0.12,
    "fx_correlation": 0.4,
}
B = {**A, "spot": 95.0, "vol": [[0.5, 0.3], [1.2, 0.27]], "foreign_rate": 0.05, "fx_vol": 0.2, "fx_correlation": -0.3}
MARKET = {"underlying": {"A": A, "B": B}, "correlation": 0.6, "rate": 0.04}
EXPIRY, STRIKE = 1.5, 105
FORMULA = {"kind": "formula", "payoff": f"max(S[-1] - {STRIKE}, 0)", "fixings": 3, "expiry": EXPIRY}


def pieces(*underlyings, passed=0.0):
    """Lengths of times until expiry between which no curve has a node, with the vol of each underlying there."""
    nodes = {time for own in underlyings for time, _ in own["vol"] if time < EXPIRY}
    ends = sorted({passed, EXPIRY, *nodes})
    for start, end in pairwise(ends):
        yield end - start, [forward_vol(own["vol"], (start + end) / 2) for own in underlyings]


def forward_vol(nodes, time):
    after = next((k for k, (at, _) in enumerate(nodes) if at > time), len(nodes))
    if after in (0, len(nodes)):
        return nodes[min(after, len(nodes) - 1)][1]
    (start, before), (end, then) = nodes[after - 1 : after + 1]
    return sqrt((then**2 * end - before**2 * start) / (end - start))


def forward(own, passed):
    moved = sum(years * vol for years, (vol,) in pieces(own, passed=passed))
    grown = (own["foreign_rate"] - own["dividend_yield"]) * (EXPIRY - passed)
    return own["spot"] * exp(grown - own["fx_correlation"] * own["fx_vol"] * moved)


def worth(first, second, variance, rate, years):
    deviation = sqrt(variance)
    d = log(first / second) / deviation + deviation / 2
    return exp(-rate * years) * (first * Phi(d) - second * Phi(d - deviation))


def call(market, passed=0.0):
    own = market["underlying"]["A"]
    variance = sum(years * vol**2 for years, (vol,) in pieces(own, passed=passed))
    return worth(forward(own, passed), STRIKE, variance, market["rate"], EXPIRY - passed)


def exchange(market, passed=0.0):
    both = market["underlying"].values()
    rho = market["correlation"]
    variance = sum(t * (a * a + b * b - 2 * rho * a * b) for t, (a, b) in pieces(*both, passed=passed))
    return worth(*(forward(own, passed) for own in both), variance, market["rate"], EXPIRY - passed)


def moved(name, change):
    """The market with a number changed: ``vol A`` moves all nodes, ``vol A 0`` the first of them."""
    market = deepcopy(MARKET)
    parameter, *place = name.split()
    if not place:
        market[parameter] += change
    elif parameter == "vol":
        nodes = market["underlying"][place[0]]["vol"]
        for k in [int(place[1])] if place[1:] else range(len(nodes)):
            nodes[k][1] += change
    else:
        market["underlying"][place[0]][parameter] += change
    return market


def difference(value, name, size=1e-4):
    if name == "time":
        return (value(MARKET, 1e-5) - value(MARKET, -1e-5)) / 2e-5
    return (value(moved(name, size)) - value(moved(name, -size))) / (2 * size)


OF_ONE = {
    "delta": "spot A",
    "vega": "vol A",
    "vega[0.25]": "vol A 0",
    "vega[0.5]": "vol A 1",
    "vega[2]": "vol A 3",
    "theta": "time",
    "d(fx_vol)": "fx_vol A",
    "d(fx_correlation)": "fx_correlation A",
    "d(foreign_rate)": "foreign_rate A",
}
OF_TWO = {
    "delta[A]": "spot A",
    "vega[B]": "vol B",
    "vega[A:0.25]": "vol A 0",
    "vega[B:1.2]": "vol B 1",
    "theta": "time",
    "d(fx_vol[A])": "fx_vol A",
    "d(fx_correlation[B])": "fx_correlation B",
    "d(correlation[A,B])": "correlation",
}
ONE = {**A, "rate": 0.04}


def found(contract, market, greeks, **simulation):
    return run(build_request(contract, market, {"paths": 100_000, **simulation}, ",".join(("price", *greeks))))


def assert_holds(estimate, truth):
    assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


@pytest.mark.parametrize("model", [{}, {"model": "merton", "jump_intensity": 1e-6, "jump_mean": 0, "jump_vol": 0.1}])
def test_closed_form_is_blacks_formula_by_total_variance(model):
    result = found({"strike": STRIKE, "expiry": EXPIRY}, {**ONE, **model}, OF_ONE, paths=1_000)
    assert result["price"].exact == pytest.approx(call(MARKET), rel=1e-5 if model else 1e-12)
    for greek, name in OF_ONE.items():
        assert result[greek].exact == pytest.approx(difference(call, name), rel=1e-4), greek


@pytest.mark.parametrize("settings", [{}, {"estimator": "likelihood"}, {"estimator": "mixed"}, {"executor": "jit"}])
def test_estimates_over_several_dates(settings):
    result = found(FORMULA, ONE, OF_ONE, **settings)
    assert_holds(result["price"], call(MARKET))
    for greek, name in OF_ONE.items():
        assert_holds(result[greek], difference(call, name))


@pytest.mark.parametrize("estimator", ["auto", "likelihood"])
@pytest.mark.parametrize(
    "contract", [{"kind": "exchange"}, {"kind": "formula", "payoff": "max(A[-1] - B[-1], 0)", "fixings": 4}]
)
def test_two_quantos_under_unlike_curves(contract, estimator):
    result = found({**contract, "expiry": EXPIRY}, MARKET, OF_TWO, estimator=estimator)
    assert_holds(result["price"], exchange(MARKET))
    for greek, name in OF_TWO.items():
        assert_holds(result[greek], difference(exchange, name))


@pytest.mark.parametrize(
    "contract",
    [
        {"kind": "asian", "strike": 100, "average": "geometric", "fixing_times": [0, 0.3, 0.7, EXPIRY]},
        {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 6},
        {"kind": "cliquet"},
    ],
    ids=lambda contract: contract["kind"],
)
def test_estimates_hold_the_closed_forms_of_paths(contract):
    for estimate in found({**contract, "expiry": EXPIRY}, ONE, OF_ONE).estimates:
        assert estimate.exact is not None
        assert_holds(estimate, estimate.exact)
