"""The closed form against published values, QuantLib, and the formulas that `explain` prints."""

import csv
import json
from math import exp, log, sqrt
from pathlib import Path
from statistics import NormalDist

import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.glossary import D1, D2, GLOSSARY
from greeks_cli.terms.greek import NAMED
from tests.conftest import MARKETS, assert_agrees, european

with (Path(__file__).parents[1] / "reference" / "values.csv").open() as file:
    PUBLISHED = [row for row in csv.DictReader(file) if row["product"] in ("european call", "european put")]

OUR_NAME = {"theta_per_year": "theta", "dividend_rho": "phi"}


def published_request(row, **simulation):
    p = json.loads(row["params"])
    greek = OUR_NAME.get(row["quantity"], row["quantity"])
    return build_request(
        {"strike": p["K"], "expiry": p["T"], "type": row["product"].split()[1]},
        {"spot": p["S"], "vol": p["vol"], "rate": p["r"], "dividend_yield": p["q"]},
        simulation,
        "delta" if greek == "elasticity" else greek,
    )


def quantity(row, request, values):
    """The published quantity; elasticity is delta times spot over price."""
    if row["quantity"] == "elasticity":
        return values[1] * request.market.spot / values[0]
    return values[-1]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["id"])
def test_closed_form_has_the_published_digits(row):
    request = published_request(row)
    assert quantity(row, request, exact_greeks(request)) == pytest.approx(
        float(row["value"]), abs=float(row["abs_tol"])
    )


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["id"])
def test_simulation_agrees_with_the_published_values(row):
    request = published_request(row, paths=50_000)
    result = run(request)
    assert_agrees(result)
    if row["quantity"] == "elasticity":
        price, delta = result["price"], result["delta"]
        error = request.market.spot / price.value * (delta.stderr + abs(delta.value) / price.value * price.stderr)
    else:
        error = result.estimates[-1].stderr + result.estimates[-1].bias / 4
    simulated = quantity(row, request, [estimate.value for estimate in result.estimates])
    assert abs(simulated - float(row["value"])) <= 4 * error + float(row["abs_tol"])


def test_every_published_european_is_tested():
    assert len(PUBLISHED) == 11


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("market", MARKETS)
def test_closed_form_matches_quantlib(market, kind):
    request = european(MARKETS[market], "delta,gamma,vega,theta,rho,phi,dual_delta", {"type": kind, "expiry": 1})
    option = _quantlib_option(request)
    expected = {
        "price": option.NPV(),
        "delta": option.delta(),
        "gamma": option.gamma(),
        "vega": option.vega(),
        "theta": option.theta(),
        "rho": option.rho(),
        "phi": option.dividendRho(),
        "dual_delta": option.strikeSensitivity(),
    }
    exact = dict(zip([greek.name for greek in request.greeks], exact_greeks(request), strict=True))
    assert exact == pytest.approx(expected, rel=1e-9, abs=1e-12)


def _quantlib_option(request):
    today, day_count = ql.Date(1, 1, 2025), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    market = request.market
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(market.spot)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, market.dividend_yield, day_count)),
        ql.YieldTermStructureHandle(ql.FlatForward(today, market.rate, day_count)),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), market.vol, day_count)),
    )
    kind = ql.Option.Call if request.contract.type == "call" else ql.Option.Put
    option = ql.VanillaOption(
        ql.PlainVanillaPayoff(kind, request.contract.strike),
        ql.EuropeanExercise(today + round(365 * request.contract.expiry)),
    )
    option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    return option


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("market", MARKETS)
def test_glossary_formulas_give_the_closed_form(market, kind):
    request = european(MARKETS[market], "all", {"type": kind, "expiry": 0.7})
    exact = dict(zip([greek.name for greek in request.greeks], exact_greeks(request), strict=True))
    S, K, T, vol = request.market.spot, request.contract.strike, request.contract.expiry, request.market.vol
    r, q = request.market.rate, request.market.dividend_yield
    normal = NormalDist()
    names = {"S": S, "K": K, "T": T, "vol": vol, "r": r, "q": q, "s": request.contract.type.sign}
    names |= {"D": exp(-q * T), "R": exp(-r * T), "log": log, "sqrt": sqrt}
    names |= {"n": normal.pdf, "N": normal.cdf, "gamma": exact["gamma"], "vega": exact["vega"]}
    names["d1"] = eval(D1, names)
    names["d2"] = eval(D2, names)
    assert set(GLOSSARY) == set(NAMED)
    for name, entry in GLOSSARY.items():
        assert exact[name] == pytest.approx(eval(entry.formula, names), rel=1e-9, abs=1e-13), name


@pytest.mark.parametrize("market", MARKETS)
def test_closed_form_solves_the_pricing_equation(market):
    request = european(MARKETS[market], "price,delta,gamma,theta")
    price, delta, gamma, theta = exact_greeks(request)
    m = request.market
    drift = theta + (m.rate - m.dividend_yield) * m.spot * delta + 0.5 * m.vol**2 * m.spot**2 * gamma
    assert drift == pytest.approx(m.rate * price, abs=1e-10 * m.spot)
