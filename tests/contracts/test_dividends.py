"""Discrete dividends against QuantLib, published values, and the estimators against each other."""

import json
from math import hypot

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.engine.execution.compile import planned
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.markets.market import Market

TODAY = ql.Date(15, 1, 2026)
DAYS = ql.Actual365Fixed()
MARKET = {"spot": 100, "vol": 0.25, "rate": 0.04, "dividend_yield": 0.01}
TWO = [[73 / 365, 2.5], [219 / 365, 3.0]]
MIXED = {**MARKET, "vol": "0.5:0.2,1:0.26", "rate": "0.5:0.03,2:0.05", "borrow": 0.01}
SEVERAL_DATES = {
    "asian": {"kind": "asian", "strike": 100, "fixings": 5},
    "lookback": {"kind": "lookback", "strike": 105, "monitoring": 4},
    "cliquet": {"kind": "cliquet", "periods": 4},
    "variance swap": {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 6},
    "forward start": {"kind": "forward-start", "start": 0.4},
    "formula": {"kind": "formula", "payoff": "max(max(S) - K, 0)", "param": {"K": 100}, "fixings": 4},
}


def quantlib_engine(model: str, dividends: list, vol: float = 0.25, rate: float = 0.04, dividend_yield: float = 0.01):
    """An engine of European options under cash dividends at whole days."""
    ql.Settings.instance().evaluationDate = TODAY
    curves = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, one, DAYS)) for one in (dividend_yield, rate)]
    deviation = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), vol, DAYS))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(100)), *curves, deviation)
    dates = [TODAY + round(time * 365) for time, _ in dividends]
    paid = ql.DividendVector(dates, [amount for _, amount in dividends])
    if model == "escrowed":
        return ql.AnalyticDividendEuropeanEngine(process, paid)
    grid = (400, 800, 0, ql.FdmSchemeDesc.CrankNicolson(), False, -1.0, ql.FdBlackScholesVanillaEngine.Spot)
    return ql.FdBlackScholesVanillaEngine(process, paid, *grid)


def quantlib_option(kind: str, strike: float, engine: object) -> ql.VanillaOption:
    """A European option of one year."""
    type_ = ql.Option.Call if kind == "call" else ql.Option.Put
    option = ql.VanillaOption(ql.PlainVanillaPayoff(type_, strike), ql.EuropeanExercise(TODAY + 365))
    option.setPricingEngine(engine)
    return option


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("strike", [80, 100, 125])
def test_escrowed_dividends_are_quantlibs(kind, strike):
    option = quantlib_option(kind, strike, quantlib_engine("escrowed", TWO))
    market = {**MARKET, "dividends": TWO, "dividend_model": "escrowed"}
    result = run(build_request({"type": kind, "strike": strike}, market, {"paths": 4096}, "delta,gamma,vega"), 1)
    assert result["price"].exact == pytest.approx(option.NPV(), rel=1e-12)
    assert result["delta"].exact == pytest.approx(option.delta(), rel=1e-10)
    assert result["gamma"].exact == pytest.approx(option.gamma(), rel=1e-10)
    assert result["vega"].exact == pytest.approx(option.vega(), rel=1e-10)
    for estimate in result.estimates:
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("strike", [80, 100, 125])
def test_jumps_at_ex_dates_are_quantlibs(kind, strike):
    option = quantlib_option(kind, strike, quantlib_engine("jump", TWO))
    request = build_request(
        {"type": kind, "strike": strike},
        {**MARKET, "dividends": TWO},
        {"paths": 2**16, "sampler": "sobol"},
        "delta,gamma",
    )
    result = run(request, 1)
    on_grid = {"price": 2e-3, "delta": 2e-4, "gamma": 2e-5}  # what QuantLib's finite differences leave
    for name, truth in {"price": option.NPV(), "delta": option.delta(), "gamma": option.gamma()}.items():
        estimate = result[name]
        assert abs(estimate.value - truth) <= 4 * estimate.stderr + estimate.bias + on_grid[name]
        assert estimate.stderr < 0.02 * abs(truth) + 1e-4


REFERENCE = {
    "div-hull": 3.671233209048,
    "div-spot-call-0.5": 11.106242462849,
    "div-spot-put-0.5": 12.075814556114,
}
CASES = {
    "div-hull": ("call", 40, 0.5, {"spot": 40, "vol": 0.3, "rate": 0.09, "dividends": [[1 / 6, 0.5], [5 / 12, 0.5]]}),
    "div-spot-call-0.5": ("call", 100, 1, {"spot": 100, "vol": 0.3, "rate": 0.06, "dividends": [[0.5, 7]]}),
    "div-spot-put-0.5": ("put", 100, 1, {"spot": 100, "vol": 0.3, "rate": 0.06, "dividends": [[0.5, 7]]}),
}


@pytest.mark.parametrize("name", CASES)
def test_reference_values_are_met(name):
    kind, strike, expiry, market = CASES[name]
    model = "escrowed" if name == "div-hull" else "jump"
    request = build_request(
        {"type": kind, "strike": strike, "expiry": expiry},
        {**market, "dividend_model": model},
        {"paths": 2**17, "control": True},
        "price",
    )
    price = run(request, 1)["price"]
    assert abs(price.value - REFERENCE[name]) <= 4 * price.stderr + price.bias
    assert price.stderr < 0.03
    assert price.exact is None or price.exact == pytest.approx(REFERENCE[name], abs=1e-9)


@pytest.mark.parametrize("model", ["jump", "escrowed"])
@pytest.mark.parametrize("contract", SEVERAL_DATES)
def test_estimators_agree_over_several_dates(contract, model):
    market = {**MIXED, "dividends": "0.3:3,0.6:2%,0.75:2", "dividend_model": model}
    found = {}
    for seed, estimator in enumerate(["pathwise", "likelihood", "conditional", "auto"]):
        greeks = "delta,gamma,vega,rho,theta,vega[0.5],rho[2],d(dividend[0.3]),d(dividend[0.6]),d(borrow)"
        settings = {"paths": 2**14, "estimator": estimator, "seed": seed}
        found[estimator] = run(build_request(SEVERAL_DATES[contract], market, settings, greeks), 1)
    for estimate in found["auto"].estimates:
        for other in ("pathwise", "likelihood", "conditional"):
            another = found[other][estimate.greek.name]
            allowed = 4.5 * hypot(estimate.stderr, another.stderr) + estimate.bias + another.bias + 1e-12
            assert abs(estimate.value - another.value) <= allowed, (estimate, another)


@pytest.mark.parametrize("model", ["jump", "escrowed"])
def test_both_models_have_one_forward(model):
    dividends = {"dividends": "0.25:2,0.5:3%,0.75:1.5", "dividend_model": model}
    market = {"spot": 100, "vol": 0.2, "rate": 0.05, "dividend_yield": 0.01, **dividends}
    forward = (100 - 2 * np.exp(-0.01)) * np.exp(0.04) * 0.97 - 1.5 * np.exp(0.01)
    request = build_request({"strike": 1e-9}, market, {"paths": 2**14}, "price")
    price = run(request, 1)["price"]
    assert abs(price.value - np.exp(-0.05) * forward) < 4 * price.stderr


def test_shares_of_the_price_scale_the_spot():
    shares = build_request({"strike": 100}, {**MARKET, "dividends": "0.2:2%,0.7:3%"}, {"paths": 4096}, "gamma,rho")
    scaled = build_request({"strike": 100}, {**MARKET, "spot": 98 * 0.97}, {"paths": 4096}, "gamma,rho")
    found, wanted = run(shares, 1), run(scaled, 1)
    assert found["price"].value == pytest.approx(wanted["price"].value, rel=1e-12)
    assert found["gamma"].exact == pytest.approx(wanted["gamma"].exact * (0.98 * 0.97) ** 2, rel=1e-12)


@pytest.mark.parametrize("model", ["jump", "escrowed"])
def test_dividends_after_the_last_date_change_nothing(model):
    dividends = {"dividends": "1.1:5", "dividend_model": model}
    request = build_request(SEVERAL_DATES["asian"], {**MARKET, **dividends}, {"paths": 4096})
    plain = build_request(SEVERAL_DATES["asian"], MARKET, {"paths": 4096})
    assert [e.value for e in run(request, 1).estimates] == [e.value for e in run(plain, 1).estimates]


def test_ex_date_on_a_fixing_lowers_that_fixing():
    market = {"spot": 100, "vol": 1e-6, "rate": 0.0, "dividends": "0.5:10"}
    contract = {"kind": "formula", "payoff": "S[0] + 1000*S[1]", "fixing_times": [0.5, 1]}
    price = run(build_request(contract, market, {"paths": 1024}, "price"), 1)["price"]
    assert price.value == pytest.approx(90 + 90_000, abs=0.1)


def test_price_does_not_fall_below_zero():
    market = {"spot": 100, "vol": 1.5, "rate": 0.0, "dividends": "0.5:60"}
    request = build_request({"kind": "formula", "payoff": "S[-1]"}, market, {"paths": 2**14}, "price")
    assert any("take all of the price with a probability" in remark for remark in request.remarks)
    price = run(request, 1)["price"]
    assert price.value > 40 + 4 * price.stderr  # the forward of a price that may be negative


def test_books_of_unlike_dividends_are_priced_as_alone():
    markets = [MARKET, {**MARKET, "dividends": "0.3:2"}, {**MARKET, "dividends": "0.6:2"}]
    markets += [{**one, "dividend_model": "escrowed"} for one in markets[1:]]
    requests = [build_request({"strike": 100}, market, {"paths": 4096}) for market in markets]
    assert len({str(plan.traced) for plan in planned(requests)}) >= 3
    values = [run(request, 1)["gamma"].value for request in requests]
    assert len(set(values)) == len(values)


def test_ex_date_is_a_fixing_but_for_rounding():
    contract = {"kind": "asian", "strike": 100, "expiry": 0.7, "fixings": 7}  # the third is at 0.29999999999999993
    found = [
        run(build_request(contract, {**MARKET, "dividends": f"{time}:10"}, {"paths": 2**14}, "price"), 1)["price"]
        for time in (0.3, 0.2999999)
    ]
    assert abs(found[0].value - found[1].value) < 4 * found[0].stderr
    assert len(build_request(contract, {**MARKET, "dividends": "0.3:10"}, {}).path_dates) == 7


CARRIES = {
    "borrow": {"borrow": 0.05},
    "shares": {"dividends": "0.6:3%"},
    "shares and escrow": {"dividends": "0.3:5,0.6:3%", "dividend_model": "escrowed"},
    "jumps": {"dividends": "0.5:60"},
    "curves": {"rate": "0.5:0.03,1:0.06", "borrow": "0.5:0.01,1:0.02"},
}


@pytest.mark.parametrize("carry", CARRIES)
def test_control_changes_no_value(carry):
    market = {"spot": 100, "vol": 0.4, "rate": 0.05, **CARRIES[carry]}
    contract = {"strike": 50 if carry == "jumps" else 95}
    settings = {"paths": 2**15}
    plain = run(build_request(contract, market, settings, "delta,vega"), 1)
    controlled = run(build_request(contract, market, {**settings, "control": True, "seed": 1}, "delta,vega"), 1)
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        assert abs(one.value - other.value) <= 4.5 * hypot(one.stderr, other.stderr) + one.bias + other.bias
        if other.exact is not None:
            assert abs(other.value - other.exact) <= 4.5 * other.stderr + other.bias


def test_second_orders_are_refused_where_dividends_take_the_price():
    market = {"spot": 100, "vol": 0.6, "rate": 0.05, "dividends": "0.5:60"}
    with pytest.raises(InvalidInput, match="dividends take all of the price with a probability"):
        build_request({"strike": 50}, market, {}, "gamma")
    assert build_request({"strike": 50}, market, {}).left_out
    escrowed = build_request({"strike": 50}, {**market, "dividend_model": "escrowed"}, {}, "gamma")
    assert not escrowed.remarks


MARKETS = [
    {**MIXED, "dividends": "0.3:3.123456789012345,0.6:1.23456789012345%"},
    {"future": 105, "vol": 0.2},
    {"spot": 1e-3, "vol": "0.1:0.3,2:0.2", "dividends": "0.3:1e-05"},
]


@pytest.mark.parametrize("market", MARKETS, ids=str)
def test_shown_market_is_read_back_to_the_bit(market):
    made = Market.model_validate(market)
    assert Market.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made


@pytest.mark.parametrize(
    ("dividends", "message"),
    [
        ("0.3:150", "dividends: 0.3:150: are worth"),
        ("0.3:-1", "its cash should be 0"),
        ("0.3:120%", "its share should be 0 to 99%, and is 120%"),
        ("0.5:1,0.3:1", "must come after"),
        ("-1:1", "its ex-date should be above 0"),
        ("x:1", "its ex-date should be a number of years"),
        ("0.3", "is no list of dividends"),
        ("0.3:nan", "its cash should be 0"),
    ],
)
def test_bad_dividends_are_named(dividends, message):
    with pytest.raises(InvalidInput, match=message):
        build_request({"strike": 100}, {**MARKET, "dividends": dividends}, {})


def test_continuous_monitoring_wants_no_cash_dividends():
    barrier = {"kind": "barrier", "strike": 100, "barrier": 80, "barrier_type": "down-out"}
    with pytest.raises(InvalidInput, match="continuous monitoring wants no dividends in cash"):
        build_request(barrier, {**MARKET, "dividends": "0.3:2"}, {})
