"""Dividends in cash of several underlyings: plain simulations, one underlying alone, and methods against each other."""

import math

import numpy as np
import pytest

from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import asked
from tests.engine.simulation.surfaces import QUOTES
from tests.models import HESTON

RATE, RHO = 0.03, 0.5
ONE = {"spot": 100, "vol": 0.2, "dividends": "0.5:4,0.8:2"}
OTHER = {"spot": 90, "vol": 0.3, "dividends": "0.7:3"}


def market(one, other, model="jump"):
    own = {name: {"dividend_model": model, **table} for name, table in (("A", one), ("B", other))}
    return {"rate": RATE, "correlation": RHO, "underlying": own}


def variance_to(vol, time):
    """The total variance of a vol, or of nodes between which it is linear."""
    if isinstance(vol, float):
        return vol * vol * time
    nodes = [(0.0, 0.0), *((t, v * v * t) for t, v in vol)]
    return float(np.interp(time, *zip(*nodes, strict=True)))


def simulated(payoff, vols, dates, n_paths=400_000):
    """Discounted payoffs of spots that fall at ex-dates, by plain arithmetic over the union of all dates."""
    rng, cash = np.random.default_rng(5), [{0.5: 4.0, 0.8: 2.0}, {0.7: 3.0}]
    changes = {t for vol in vols if not isinstance(vol, float) for t, _ in vol if t < dates[-1]}
    times, spots, found, now = sorted({*dates, 0.5, 0.7, 0.8, *changes}), [100.0, 90.0], [], 0.0
    for time in times:
        first, second = rng.standard_normal((2, n_paths))
        for k, normal in enumerate((first, RHO * first + math.sqrt(1 - RHO**2) * second)):
            variance = variance_to(vols[k], time) - variance_to(vols[k], now)
            grown = spots[k] * np.exp(RATE * (time - now) - 0.5 * variance + math.sqrt(variance) * normal)
            spots[k] = np.maximum(grown - cash[k].get(time, 0.0), 0.0)
        now = time
        if time in dates:
            found.append(list(spots))
    return math.exp(-RATE * dates[-1]) * payoff(*np.swapaxes(np.array(found), 0, 1))


@pytest.mark.parametrize("vol", [0.3, [(0.4, 0.25), (1.0, 0.3)]], ids=["number", "curve"])
def test_spots_fall_at_the_ex_dates_of_each(vol):
    """The contract looks at a date on which one of them pays, and at none of the others."""
    dates = [0.6, 0.7, 1.0]
    contract = {"kind": "formula", "payoff": "max(A[-1] - B[1], 0) + max(B[-1] - A[0], 0)", "fixing_times": dates}
    own = vol if isinstance(vol, float) else ",".join(f"{t}:{v}" for t, v in vol)
    price = run(asked(contract, "price", market(ONE, {**OTHER, "vol": own}), paths=200_000))["price"]
    samples = simulated(lambda a, b: np.maximum(a[-1] - b[1], 0) + np.maximum(b[-1] - a[0], 0), [0.2, vol], dates)
    stderr = samples.std() / math.sqrt(len(samples))
    assert abs(price.value - samples.mean()) <= 4 * math.hypot(price.stderr, stderr)
    assert price.stderr < 0.01 * price.value


SPREAD = {"kind": "spread", "strike": 5}
FIRST = "delta,vega,d(dividend[A:0.5]),d(dividend[B:0.7]),d(correlation),theta,rho"
SECOND = "hessian,d(spot[A],dividend[A:0.8]),d(dividend[A:0.5],dividend[B:0.7]),d(dividend[A:0.5],rate),d(spot[B],rate)"


@pytest.mark.parametrize("model", ["jump", "escrowed"])
@pytest.mark.parametrize("greeks", [FIRST, SECOND], ids=["first", "second"])
def test_methods_agree(greeks, model):
    results = check(asked(SPREAD, greeks, market(ONE, OTHER, model), paths=20_000))
    judged = [one for one in results if one.z is not None]
    assert {one.method.partition(" (")[0] for one in judged} >= {"conditional", "pricing equation"}
    assert max(abs(one.z) for one in judged) < 4.5, [(one.greek, one.method, one.z) for one in judged]


def test_derivatives_in_escrowed_dividends_have_their_closed_forms_by_default():
    """A dividend moves the payoff's kink, which no density holds still: Greeks in dividends alone are pathwise."""
    result = run(asked(SPREAD, SECOND, market(ONE, OTHER, "escrowed")))
    for name in ("d(dividend[A:0.5],dividend[B:0.7])", "d(dividend[A:0.5],rate)", "d(spot[A],dividend[A:0.8])"):
        estimate = result[name]
        assert estimate.exact
        assert estimate.stderr + estimate.bias < 0.03 * abs(estimate.exact)
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias


@pytest.mark.parametrize(
    "other",
    [
        OTHER,
        {**{name: value for name, value in HESTON.items() if name != "rate"}, "dividends": "0.7:3"},
        {"model": "local-vol", "vol_surface": QUOTES, "dividends": "0.7:3%"},
    ],
    ids=["gbm", "heston", "local-vol"],
)
def test_one_underlying_alone_is_priced_as_without_the_other(other):
    contract = {"kind": "formula", "payoff": "max(mean(A) - 97, 0) + 0 * B[-1]", "fixing_times": [0.55, 1.0]}
    greeks = "price,delta[A],d(dividend[A:0.8]),vega[A]"
    found = run(asked(contract, greeks, market(ONE, other), steps=16, paths=50_000))
    alone = run(
        build_request(
            {"kind": "asian", "strike": 97, "fixing_times": [0.55, 1.0]},
            {"rate": RATE, **ONE},
            {"seed": 3},
            "price,delta,d(dividend[0.8]),vega",
        )
    )
    for name, own in zip(greeks.split(","), ("price", "delta", "d(dividend[0.8])", "vega"), strict=True):
        one, usual = found[name], alone[own]
        assert abs(one.value - usual.value) <= 4 * math.hypot(one.stderr, usual.stderr) + one.bias + usual.bias


def test_dividends_that_may_take_all_of_a_price_are_told():
    poor = {**OTHER, "dividends": "0.7:60"}
    with pytest.raises(InvalidInput, match="dividends take all of the price with a probability"):
        asked(SPREAD, "hessian", market(ONE, poor))
    with pytest.raises(InvalidInput, match=r"B: dividends: are worth .* and the spot is 90; lower them"):
        asked(SPREAD, "price", market(ONE, {**OTHER, "dividends": "0.7:95"}))
