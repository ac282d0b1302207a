"""Closed forms under local volatility: prices of a surface, its derivatives in strikes and quotes, and their limits."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_at_spots, exact_greeks, exact_greeks_of_all
from greeks_cli.analytic.quoted_law import has_law_of_quotes
from greeks_cli.engine.simulation.models.local_vol import LEAST_DENSITY, LEAST_RATE, LocalVol
from greeks_cli.terms.building import build_request
from greeks_cli.terms.greek import parse_greek
from tests.engine.simulation.surfaces import EXPIRIES, QUOTES, market_of

CARRY = {"model": "local-vol", "rate": 0.03, "dividend_yield": 0.01}
MARKET = {**CARRY, "vol_surface": QUOTES}
CONTRACTS = [
    {"strike": 103, "expiry": 0.4},
    {"strike": 90, "expiry": 0.1, "type": "put"},
    {"kind": "digital", "strike": 103, "expiry": 1.5},
    {"kind": "digital", "strike": 95, "expiry": 0.5, "type": "put", "payout": "asset"},
    {"kind": "butterfly", "low_strike": 90, "strike": 100, "high_strike": 112, "expiry": 0.4},
    {"kind": "strangle", "low_strike": 90, "high_strike": 110, "expiry": 0.7},
]
CROSSED = [[0.5, strike, 0.2 - 0.4 * math.log(strike / 100)] for strike in (90, 95, 100, 105, 110)]
CROSSED += [[1.0, strike, 0.21] for strike in (98, 100, 102)]
"""Total variance falls in time below strike 80, outside the quotes of the later expiry."""


def exact(contract, market, greeks):
    request = build_request(contract, market, {}, greeks)
    return dict(zip([greek.name for greek in request.greeks], exact_greeks(request), strict=True))


def black(strike, expiry, vol, sign=1):
    forward, deviation, cdf = 100 * math.exp(0.02 * expiry), vol * math.sqrt(expiry), NormalDist().cdf
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    return sign * math.exp(-0.03 * expiry) * (forward * cdf(sign * d1) - strike * cdf(sign * (d1 - deviation)))


@pytest.mark.parametrize("type_", ["call", "put"])
def test_quoted_options_cost_what_black_says(type_):
    requests = [build_request({"strike": K, "expiry": T, "type": type_}, MARKET, {}, "price") for T, K, _ in QUOTES]
    sign = 1 if type_ == "call" else -1
    for (price,), (expiry, strike, vol) in zip(exact_greeks_of_all(requests), QUOTES, strict=True):
        assert price == pytest.approx(black(strike, expiry, vol, sign), rel=1e-12)


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_derivatives_are_those_of_prices_of_moved_strikes_and_quotes(contract):
    (name, *_) = (name for name in contract if "strike" in name)
    step, node = 1e-4, "vol[0.5@105]"

    def moved(by_strike=0.0, shift=0.0, quote=0.0):
        vols = [[T, K, vol + shift + (quote if (T, K) == (0.5, 105) else 0)] for T, K, vol in QUOTES]
        return exact({**contract, name: contract[name] + by_strike}, {**CARRY, "vol_surface": vols}, "price")["price"]

    found = exact(contract, MARKET, f"vega,d({name}),d({name},{name}),d({node}),volga,d({name},vol)")
    slopes = {
        "vega": (moved(shift=step) - moved(shift=-step)) / (2 * step),
        f"d({node})": (moved(quote=step) - moved(quote=-step)) / (2 * step),
        f"d({name})": (moved(by_strike=0.01) - moved(by_strike=-0.01)) / 0.02,
    }
    curvatures = {
        "volga": (moved(shift=1e-3) - 2 * moved() + moved(shift=-1e-3)) / 1e-6,
        f"d({name},{name})": (moved(by_strike=0.03) - 2 * moved() + moved(by_strike=-0.03)) / 9e-4,
    }
    named = {"d(strike)": "dual_delta", "d(strike,strike)": "dual_gamma"}
    for one, value in slopes.items():
        assert found.get(one, found.get(named.get(one))) == pytest.approx(value, rel=1e-5, abs=1e-6)
    for one, value in curvatures.items():
        assert found.get(one, found.get(named.get(one))) == pytest.approx(value, rel=1e-3, abs=1e-5)


def test_digitals_are_derivatives_of_options():
    call, digital = ({"strike": 97, "expiry": 0.6, "kind": kind} for kind in ("european", "digital"))
    one = exact(call, MARKET, "price,d(strike),d(strike,strike),d(strike,vol)")
    other = exact(digital, MARKET, "price,d(strike),d(vol)")
    assert list(other.values()) == pytest.approx([-value for value in list(one.values())[1:]], rel=1e-12)
    asset = exact({**digital, "payout": "asset"}, MARKET, "price")["price"]
    assert asset == pytest.approx(one["price"] + 97 * other["price"], rel=1e-12)


def test_quotes_of_other_expiries_have_no_vega():
    found = exact({"strike": 100, "expiry": 0.5}, MARKET, "vega,vega[0.25@100],vega[0.5@100],vega[1@100]")
    assert found["vega[0.25@100]"] == found["vega[1@100]"] == 0
    assert found["vega[0.5@100]"] == pytest.approx(found["vega"], rel=1e-12)


@pytest.mark.parametrize("greek", ["delta", "rho", "theta", "phi", "vanna", "d(spot,strike)", "d(rate,strike)"])
def test_what_moves_the_smile_has_no_closed_form(greek):
    found = exact({"strike": 100, "expiry": 0.5}, MARKET, f"{greek},vega")
    assert found.pop(parse_greek(greek).name) is None
    assert None not in found.values()


def test_path_dependent_contracts_have_no_closed_form():
    found = exact({"kind": "asian", "strike": 100, "fixings": 2}, MARKET, "vega,dual_delta")
    assert set(found.values()) == {None}


def test_other_spots_have_no_closed_form():
    request = build_request({"strike": 100}, MARKET, {}, "price")
    assert exact_at_spots(request, request.greeks, (99.0, 100.0)) == [None]
    assert exact_at_spots(request, request.greeks, (100.0,)) != [None]


def test_a_floor_within_reach_leaves_no_closed_form():
    market = market_of(CROSSED)
    assert has_law_of_quotes(market, 0.5)  # it holds between the expiries alone
    assert not has_law_of_quotes(market, 0.6)
    assert exact({"strike": 100, "expiry": 0.5}, {**CARRY, "vol_surface": CROSSED}, "price")["price"] is not None
    assert exact({"strike": 100, "expiry": 0.7}, {**CARRY, "vol_surface": CROSSED}, "price,vega")["vega"] is None


@pytest.mark.parametrize("until", [0.1, *EXPIRIES, 3.0])
def test_a_surface_without_floors_has_a_local_variance_above_them(until):
    surface = LocalVol(market_of(QUOTES).smiles)
    assert not surface.is_floored(until)
    k = np.linspace(-0.8, 0.8, 999)
    variance = surface.interval(until).local_variance(market_of(QUOTES).values, until, k)
    assert variance.min() > LEAST_RATE
    assert variance.max() < 1 / LEAST_DENSITY
