"""Contracts under local volatility: quotes are repriced, estimators agree, vegas of quotes add up."""

import math
from statistics import NormalDist

import pytest

from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.greek import parse_greek

EXPIRIES, STRIKES = (0.25, 0.5, 1.0), (80, 90, 100, 110, 120)


def vol(strike, expiry):
    k = math.log(strike / 100)
    return 0.2 + 0.01 * expiry - 0.12 * k / (1 + expiry) + 0.15 * k * k


QUOTES = [[expiry, strike, vol(strike, expiry)] for expiry in EXPIRIES for strike in STRIKES]
MARKET = {"model": "local-vol", "vol_surface": QUOTES, "rate": 0.02, "dividend_yield": 0.01}


def black(strike, expiry):
    cdf, deviation = NormalDist().cdf, vol(strike, expiry) * math.sqrt(expiry)
    forward = 100 * math.exp(0.01 * expiry)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    return math.exp(-0.02 * expiry) * (forward * cdf(d1) - strike * cdf(d1 - deviation))


@pytest.mark.parametrize("expiry", EXPIRIES)
@pytest.mark.parametrize("strike", STRIKES)
def test_quotes_are_repriced(strike, expiry):
    request = build_request({"strike": strike, "expiry": expiry}, MARKET, {"paths": 50_000}, "price")
    price = run(request)["price"]
    assert abs(price.value - black(strike, expiry)) <= 4 * price.stderr + price.bias
    assert price.bias <= 2 * price.stderr


def test_vegas_of_quotes_add_up_and_are_those_of_black():
    request = build_request({"strike": 90, "expiry": 0.5}, MARKET, {"paths": 20_000, "buckets": True}, "vega")
    result = run(request)
    total = sum(estimate.value for estimate in result.estimates if "@" in estimate.greek.name)
    assert total == pytest.approx(result["vega"].value, rel=1e-9)
    # The price of a quoted option depends on no other quote: its vega is that of Black and Scholes.
    deviation = vol(90, 0.5) * math.sqrt(0.5)
    forward = 100 * math.exp(0.005)
    d1 = math.log(forward / 90) / deviation + 0.5 * deviation
    expected = math.exp(-0.01) * forward * NormalDist().pdf(d1) * math.sqrt(0.5)
    for name in ("vega", "vega[0.5@90]"):
        assert abs(result[name].value - expected) <= 4 * result[name].stderr + result[name].bias
    other = result["vega[0.5@100]"]
    assert abs(other.value) <= 4 * other.stderr + other.bias
    assert result["vega[1@90]"].value == 0


@pytest.mark.parametrize(
    "contract",
    [
        {"strike": 95, "expiry": 0.4},
        {"kind": "digital", "strike": 100, "expiry": 0.4},
        {"kind": "asian", "strike": 100, "expiry": 0.4, "fixings": 2},
    ],
)
def test_estimators_agree(contract):
    request = build_request(contract, MARKET, {"paths": 8_000, "steps": 8}, "delta,gamma,vega,theta,rho,vega[0.25@100]")
    results = [one for one in check(request) if one.z is not None]
    assert {one.method for one in results} >= {"likelihood", "bumps", "pricing equation"}
    assert max(abs(one.z) for one in results) < 4.5, [(one.greek, one.method, one.z) for one in results]


def test_delta_is_that_of_a_function_of_price_and_time():
    # With vols that fall in the strike, the vol falls as the spot rises: delta is below that of Black and Scholes.
    result = run(build_request({"strike": 100, "expiry": 1.0}, MARKET, {"paths": 20_000}, "delta"))
    d1 = 0.01 / vol(100, 1.0) + 0.5 * vol(100, 1.0)
    assert result["delta"].value < math.exp(-0.01) * NormalDist().cdf(d1) - 0.02


FLAT = [[expiry, strike, 0.2] for expiry in (0.5, 1.0) for strike in (80, 100, 120)]
EXAMPLES = [{"kind": kind, **model.example} for kind, model in ON_ONE.items()]
EXAMPLES += [{"kind": "lookback", "strike_kind": "fixed", "strike": 104}]


@pytest.mark.parametrize("contract", EXAMPLES, ids=lambda contract: contract["kind"])
def test_every_contract_on_a_flat_surface_is_that_of_a_constant_vol(contract):
    if contract["kind"] in ("barrier", "double-barrier", "lookback"):
        contract = {**contract, "monitoring": 4}
    if contract["kind"] == "double-barrier":  # few paths reach those of the example, and kernels there see none
        contract |= {"low_barrier": 75, "high_barrier": 140}
    plain = {"vol": 0.2, "rate": 0.02, "dividend_yield": 0.01}
    one = run(build_request(contract, {**MARKET, "vol_surface": FLAT}, {"paths": 8_000, "steps": 8}, "delta,vega"))
    other = run(build_request(contract, plain, {"paths": 64_000, "seed": 1}, "delta,vega"))
    for estimate, expected in zip(one.estimates, other.estimates, strict=True):
        noise = 4 * math.hypot(estimate.stderr, expected.stderr) + 1e-9
        assert abs(estimate.value - expected.value) <= noise + estimate.bias + expected.bias, estimate.greek.name


def test_a_flat_surface_is_black_and_scholes():
    market = {**MARKET, "vol_surface": FLAT}
    result = run(build_request({"strike": 100}, market, {"paths": 50_000}, "delta,gamma,vega,theta,rho,vanna"))
    plain = {"vol": 0.2, "rate": 0.02, "dividend_yield": 0.01}
    exact = run(build_request({"strike": 100}, plain, {"closed_form": True}, "delta,gamma,vega,theta,rho,vanna"))
    for estimate in result.estimates:
        gap = abs(estimate.value - exact[estimate.greek.name].value)
        assert gap <= 4 * estimate.stderr + estimate.bias, estimate.greek.name


def test_a_future_has_no_carry():
    contract, greeks = {"kind": "asian", "strike": 100, "fixings": 2}, "delta,gamma,theta,vega,rho,d(spot,rate)"
    own = {"model": "local-vol", "vol_surface": QUOTES, "rate": 0.02}
    future, spot = (
        run(build_request(contract, {**own, **carry}, {"paths": 2_000}, greeks))
        for carry in ({"future": 100}, {"spot": 100, "dividend_yield": 0.02})
    )
    for name in ("price", "delta", "gamma", "theta", "vega"):
        assert future[name].value == pytest.approx(spot[name].value)
    assert future["rho"].value == pytest.approx(-future["price"].value)
    assert future["d(spot,rate)"].value == pytest.approx(-future["delta"].value)


def test_a_control_does_not_move_the_estimate():
    contract = {"kind": "asian", "strike": 100, "fixings": 2}
    plain = run(build_request(contract, MARKET, {"paths": 8_000}, "delta"))
    controlled = run(build_request(contract, MARKET, {"paths": 8_000, "seed": 1, "control": True}, "delta"))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        gap = abs(one.value - other.value)
        assert gap <= 4 * math.hypot(one.stderr, other.stderr) + one.bias + other.bias, one.greek.name


def test_greeks_in_quotes_parse():
    assert parse_greek("vega[0.5@90]").parameters == ("vol[0.5@90]",)
