"""Dupire's local variance: known models, repriced quotes, and what holds far outside the quotes."""

from functools import cache

import numpy as np
import pytest

from greeks_cli.engine.simulation.models.local_vol import LEAST_DENSITY, LEAST_RATE, LocalVol
from greeks_cli.engine.simulation.models.second_order import second_order_step
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.engine.simulation.surfaces import (
    EXPIRIES,
    PLACES,
    QUOTES,
    TIMES,
    derivatives,
    local_variance,
    market_of,
    quoted,
    skewed,
)

optimize, stats = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.stats")

FAR = np.linspace(-3, 3, 501)


def call(k, deviation):
    """The call of F. Black (1976) over the forward."""
    d = -k / deviation + 0.5 * deviation
    return stats.norm.cdf(d) - np.exp(k) * stats.norm.cdf(d - deviation)


def vol_of(price, k, t):
    return optimize.brentq(lambda vol: call(k, vol * np.sqrt(t)) - price, 1e-3, 5, xtol=1e-14)


@pytest.mark.parametrize("time", [0.0, *TIMES, 5.0])
def test_constant_vol_is_its_local_vol(time):
    market = market_of(quoted(lambda K, t: 0.2), rate=0.03, dividend_yield=0.01)
    np.testing.assert_allclose(local_variance(market, time, FAR), 0.04, rtol=1e-12)


def test_vols_of_expiries_alone_have_their_forward_variances():
    market = market_of(quoted(lambda K, t: 0.2 + 0.05 * t))
    totals = [t * (0.2 + 0.05 * t) ** 2 for t in EXPIRIES]
    expected = {0.1: totals[0] / 0.25, 0.3: (totals[1] - totals[0]) / 0.25, 0.5: (totals[2] - totals[1]) / 0.5}
    for time, variance in {**expected, 2.0: totals[2]}.items():
        np.testing.assert_allclose(local_variance(market, time, FAR), variance, rtol=1e-11)


RATE, ELASTICITY, SIZE = 0.05, 0.5, 2.0
"""dS = RATE S dt + SIZE S^ELASTICITY dW, absorbed at 0."""


def cev_call(k, t):
    """The call over the forward, by the noncentral chi-squared law (M. Schroder, Journal of Finance 44, 1989)."""
    power = 2 - 2 * ELASTICITY
    clock = -np.expm1(-power * RATE * t) / (power * RATE)  # of the price over its growth, which has no drift
    scale = (0.5 * SIZE * power) ** 2 * clock
    strike, forward, freedom = (100 * np.exp(k)) ** power / scale, 100**power / scale, 2 / power
    paid = 1 - stats.ncx2.cdf(strike, 2 + freedom, forward)
    return paid - np.exp(k) * stats.ncx2.cdf(forward, freedom, strike)


@pytest.mark.parametrize(("K", "price"), [(90, 16.846905671583), (110, 5.85709592885)])
def test_calls_under_constant_elasticity_are_those_published(K, price):
    assert 100 * cev_call(np.log(K / 100) - RATE, 1.0) == pytest.approx(price, abs=1e-8)


@cache
def cev_quotes():
    quotes = []
    for t in (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2):
        for z in np.linspace(-3, 2.5, 12):
            k = 0.2 * np.sqrt(t) * z
            quotes.append([t, 100 * np.exp(RATE * t + k), vol_of(cev_call(k, t), k, t)])
    return quotes


@cache
def cev_market():
    return market_of(cev_quotes(), rate=RATE)


@pytest.mark.parametrize("time", [0.05, 0.175, 0.375, 0.625, 0.875, 1.25, 1.75])
def test_surface_of_constant_elasticity_of_variance_has_its_local_vol(time):
    """In the middle of each interval: the forward grows, and within an interval the local variance does not know it."""
    market, k = cev_market(), 0.2 * np.sqrt(time) * np.linspace(-2, 1.5, 29)
    exact = SIZE * (market.forward(time) * np.exp(k)) ** (ELASTICITY - 1)
    np.testing.assert_allclose(np.sqrt(local_variance(market, time, k)), exact, atol=2e-4)


@pytest.mark.parametrize(("K", "price"), [(90, 16.846905671583), (110, 5.85709592885)])
def test_prices_under_constant_elasticity_are_those_published(K, price):
    """The surface is interpolated between its quotes, to 2e-5 of vol in the middle: 1e-3 of price."""
    values = {"model": "local-vol", "vol_surface": [list(quote) for quote in cev_quotes()], "rate": RATE}
    request = build_request({"strike": K, "expiry": 1}, {"spot": 100, **values}, {"paths": 200_000}, "price")
    found = run(request)["price"]
    assert found.exact == pytest.approx(price, abs=1e-3)
    assert abs(found.value - price) <= 4 * found.stderr + found.bias + 1e-3
    assert found.stderr < 0.05


def heston_market():
    """Quotes of S. Heston's model with a forward that moves, by QuantLib."""
    ql = pytest.importorskip("QuantLib")
    today, count = ql.Date(1, 1, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    rate, dividend = (ql.YieldTermStructureHandle(ql.FlatForward(today, x, count)) for x in (0.03, 0.01))
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    model = ql.HestonModel(ql.HestonProcess(rate, dividend, spot, 0.04, 1.5, 0.04, 0.5, -0.7))
    engine, quotes = ql.AnalyticHestonEngine(model, 1e-12, 100000), []
    for days in (30, 91, 182, 365):
        t = days / 365
        forward = 100 * np.exp(0.02 * t)
        for z in np.linspace(-3, 2.2, 11):
            K = float(forward * np.exp(0.2 * np.sqrt(t) * z))
            option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call, K), ql.EuropeanExercise(today + days))
            option.setPricingEngine(engine)
            quotes.append([t, K, vol_of(option.NPV() * np.exp(0.03 * t) / forward, np.log(K / forward), t)])
    return market_of(quotes, rate=0.03, dividend_yield=0.01)


def test_simulation_reprices_the_quotes():
    """Antithetic paths of log(S/F); steps end at the expiries, and take the local variance of their middle."""
    market = heston_market()
    local, rng, n = LocalVol(market.smiles), np.random.default_rng(11), 20_000
    x, time = np.zeros(2 * n), 0.0
    for smile in market.smiles.all:
        n_steps = round(20 * (smile.expiry - time)) + 4
        dt = (smile.expiry - time) / n_steps
        for _ in range(n_steps):
            z, interval = rng.standard_normal(n), local.interval(time + dt / 2)

            def variance(k, interval=interval, middle=time + dt / 2):
                return interval.local_variance(market.values, middle, k)

            x = second_order_step(variance, x, dt, np.concatenate([z, -z]))
            time += dt
        time = smile.expiry
        for k, vol in zip(smile.knots[1:-1], smile.vols[1:-1], strict=True):
            paid = np.maximum(np.exp(x) - np.exp(k), 0).reshape(2, n).mean(axis=0)
            up, down = (call(k, (vol + s) * np.sqrt(smile.expiry)) for s in (1e-3, -1e-3))
            bias = (up - down) / 2  # 10 basis points of vol
            error = paid.mean() - call(k, vol * np.sqrt(smile.expiry))
            assert abs(error) < 4 * paid.std() / np.sqrt(n) + bias


def test_forward_equation_reprices_the_quotes():
    """Calls c(k, t) over the forward follow dc/dt = (local variance / 2) (c'' - c') (B. Dupire, 1994)."""
    market, linalg = heston_market(), pytest.importorskip("scipy.linalg")
    local, k = LocalVol(market.smiles), np.linspace(-2.0, 1.2, 1601)
    h, calls, time = k[1] - k[0], np.maximum(1 - np.exp(k), 0), 0.0
    for smile in market.smiles.all:
        n_steps = round(150 * (smile.expiry - time)) + 40
        dt = (smile.expiry - time) / n_steps
        for _ in range(n_steps):
            implicit = 1.0 if time < 0.02 else 0.5
            half = 0.5 * local.interval(time + dt / 2).local_variance(market.values, time + dt / 2, k)
            below, here, above = half * (1 / h + 0.5) / h, -2 * half / h**2, half * (1 / h - 0.5) / h
            step = np.zeros_like(calls)
            step[1:-1] = below[1:-1] * calls[:-2] + here[1:-1] * calls[1:-1] + above[1:-1] * calls[2:]
            bands = np.zeros((3, len(k)))
            bands[1] = 1
            bands[1, 1:-1] -= implicit * dt * here[1:-1]
            bands[0, 2:] = -implicit * dt * above[1:-1]
            bands[2, :-2] = -implicit * dt * below[1:-1]
            calls = linalg.solve_banded((1, 1), bands, calls + (1 - implicit) * dt * step)
            time += dt
        time = smile.expiry
        if time > 0.2:  # before, the kink at the start is still that of a coarse grid
            found = [vol_of(np.interp(one, k, calls), one, time) for one in smile.knots]
            np.testing.assert_allclose(found, smile.vols, atol=4e-4)


def test_expiry_begins_the_interval_that_follows():
    market = market_of(QUOTES)
    for expiry in EXPIRIES:
        after = local_variance(market, expiry + 1e-12, PLACES)
        np.testing.assert_allclose(local_variance(market, expiry, PLACES), after, rtol=1e-9)


def test_local_variance_at_time_0_is_the_limit():
    market = market_of(QUOTES)
    np.testing.assert_allclose(local_variance(market, 0.0, PLACES), local_variance(market, 1e-9, PLACES), rtol=1e-6)
    assert local_variance(market, 0.0, np.zeros(3)) == pytest.approx(market.today.vol**2, abs=1e-3)


def test_far_outside_the_quotes_local_variance_is_finite_and_above_its_floor():
    narrow = quoted(skewed, (0.25,), (95, 100, 105)) + quoted(lambda K, t: skewed(K, t) - 0.01, (0.5, 1))
    market, k = market_of(narrow), np.linspace(-30, 30, 2001)
    for time in (0.0, *TIMES, 50.0):
        found = local_variance(market, time, k)
        assert (found > 0).all()
        assert (found <= 100 / LEAST_DENSITY).all()
        for value in derivatives(market, time, k, [("x",), ("x", "x"), ("vol",)]).values():
            assert np.isfinite(value).all()


def test_floor_has_no_derivatives():
    """Total variance of the first expiry grows above that of the second far outside the quotes."""
    market = market_of(quoted(skewed, (0.25,), (95, 100, 105)) + quoted(lambda K, t: 0.23, (0.3, 1)))
    k = np.array([-3.0, 0.0])
    found = local_variance(market, 0.27, k)
    assert found[0] < 100 * LEAST_RATE / LEAST_DENSITY < found[1]
    by_vol = derivatives(market, 0.27, k, [("vol",)])[("vol",)]
    assert abs(by_vol[0]) < 1e-6 < by_vol[1]
