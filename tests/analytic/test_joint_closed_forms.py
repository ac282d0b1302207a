"""Closed forms of contracts on several underlyings: QuantLib, parities, limits, the pricing equation."""

import random
from math import exp

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks, exact_greeks_of_all
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.contracts.joint import CURVED, IN_THREE, THREE, TWO, asked

FIRST = "delta,vega,phi,d(correlation),rho,theta"
SECOND = "hessian,vanna,volga,d(correlation,correlation),d(vol[A],vol[B]),charm"
SECOND += ",d(spot[B],correlation[A,B]),d(vol[B],correlation[A,B])"
CONTRACTS = [
    {"kind": "spread", "strike": 5},
    {"kind": "spread", "strike": -10, "type": "put"},
    {"kind": "spread", "strike": 0},
    {"kind": "best-of", "strike": 100},
    {"kind": "worst-of", "strike": 95, "type": "put"},
    {"kind": "rainbow", "strike": 100, "weights": "0.7,0.3"},
    {"kind": "rainbow", "strike": 30, "weights": "1,-0.6", "type": "put"},
    {"kind": "rainbow", "strike": 95, "weights": "0.3,0.7", "initial_levels": "1.1,0.9"},
    {"kind": "basket", "strike": 95},
    {"kind": "basket", "strike": 80, "weights": "1.2,-0.3", "type": "put"},
    {"kind": "basket", "strike": 95, "average": "geometric", "initial_levels": "1.1,0.9"},
    {"kind": "exchange"},
]


def market(rng, correlation=None):
    """A random market of two underlyings."""
    tables = {
        name: {"spot": rng.uniform(80, 120), "vol": rng.uniform(0.08, 0.6), "dividend_yield": rng.choice([0, 0.03])}
        for name in "AB"
    }
    found = rng.uniform(-0.95, 0.95) if correlation is None else correlation
    return {"underlying": tables, "correlation": found, "rate": rng.choice([-0.01, 0.05])}


def exact(contract, greeks="price", of=None):
    """Closed forms by the names of Greeks."""
    request = asked(contract, greeks, of)
    return dict(zip((greek.name for greek in request.greeks), exact_greeks(request), strict=True))


def price(contract, of=None):
    return exact(contract, "price", of)["price"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_closed_forms_solve_the_pricing_equation(contract, seed):
    of = market(random.Random(seed))
    found = exact({**contract, "expiry": 0.7}, "price,delta,hessian,theta", of)
    (a, b), rate = of["underlying"].values(), of["rate"]
    terms = [found["theta"], -rate * found["price"]]
    for name, own in (("A", a), ("B", b)):
        terms.append((rate - own["dividend_yield"]) * own["spot"] * found[f"delta[{name}]"])
        terms.append(0.5 * (own["vol"] * own["spot"]) ** 2 * found[f"gamma[{name}]"])
    cross = of["correlation"] * a["vol"] * b["vol"] * a["spot"] * b["spot"]
    terms.append(cross * found["d(spot[A],spot[B])"])
    assert sum(terms) == pytest.approx(0, abs=1e-9)


PARAMETERS = ["spot[A]", "spot[B]", "vol[A]", "vol[B]", "correlation[A,B]", "rate", "dividend_yield[B]"]


def bumped(of, name, step):
    """The market with another value of a parameter."""
    if name == "rate":
        return {**of, "rate": of["rate"] + step}
    if name.startswith("correlation"):
        return {**of, "correlation": of["correlation"] + step}
    field, underlying = name[:-1].split("[")
    tables = of["underlying"]
    moved = {**tables[underlying], field: tables[underlying][field] + step}
    return {**of, "underlying": {**tables, underlying: moved}}


@pytest.mark.parametrize("below", ["", "spot[A]", "spot[A],spot[B]", "vol[A],correlation[A,B],spot[B]"])
@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_a_derivative_is_the_change_of_the_one_below(contract, name, below):
    of = market(random.Random(3))
    lower = f"d({below})" if below else "price"
    (asked_for,) = [greek.name for greek in asked(contract, lower, of).greeks][below != "" :]
    step = 1e-4 * (100 if name.startswith("spot") else 1)

    def at(shift):
        return exact(contract, lower, bumped(of, name, shift))[asked_for]

    slope = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    index = ",".join(filter(None, [below, name]))
    found = list(exact(contract, f"d({index})", of).values())[-1]
    assert found == pytest.approx(slope, rel=1e-6, abs=1e-8 * 100 / step**0.5)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("type", ["call", "put"])
@pytest.mark.parametrize("kind", ["best-of", "worst-of"])
def test_options_on_the_maximum_and_minimum_match_quantlib(kind, type, seed):
    of = market(random.Random(seed))
    ql.Settings.instance().evaluationDate = ql.Date(1, 1, 2025)
    rate = of["rate"]
    processes = [_process(own, rate) for own in of["underlying"].values()]
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if type == "call" else ql.Option.Put, 97)
    basket = (ql.MaxBasketPayoff if kind == "best-of" else ql.MinBasketPayoff)(payoff)
    option = ql.BasketOption(basket, ql.EuropeanExercise(ql.Date(1, 1, 2026)))
    option.setPricingEngine(ql.StulzEngine(*processes, of["correlation"]))
    assert price({"kind": kind, "type": type, "strike": 97}, of) == pytest.approx(option.NPV(), abs=1e-8)


def _process(own, rate):
    days, today = ql.Actual365Fixed(), ql.Date(1, 1, 2025)
    return ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(own["spot"])),
        ql.YieldTermStructureHandle(ql.FlatForward(today, own["dividend_yield"], days)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), own["vol"], days)),
    )


def vanilla(name, of, **terms):
    """The price of a European on one of the underlyings."""
    request = build_request({"kind": "european", **terms}, {**of["underlying"][name], "rate": of["rate"]}, {}, "price")
    return exact_greeks(request)[0]


@pytest.mark.parametrize("correlation", [-0.9999, -0.5, 0, 0.8, 0.9999])
def test_best_and_worst_are_worth_both_vanillas(correlation):
    of = market(random.Random(5), correlation)
    both = sum(price({"kind": kind, "strike": 100}, of) for kind in ("best-of", "worst-of"))
    assert both == pytest.approx(sum(vanilla(name, of, strike=100) for name in "AB"), abs=1e-10)


@pytest.mark.parametrize("strike", [-20, 0, 3, 40])
def test_spread_call_less_put_is_the_forward(strike):
    of = market(random.Random(7))
    call, put = (price({"kind": "spread", "strike": strike, "type": type}, of) for type in ("call", "put"))
    one, other = (vanilla(name, of, strike=1e-9) for name in "AB")
    assert call - put == pytest.approx(one - other - strike * exp(-of["rate"]), abs=1e-7)


def test_a_spread_without_strike_is_an_exchange():
    of = market(random.Random(2))
    greeks = "price,delta,hessian,vega,d(correlation),theta"
    one, other = exact({"kind": "spread", "strike": 0}, greeks, of), exact({"kind": "exchange"}, greeks, of)
    assert one == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize(("kind", "strike"), [("best-of", 103), ("worst-of", 97), ("rainbow", 100), ("basket", 100)])
def test_the_order_of_the_underlyings_does_not_matter(kind, strike):
    of = market(random.Random(4))
    one = exact({"kind": kind, "strike": strike}, "price,delta,hessian,vega", of)
    other = exact({"kind": kind, "strike": strike, "underlyings": "B,A"}, "price,delta,hessian,vega", of)
    assert one == pytest.approx(other, rel=1e-8)


@pytest.mark.parametrize("kind", ["best-of", "worst-of"])
def test_equal_prices_that_move_together_are_one_price(kind):
    own = {"spot": 100, "vol": 0.3}
    of = {"underlying": {"A": own, "B": own}, "correlation": 1 - 1e-12, "rate": 0.02}
    assert price({"kind": kind, "strike": 100}, of) == pytest.approx(vanilla("A", of, strike=100), abs=1e-4)


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_no_value_is_shown_where_the_underlyings_are_one_motion(contract):
    found = price(contract, market(random.Random(1), 1.0))
    assert (found is not None) == (contract["kind"] == "exchange" or contract.get("average") == "geometric")


def test_an_underlying_that_hardly_moves_is_a_strike():
    of = market(random.Random(6))
    of["underlying"]["B"] = {"spot": 90, "vol": 1e-6}
    found = exact({"kind": "spread", "strike": 5}, "price,delta,gamma[A],vega[A]", of)
    strike = 90 * exp(of["rate"]) + 5
    assert found["price"] == pytest.approx(vanilla("A", of, strike=strike), abs=1e-4)


IN_TWO = {"rate": 0.03, "underlying": TWO, "correlation": 0.4}


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_estimates_in_curves_and_dividends_agree(contract):
    """Nodes, borrow costs, dividends in cash and as a share."""
    greeks = f"{FIRST},rho[0.5],phi[A:0.5],d(borrow[A]),d(dividend[B:0.3]),gamma"
    result = run(asked(contract, greeks, CURVED, paths=40_000))
    assert_all_agree(result)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_estimates_agree_with_closed_forms(contract, seed):
    of = market(random.Random(100 + seed))
    assert_all_agree(run(asked(contract, f"{FIRST},{SECOND}", of, paths=40_000)))


def test_a_geometric_basket_of_three():
    of = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.02}
    contract = {"kind": "basket", "average": "geometric", "strike": 99, "weights": "0.5,0.2,0.4"}
    assert_all_agree(run(asked(contract, f"{FIRST},hessian", of, paths=40_000)))


def assert_all_agree(result):
    """Asserts that every estimate has an exact value, within 4 standard errors and the bias."""
    for estimate in result.estimates:
        assert estimate.exact is not None, estimate
        assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-9, estimate


def test_a_basket_of_three_has_no_closed_form():
    of = {"underlying": THREE, "correlation": IN_THREE, "rate": 0.02}
    for kind in ("basket", "best-of", "rainbow"):
        assert set(exact({"kind": kind, "strike": 99}, "price,delta", of).values()) == {None}


def test_batches_are_what_single_requests_are():
    rng = random.Random(11)
    requests = [asked(contract, "delta,hessian", market(rng)) for contract in CONTRACTS for _ in range(5)]
    for request, found in zip(requests, exact_greeks_of_all(requests), strict=True):
        assert found == pytest.approx(exact_greeks(request), rel=1e-11, abs=1e-13)


def test_closed_forms_alone_need_no_paths():
    result = run(asked({"kind": "spread", "strike": 5}, "delta,hessian,d(correlation)", closed_form=True))
    assert result.paths == 0
    assert {str(estimate.estimator) for estimate in result.estimates} == {"closed form"}
