"""Closed forms under merton, heston and bates: published values, parities and limits."""

from math import exp, sqrt

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_derivatives, exact_greeks, exact_greeks_of_all
from greeks_cli.engine.payoffs.controls import Underlying
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.analytic.fourier import CARRY, HESTON, JUMPS, PARAMETERS, heston, request_of

MODELS = list(PARAMETERS)


def merton_of_haug(total_vol, jumps_per_year, jump_share_of_variance):
    """Jumps with a mean of 0, which have a share of the variance."""
    variance = jump_share_of_variance * total_vol**2 / jumps_per_year
    jumps = {"jump_intensity": jumps_per_year, "jump_vol": sqrt(variance), "jump_mean": -0.5 * variance}
    return {"model": "merton", "vol": total_vol * sqrt(1 - jump_share_of_variance), **jumps}


ANDERSEN_I = heston(0.04, 0.5, 0.04, 1, -0.9)
BENCHOP = heston(0.114, 2.58, 0.043, 1, -0.36)
BALL_ROMA_A, BALL_ROMA_B = heston(0.09, 4, 0.09, 0.4, 0), heston(0.1225, 8, 0.1225, 0.8, 0)
NO_RATES = {"rate": 0, "dividend_yield": 0}
PUBLISHED = {
    # PyFENG, heston_benchmark.xlsx, with digits beyond the printed ones by an independent Fourier quadrature:
    "Andersen 2008 case I": (ANDERSEN_I | NO_RATES, {"strike": 70, "expiry": 10}, 35.849769703838, 1e-10),
    "Fang and Oosterlee 2008": (
        heston(0.0175, 1.5768, 0.0398, 0.5751, -0.5711) | NO_RATES,
        {"strike": 100},
        5.785155434376,
        1e-10,
    ),
    "BENCHOP 80": (BENCHOP | NO_RATES, {"strike": 80}, 22.811829119439, 1e-10),
    "BENCHOP 133": (BENCHOP | NO_RATES, {"strike": 400 / 3}, 1.211336971279, 1e-10),
    "Ball and Roma 1994, A 80": (BALL_ROMA_A | NO_RATES, {"strike": 80, "expiry": 0.5}, 21.430015984186, 1e-10),
    "Ball and Roma 1994, A 120": (BALL_ROMA_A | NO_RATES, {"strike": 120, "expiry": 0.5}, 2.486818286301, 1e-10),
    "Ball and Roma 1994, B 100": (BALL_ROMA_B | NO_RATES, {"strike": 100, "expiry": 0.5}, 9.725613126028, 1e-10),
    "Lewis 2019, 3.65 days": (
        heston(0.01, 4, 0.25, 1, -0.5) | {"rate": 0.01, "dividend_yield": 0.02},
        {"strike": 95, "expiry": 0.01, "type": "put"},
        0.000461954855653851,
        1e-12,
    ),
    # E. Haug 1998 p. 9 (QuantLib, jumpdiffusion.cpp), with digits beyond the printed ones by the Poisson series:
    "Haug 1": (merton_of_haug(0.25, 1, 0.25) | {"rate": 0.08}, {"strike": 100, "expiry": 0.5}, 8.954195068714, 1e-10),
    "Haug 3": (merton_of_haug(0.25, 5, 0.5) | {"rate": 0.08}, {"strike": 110, "expiry": 0.25}, 2.114596008753, 1e-10),
    "Haug 5": (merton_of_haug(0.25, 1, 0.25) | {"rate": 0.08}, {"strike": 120, "expiry": 0.5}, 2.226192184156, 1e-10),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_closed_form_has_the_published_digits(name):
    market, contract, value, error = PUBLISHED[name]
    (found,) = exact_greeks(build_request(contract, {"spot": 100, **market}, {}, "price"))
    assert found == pytest.approx(value, abs=error, rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("strike", [60, 100, 140])
def test_calls_and_puts_differ_by_a_forward(model, strike):
    greeks = "delta,gamma,theta,rho,d(strike),charm"
    call, put = (
        exact_greeks(request_of(model, {"strike": strike, "expiry": 0.7, "type": t}, greeks)) for t in ("call", "put")
    )
    forward, money = 100 * exp(-0.01 * 0.7), strike * exp(-0.03 * 0.7)
    differences = (
        forward - money,
        forward / 100,
        0,
        0.01 * forward - 0.03 * money,
        0.7 * money,
        -money / strike,
        0.01 * forward / 100,
    )
    names = [greek.name for greek in request_of(model, {"strike": strike}, greeks).greeks]
    assert len(names) == len(differences)
    for name, one, other, difference in zip(names, call, put, differences, strict=True):
        assert one - other == pytest.approx(difference, abs=1e-10 * max(1, abs(difference))), name


@pytest.mark.parametrize("model", MODELS)
def test_digitals_are_derivatives_in_the_strike(model):
    contract = {"strike": 96, "expiry": 0.4}
    call, by_strike, delta = exact_greeks(request_of(model, contract, "d(strike),delta"))
    terms = {"kind": "digital", **contract}
    for sign, kind in ((1, "call"), (-1, "put")):
        cash, in_spot = exact_greeks(request_of(model, {**terms, "type": kind, "cash": 3}, "delta"))
        asset, _ = exact_greeks(request_of(model, {**terms, "type": kind, "payout": "asset"}, "delta"))
        value, by_strike, mixed, delta = exact_greeks(
            request_of(model, {**contract, "type": kind}, "d(strike),d(spot,strike),delta")
        )
        assert cash == pytest.approx(-sign * 3 * by_strike, abs=1e-12)
        assert in_spot == pytest.approx(-sign * 3 * mixed, abs=1e-12)
        assert asset == pytest.approx(sign * 100 * delta, abs=1e-10)
        assert sign * (asset - 96 * cash / 3) == pytest.approx(value, abs=1e-10)
    assert call > 0


@pytest.mark.parametrize("model", MODELS)
def test_strategies_are_sums_of_options(model):
    greeks = "price,delta,gamma,theta"

    def values(contract):
        return np.array(exact_greeks(request_of(model, {"expiry": 0.8, **contract}, greeks)))

    def option(kind, strike):
        return values({"type": kind, "strike": strike})

    outer = {"low_strike": 90, "high_strike": 110}
    sums = {
        "straddle": ({"strike": 95}, option("call", 95) + option("put", 95)),
        "strangle": (outer, option("put", 90) + option("call", 110)),
        "call-spread": (outer, option("call", 90) - option("call", 110)),
        "put-spread": (outer, option("put", 110) - option("put", 90)),
        "butterfly": (outer | {"strike": 98}, option("call", 90) - 2 * option("call", 98) + option("call", 110)),
    }
    for kind, (terms, expected) in sums.items():
        assert values({"kind": kind, **terms}) == pytest.approx(expected, abs=1e-11), kind


def test_heston_of_small_vol_of_vol_has_the_price_of_its_mean_variance():
    contract, years = {"strike": 103, "expiry": 0.6}, 0.6
    request = request_of("heston", contract, "delta,gamma", vol_of_vol=1e-3, spot_vol_correlation=0.0)
    vol = request.market.flat(years).vol
    flat = build_request(contract, {**CARRY, "vol": vol}, {}, "delta,gamma")
    assert exact_greeks(request) == pytest.approx(exact_greeks(flat), rel=3e-6)


@pytest.mark.parametrize(("jumping", "plain"), [("bates", "heston"), ("merton", "gbm")])
def test_rare_jumps_leave_the_model_without_jumps(jumping, plain):
    contract = {"strike": 103, "expiry": 0.6}
    parameters = {name: value for name, value in PARAMETERS[jumping].items() if name not in JUMPS}
    rare = exact_greeks(request_of(jumping, contract, "delta,gamma", jump_intensity=1e-6))
    none = exact_greeks(build_request(contract, {**CARRY, "model": plain, **parameters}, {}, "delta,gamma"))
    assert rare == pytest.approx(none, rel=1e-5)


@pytest.mark.parametrize("kind", list(ON_ONE))
@pytest.mark.parametrize("model", MODELS)
def test_contracts_on_several_dates_have_no_closed_form(model, kind):
    known = {"european", "digital", "straddle", "strangle", "call-spread", "put-spread", "butterfly"}
    terms = {"kind": kind, **ON_ONE[kind].example}
    if "monitoring" in ON_ONE[kind].model_fields and "monitoring_times" not in terms:
        terms |= {"monitoring": 4}
    values = exact_greeks(request_of(model, terms, "price"))
    assert (values != (None,)) == (kind in known)


def test_without_a_convergent_integral_there_is_no_closed_form():
    """The law is nearly one of points, and the integrand oscillates too often before it falls."""
    for kind in ("european", "straddle"):
        request = request_of("merton", {"kind": kind, "strike": 80}, "delta", vol=1e-5, jump_vol=0.0)
        assert exact_greeks(request) == (None, None)


def test_without_variance_the_price_is_that_of_the_forward():
    no_variance = {"initial_variance": 0.0, "long_run_variance": 1e-12}
    (found,) = exact_greeks(request_of("heston", {"strike": 101}, "price", **no_variance))
    assert found == pytest.approx(100 * exp(-0.01) - 101 * exp(-0.03), abs=1e-9)


def test_a_batch_has_the_values_of_each_request():
    requests = [
        request_of(model, {"kind": kind, "strike": strike, "expiry": expiry}, "delta,gamma,theta")
        for model in MODELS
        for kind in ("european", "straddle")
        for strike, expiry in ((70, 0.1), (95, 0.3), (101, 1.0), (130, 4.0))
    ]
    together, alone = exact_greeks_of_all(requests), [exact_greeks(request) for request in requests]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_curves_enter_by_their_integrals(model):
    contract = {"strike": 104, "expiry": 1.5}
    curves = {"rate": "0.5:0.02,1:0.03,2:0.035", "borrow": 0.004, "dividends": "0.4:2%"}
    curves |= {"vol": "0.5:0.18,2:0.22"} if model == "merton" else {}
    request = request_of(model, contract, "rho,rho[0.5],rho[1],rho[2],delta", **curves)
    rho, delta = exact_greeks(request)[1], exact_greeks(request)[-1]
    market = request.market
    vol = {"vol": market.vol.mean(1.5)} if model == "merton" else {}
    flat = market.flat(1.5)
    rates = {"rate": flat.rate, "dividend_yield": flat.dividend_yield}
    same = exact_greeks(request_of(model, contract, "delta,rho", **rates, **vol))
    assert (exact_greeks(request)[0], delta, rho) == pytest.approx(same, rel=1e-11)
    assert sum(exact_greeks(request)[2:-1]) == pytest.approx(rho, rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_dividends_in_cash_need_the_escrowed_model(model):
    contract, paid = {"strike": 100, "expiry": 1.0}, {"dividends": "0.25:1.5,0.75:2"}
    assert exact_greeks(request_of(model, contract, "price", **paid)) == (None,)
    escrowed = request_of(model, contract, "delta,d(dividend[0.25])", **paid, dividend_model="escrowed")
    price, delta, by_dividend = exact_greeks(escrowed)
    worth = 1.5 * exp(-0.02 * 0.25) + 2 * exp(-0.02 * 0.75)
    assert (price, delta) == pytest.approx(
        exact_greeks(request_of(model, contract, "delta", spot=100 - worth)), rel=1e-12
    )
    assert by_dividend == pytest.approx(-delta * exp(-0.02 * 0.25), rel=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_a_future_has_no_carry(model):
    own = {"model": model, **PARAMETERS[model]}
    future = build_request({"strike": 99}, {"future": 101, "rate": 0.05, **own}, {}, "delta,rho,theta")
    same = build_request({"strike": 99}, {"spot": 101, "rate": 0.05, "dividend_yield": 0.05, **own}, {}, "delta")
    found = exact_greeks(future)
    assert found[:2] == pytest.approx(exact_greeks(same), rel=1e-12)
    assert found[2] == pytest.approx(-found[0], rel=1e-12)


assert set(HESTON) | set(JUMPS) == set(PARAMETERS["bates"])


@pytest.mark.parametrize("model", MODELS)
def test_the_control_variate_is_the_discounted_forward(model):
    request = request_of(model, {"strike": 100, "expiry": 0.5}, "price")
    found = exact_derivatives(request, Underlying(expiry=0.5), [(), ("spot",), ("spot", "spot")])
    assert found == pytest.approx((100 * exp(-0.005), exp(-0.005), 0.0), rel=1e-13)
