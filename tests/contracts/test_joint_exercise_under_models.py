"""Early exercise of contracts on several underlyings under models: one underlying, gbm, and Greeks by two methods."""

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.models import HESTON, MIXED

RATE, YIELD = 0.03, 0.06
_OWN = {name: value for name, value in HESTON.items() if name != "rate"}
DATES = {"exercise": "bermudan", "exercise_times": [73 / 365, 146 / 365, 219 / 365, 292 / 365, 1]}
CALL = {"kind": "best-of", "strike": 100, **DATES}


def market_of(*others, **changes):
    own = {**_OWN, "spot": 100, "dividend_yield": YIELD, **changes}
    named = {"A": own, **{name: {**own, **other} for name, other in zip("BCD", others, strict=False)}}
    return {"underlying": named, "correlation": 0.4, "rate": RATE}


def priced(contract, market, greeks="price", **simulation):
    return run(build_request(contract, market, {"paths": 8_000, **simulation}, greeks))


def by_finite_differences():
    today, days = ql.Date(1, 1, 2025), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    curves = [ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)) for rate in (RATE, YIELD)]
    names = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")
    process = ql.HestonProcess(*curves, ql.QuoteHandle(ql.SimpleQuote(100.0)), *(_OWN[name] for name in names))
    exercise = ql.BermudanExercise([today + round(365 * time) for time in DATES["exercise_times"]])
    option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, 100), exercise)
    option.setPricingEngine(ql.FdHestonVanillaEngine(ql.HestonModel(process), 100, 200, 50))
    return option


def test_the_best_of_two_of_which_one_is_worth_little_is_a_call_on_the_other():
    option = by_finite_differences()
    truth = {"price": option.NPV(), "delta[A]": option.delta(), "gamma[A]": option.gamma()}
    found = priced(CALL, market_of({"spot": 1}), ",".join(truth))
    price = found["price"]
    assert price.value - 4 * price.stderr <= truth["price"] + 0.004
    assert truth["price"] - 0.004 <= price.upper + 4 * price.upper_stderr
    assert price.value > 0.99 * truth["price"]
    for name, value in truth.items():
        estimate = found[name]
        assert abs(estimate.value - value) <= 4 * estimate.stderr + estimate.bias + 0.004 * abs(value), name


def test_variances_that_hardly_move_make_a_price_of_gbm():
    still = {"initial_variance": 0.04, "long_run_variance": 0.04, "vol_of_vol": 0.001}
    lognormal = {"vol": 0.2, "spot": 100, "dividend_yield": YIELD}
    limit = {"underlying": dict.fromkeys("AB", lognormal), "correlation": 0.4, "rate": RATE}
    one, other = (priced(CALL, market, "price,delta[A]") for market in (market_of({}, **still), limit))
    for name in ("price", "delta[A]"):
        noise = 4 * np.hypot(one[name].stderr, other[name].stderr)
        assert abs(one[name].value - other[name].value) <= noise + one[name].bias + other[name].bias, name


GREEKS = "delta[A],d(initial_variance[A]),rho,d(correlation[A,B]),theta,gamma[A]"


def test_greeks_that_carry_decisions_along_are_those_that_hold_paths_fixed():
    carried, held = (priced(CALL, market_of({}), GREEKS, estimator=name) for name in ("auto", "likelihood"))
    for one, other in zip(carried.estimates, held.estimates, strict=True):
        noise = 4 * np.hypot(one.stderr, other.stderr)
        assert abs(one.value - other.value) <= noise + one.bias, one.greek.name


def test_a_put_on_the_worst_of_all_models_is_between_now_a_european_and_its_upper_bound():
    market = {**MIXED, "underlying": {name: {"spot": 100, **own} for name, own in MIXED["underlying"].items()}}
    put = {"kind": "worst-of", "type": "put", "strike": 110}
    european, price = priced(put, market)["price"], priced({**put, **DATES, "exercise": "american"}, market)["price"]
    assert price.value >= max(10.0, european.value - 4 * european.stderr)
    assert price.value - 4 * price.stderr <= price.upper + 4 * price.upper_stderr
    assert price.upper <= 1.1 * price.value


@pytest.mark.parametrize("greek", ["d(initial_variance[A],initial_variance[B])", "d(time,vol_of_vol[A])"])
def test_second_orders_that_move_the_policy_twice_are_refused(greek):
    from greeks_cli.terms.errors import InvalidInput

    with pytest.raises(InvalidInput, match="policy moves with"):
        build_request(CALL, market_of({}), {}, greek)
