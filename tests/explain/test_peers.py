"""Units and conventions that explanations state of QuantLib, against QuantLib."""

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.explain.peers import MARKET, RAW
from greeks_cli.terms.building import build_request

TODAY = ql.Date(30, 11, 2026)
EXERCISE = ql.EuropeanExercise(TODAY + 365)


def process(rate):
    def flat(number):
        return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, number, ql.Actual365Fixed()))

    ql.Settings.instance().evaluationDate = TODAY
    vol = ql.BlackConstantVol(TODAY, ql.NullCalendar(), 0.2, ql.Actual365Fixed())
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    return ql.BlackScholesMertonProcess(spot, flat(0.0), flat(rate), ql.BlackVolTermStructureHandle(vol))


@pytest.mark.parametrize("name", RAW)
def test_greeks_of_quantlib_are_raw(name):
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 100.0), EXERCISE)
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process(0.01)))
    ours = exact_greeks(build_request({"strike": 100}, {"vol": 0.2}, {}, name))[1]
    assert "QuantLib" in RAW[name]
    assert "QuantLib" not in MARKET[name]
    assert getattr(option, name)() == pytest.approx(ours, rel=1e-9)


@pytest.mark.parametrize(("kind", "rebate_at"), [("down-out", "hit"), ("down-in", "expiry")])
def test_rebates_of_quantlib_are_paid_at_hit_or_at_expiry(kind, rebate_at):
    which = {"down-out": ql.Barrier.DownOut, "down-in": ql.Barrier.DownIn}[kind]
    option = ql.BarrierOption(which, 90.0, 10.0, ql.PlainVanillaPayoff(ql.Option.Call, 100.0), EXERCISE)
    option.setPricingEngine(ql.AnalyticBarrierEngine(process(0.05)))
    contract = {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": kind, "rebate": 10}
    request = build_request({**contract, "rebate_at": rebate_at}, {"vol": 0.2, "rate": 0.05}, {}, "price")
    assert option.NPV() == pytest.approx(exact_greeks(request)[0], rel=1e-9)


def test_the_strike_of_a_variance_swap_of_quantlib_is_a_variance():
    swap = ql.VarianceSwap(ql.Position.Long, 0.04, 100.0, TODAY, EXERCISE.lastDate())
    strikes = [float(strike) for strike in range(20, 300, 2)]
    engine = ql.ReplicatingVarianceSwapEngine(
        process(0.05), 2.0, [one for one in strikes if one >= 100], [one for one in strikes if one <= 100]
    )
    swap.setPricingEngine(engine)
    assert swap.variance() == pytest.approx(0.04, abs=2e-4)
    assert abs(swap.NPV()) < 0.02
