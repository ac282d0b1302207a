"""Bucketed Greeks beside QuantLib's engines on the same curves, each node bumped up and down."""

from math import exp

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

TODAY = ql.Date(1, 1, 2025)
DAYS = (73, 146, 365, 730)
EXPIRY = 292
SPOT, BUMP = 100.0, 1e-4
VALUES = {
    "rate": (0.02, 0.025, 0.03, 0.035),
    "dividend_yield": (0.01, 0.012, 0.02, 0.015),
    "vol": (0.18, 0.2, 0.22, 0.23),
}
GREEKS = {"rho": "rate", "phi": "dividend_yield", "vega": "vol"}
MARKET = {
    "spot": SPOT,
    **{name: [(day / 365, value) for day, value in zip(DAYS, values, strict=True)] for name, values in VALUES.items()},
}
COUNT = ql.Actual365Fixed()


def process(values):
    """QuantLib's process: log-linear discount factors, and total variance linear in time."""
    ql.Settings.instance().evaluationDate = TODAY

    def discounts(rates):
        factors = [1.0, *(exp(-rate * day / 365) for rate, day in zip(rates, DAYS, strict=True))]
        curve = ql.DiscountCurve([TODAY, *(TODAY + day for day in DAYS)], factors, COUNT)
        return ql.YieldTermStructureHandle(curve)

    vols = ql.BlackVarianceCurve(TODAY, [TODAY + day for day in DAYS], list(values["vol"]), COUNT)
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(SPOT)),
        discounts(values["dividend_yield"]),
        discounts(values["rate"]),
        ql.BlackVolTermStructureHandle(vols),
    )


def bumped(price, parameter, node):
    """The central difference of a price in the value at a node; in all of them where node is None."""

    def at(shift):
        values = [value + shift * (node in (None, k)) for k, value in enumerate(VALUES[parameter])]
        return price({**VALUES, parameter: values})

    return (at(BUMP) - at(-BUMP)) / (2 * BUMP)


def vanilla(payoff):
    def price(values):
        option = ql.VanillaOption(payoff, ql.EuropeanExercise(TODAY + EXPIRY))
        option.setPricingEngine(ql.AnalyticEuropeanEngine(process(values)))
        return option.NPV()

    return price


def asian(values):
    dates = [TODAY + day for day in FIXINGS]
    option = ql.DiscreteAveragingAsianOption(
        ql.Average.Arithmetic, 0.0, 0, dates, ql.PlainVanillaPayoff(ql.Option.Call, 100), ql.EuropeanExercise(dates[-1])
    )
    engine = ql.MCDiscreteArithmeticAPEngine(
        process(values), "lowdiscrepancy", brownianBridge=True, controlVariate=False, requiredSamples=(1 << 14) - 1
    )
    option.setPricingEngine(engine)
    return option.NPV()


FIXINGS = (30, 73, 120, 200, 292)
CASES = {
    "call": ({"strike": 105}, vanilla(ql.PlainVanillaPayoff(ql.Option.Call, 105))),
    "put": ({"strike": 95, "type": "put"}, vanilla(ql.PlainVanillaPayoff(ql.Option.Put, 95))),
    "digital": (
        {"kind": "digital", "strike": 102, "cash": 10},
        vanilla(ql.CashOrNothingPayoff(ql.Option.Call, 102, 10)),
    ),
    "asset": (
        {"kind": "digital", "strike": 102, "payout": "asset", "type": "put"},
        vanilla(ql.AssetOrNothingPayoff(ql.Option.Put, 102)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_buckets_of_one_date_match_bumped_analytic_engines(case):
    contract, price = CASES[case]
    fields = {**contract, "expiry": EXPIRY / 365}
    request = build_request(fields, MARKET, {"paths": 50_000, "buckets": True, "seed": 3}, "rho,phi,vega")
    exact = dict(zip((greek.name for greek in request.greeks), exact_greeks(request), strict=True))
    result = run(request)
    assert exact["price"] == pytest.approx(price(VALUES), abs=1e-10)
    for greek, parameter in GREEKS.items():
        for k, node in enumerate([None, *range(len(DAYS))]):
            theirs = bumped(price, parameter, node)
            name = greek if node is None else f"{greek}[{DAYS[k - 1] / 365:.12g}]"
            assert exact[name] == pytest.approx(theirs, abs=2e-4), name
            estimate = result[name]
            assert abs(estimate.value - theirs) <= 4.5 * estimate.stderr + estimate.bias + 2e-4, name


def test_buckets_of_a_monitored_asian_match_a_bumped_engine():
    contract = {"kind": "asian", "strike": 100, "fixing_times": [day / 365 for day in FIXINGS], "expiry": EXPIRY / 365}
    request = build_request(contract, MARKET, {"paths": 200_000, "buckets": True, "seed": 3}, "rho,phi,vega")
    result = run(request)
    assert abs(result["price"].value - asian(VALUES)) < 4.5 * result["price"].stderr + 0.003
    for greek, parameter in GREEKS.items():
        for node, day in enumerate(DAYS):
            estimate = result[f"{greek}[{day / 365:.12g}]"]
            theirs = bumped(asian, parameter, node)
            size = abs(result[greek].value)
            # The engine's own error, of scrambled-free Sobol points, is about a thousandth of the whole.
            assert abs(estimate.value - theirs) <= 4.5 * estimate.stderr + 2e-3 * size, estimate.greek.name
