"""Closed forms beside QuantLib's engines."""

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.terms.building import build_request

MARKET = {"spot": 100.0, "vol": 0.25, "rate": 0.04, "dividend_yield": 0.01}
TODAY, EXPIRY = ql.Date(1, 1, 2025), ql.Date(1, 1, 2026)


@pytest.fixture
def process():
    """QuantLib's process of the same market; a year is 365 days."""
    ql.Settings.instance().evaluationDate = TODAY
    days = ql.Actual365Fixed()
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(MARKET["spot"])),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, MARKET["dividend_yield"], days)),
        ql.YieldTermStructureHandle(ql.FlatForward(TODAY, MARKET["rate"], days)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), MARKET["vol"], days)),
    )


def exact(contract, greek="price"):
    return exact_greeks(build_request(contract, MARKET, {}, greek))[-1]


def npv(option, engine):
    option.setPricingEngine(engine)
    return option.NPV()


SIGNS = {"call": ql.Option.Call, "put": ql.Option.Put}
BARRIERS = {
    "down-out": (ql.Barrier.DownOut, 90),
    "down-in": (ql.Barrier.DownIn, 90),
    "up-out": (ql.Barrier.UpOut, 115),
    "up-in": (ql.Barrier.UpIn, 115),
}


@pytest.mark.parametrize("strike", [85, 100, 120])
@pytest.mark.parametrize("kind", SIGNS)
@pytest.mark.parametrize("barrier_type", BARRIERS)
def test_continuous_barriers_match_quantlib(process, barrier_type, kind, strike):
    theirs, level = BARRIERS[barrier_type]
    option = ql.BarrierOption(
        theirs, level, 0.0, ql.PlainVanillaPayoff(SIGNS[kind], strike), ql.EuropeanExercise(EXPIRY)
    )
    contract = {"kind": "barrier", "type": kind, "strike": strike, "barrier": level, "barrier_type": barrier_type}
    assert exact(contract) == pytest.approx(npv(option, ql.AnalyticBarrierEngine(process)), abs=1e-9)


@pytest.mark.parametrize("kind", SIGNS)
@pytest.mark.parametrize(("payout", "payoff"), [("cash", ql.CashOrNothingPayoff), ("asset", ql.AssetOrNothingPayoff)])
def test_digitals_match_quantlib(process, kind, payout, payoff):
    terms = (SIGNS[kind], 105.0, 10.0) if payout == "cash" else (SIGNS[kind], 105.0)
    option = ql.VanillaOption(payoff(*terms), ql.EuropeanExercise(EXPIRY))
    contract = {"kind": "digital", "type": kind, "strike": 105, "payout": payout, "cash": 10}
    value = npv(option, ql.AnalyticEuropeanEngine(process))
    assert exact(contract) == pytest.approx(value, abs=1e-9)
    assert exact(contract, "delta") == pytest.approx(option.delta(), abs=1e-9)
    assert exact(contract, "gamma") == pytest.approx(option.gamma(), abs=1e-9)


@pytest.mark.parametrize(("kind", "extreme"), [("call", 90), ("put", 115)])
def test_floating_lookbacks_match_quantlib(process, kind, extreme):
    option = ql.ContinuousFloatingLookbackOption(
        extreme, ql.FloatingTypePayoff(SIGNS[kind]), ql.EuropeanExercise(EXPIRY)
    )
    contract = {"kind": "lookback", "strike_kind": "floating", "type": kind, "running_extreme": extreme}
    assert exact(contract) == pytest.approx(npv(option, ql.AnalyticContinuousFloatingLookbackEngine(process)), abs=1e-9)


@pytest.mark.parametrize("strike", [95, 120])
@pytest.mark.parametrize(("kind", "extreme"), [("call", 110), ("put", 98)])
def test_fixed_lookbacks_match_quantlib(process, kind, extreme, strike):
    option = ql.ContinuousFixedLookbackOption(
        extreme, ql.PlainVanillaPayoff(SIGNS[kind], strike), ql.EuropeanExercise(EXPIRY)
    )
    contract = {"kind": "lookback", "strike": strike, "type": kind, "running_extreme": extreme}
    assert exact(contract) == pytest.approx(npv(option, ql.AnalyticContinuousFixedLookbackEngine(process)), abs=1e-9)


def test_geometric_asian_matches_quantlib(process):
    dates = [TODAY + 73 * (i + 1) for i in range(5)]
    option = ql.DiscreteAveragingAsianOption(
        ql.Average.Geometric, 1.0, 0, dates, ql.PlainVanillaPayoff(ql.Option.Call, 100), ql.EuropeanExercise(EXPIRY)
    )
    contract = {"kind": "asian", "average": "geometric", "strike": 100, "fixings": 5}
    engine = ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process)
    assert exact(contract) == pytest.approx(npv(option, engine), abs=1e-9)
    assert exact(contract, "gamma") == pytest.approx(option.gamma(), abs=1e-9)


def test_forward_start_matches_quantlib(process):
    option = ql.ForwardVanillaOption(
        1.1, TODAY + 146, ql.PlainVanillaPayoff(ql.Option.Call, 0.0), ql.EuropeanExercise(EXPIRY)
    )
    contract = {"kind": "forward-start", "start": 0.4, "moneyness": 1.1}
    assert exact(contract) == pytest.approx(npv(option, ql.ForwardEuropeanEngine(process)), abs=1e-9)
