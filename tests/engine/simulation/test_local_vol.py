"""Dupire's local variance: known models, repriced quotes, derivatives in quotes and moneyness, traces."""

from functools import cache

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import exp, make_leaves, sqrt
from greeks_cli.engine.backends.cupy import gpus
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.local_vol import LEAST_DENSITY, LEAST_RATE, LocalVol
from greeks_cli.engine.simulation.second_order import second_order_step
from greeks_cli.terms.market import Market

optimize, stats = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.stats")

STRIKES, EXPIRIES = (75, 85, 95, 100, 105, 115, 130), (0.25, 0.5, 1.0)
TIMES = (0.1, 0.25, 0.4, 0.75, 1.0, 1.5)
FAR = np.linspace(-3, 3, 501)


def quoted(vol, expiries=EXPIRIES, strikes=STRIKES):
    return [[t, K, float(vol(K, t))] for t in expiries for K in strikes]


def market_of(quotes, **fields):
    return Market.model_validate({"model": "local-vol", "vol_surface": quotes, "rate": 0.0, **fields})


def skewed(K, t):
    k = np.log(K / 100)
    return 0.2 + 0.02 * np.sqrt(t) - 0.1 * k / (1 + t) + 0.15 * k * k


def local_variance(market, time, k, leaves=None):
    return LocalVol(market.smiles).interval(time).local_variance(leaves or market.values, time, k)


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
def cev_market():
    quotes = []
    for t in (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2):
        for z in np.linspace(-3, 2.5, 12):
            k = 0.2 * np.sqrt(t) * z
            quotes.append([t, 100 * np.exp(RATE * t + k), vol_of(cev_call(k, t), k, t)])
    return market_of(quotes, rate=RATE)


@pytest.mark.parametrize("time", [0.05, 0.175, 0.375, 0.625, 0.875, 1.25, 1.75])
def test_surface_of_constant_elasticity_of_variance_has_its_local_vol(time):
    """In the middle of each interval: the forward grows, and within an interval the local variance does not know it."""
    market, k = cev_market(), 0.2 * np.sqrt(time) * np.linspace(-2, 1.5, 29)
    exact = SIZE * (market.forward(time) * np.exp(k)) ** (ELASTICITY - 1)
    np.testing.assert_allclose(np.sqrt(local_variance(market, time, k)), exact, atol=2e-4)


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


def derivatives(market, time, k, wanted):
    """Derivatives of the local variance by the graph; ``x`` is the log-moneyness."""
    names = {name for index in wanted for name in index if name != "x"}
    leaves = make_leaves(market.values, names, len(k), np.float64)
    x = chainer.Variable(k)
    return by_grad(local_variance(market, time, x, leaves), {**leaves, "x": x}, wanted)


def moved(quotes, name, step):
    """Quotes of which one, or all for ``vol``, are moved."""
    return [[t, K, vol + step * (name in ("vol", f"vol[{t:g}@{K:g}]"))] for t, K, vol in quotes]


QUOTES = quoted(skewed)
K = np.linspace(-0.4, 0.35, 12) + 0.0123
QUOTE_NAMES = ("vol[0.25@95]", "vol[0.5@75]", "vol[1@115]", "vol")


@pytest.mark.parametrize("name", QUOTE_NAMES)
@pytest.mark.parametrize("time", TIMES)
def test_derivatives_in_quotes_are_differences_of_surfaces(time, name):
    wanted = [(name,), (name, name), (name, "x"), ("x",), (name, "x", "x")]
    found, step = derivatives(market_of(QUOTES), time, K, wanted), 1e-5
    above, below = (derivatives(market_of(moved(QUOTES, name, s)), time, K, wanted) for s in (step, -step))
    up, down = (local_variance(market_of(moved(QUOTES, name, s)), time, K) for s in (step, -step))
    np.testing.assert_allclose(found[(name,)], (up - down) / (2 * step), atol=1e-6, rtol=1e-5)
    for index, lower in (((name, name), (name,)), ((name, "x"), ("x",))):
        np.testing.assert_allclose(found[index], (above[lower] - below[lower]) / (2 * step), atol=1e-4, rtol=1e-5)
    ahead, behind = (derivatives(market_of(QUOTES), time, K + s, wanted) for s in (step, -step))
    central = (ahead[(name, "x")] - behind[(name, "x")]) / (2 * step)
    np.testing.assert_allclose(found[(name, "x", "x")], central, atol=1e-3, rtol=1e-5)


def test_second_derivatives_in_two_quotes_are_differences():
    one, other, step = "vol[0.5@95]", "vol[1@105]", 1e-5
    found = derivatives(market_of(QUOTES), 0.7, K, [(one, other), (one, "vol")])
    for index in found:
        above, below = (derivatives(market_of(moved(QUOTES, index[1], s)), 0.7, K, [(one,)]) for s in (step, -step))
        np.testing.assert_allclose(found[index], (above[(one,)] - below[(one,)]) / (2 * step), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("time", TIMES)
def test_derivatives_in_all_quotes_add_up_to_that_in_their_shift(time):
    market = market_of(QUOTES)
    names = market.vol_surface.values
    found = derivatives(market, time, K, [("vol",), ("vol", "vol"), *((name,) for name in names)])
    np.testing.assert_allclose(sum(found[(name,)] for name in names), found[("vol",)], atol=1e-11)
    pairs = derivatives(market, time, K, [(name, "vol") for name in names])
    np.testing.assert_allclose(sum(pairs.values()), found[("vol", "vol")], atol=1e-9)


def test_local_variance_bends_nowhere_between_the_outermost_strikes():
    """Two derivatives in the log-moneyness are continuous, so that a pathwise gamma leaves nothing out."""
    market, tiny = market_of(QUOTES), 1e-9
    knots = market.smiles.all[0].knots[1:-1]
    for time in TIMES:
        for order in (1, 2):
            left, right = (
                derivatives(market, time, knots + s, [("x",) * order])[("x",) * order] for s in (-tiny, tiny)
            )
            np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


def test_second_derivatives_of_paths_are_differences_of_paths():
    """Means over Euler paths; a local variance with kinks would lack what is concentrated there."""
    local, n, n_steps = LocalVol(market_of(QUOTES).smiles), 5000, 12
    values, normals = market_of(QUOTES).values, np.random.default_rng(3).standard_normal((n_steps, n))

    def squared(x):
        for i, z in enumerate(normals):
            time = (i + 0.5) / n_steps
            variance = local.interval(time).local_variance(values, time, x) / n_steps
            x = x + sqrt(variance) * z - 0.5 * variance
        return exp(2 * x)

    x, step = chainer.Variable(np.zeros(n)), 0.02
    found = by_grad(squared(x), {"x": x}, [("x", "x")])[("x", "x")]
    up, here, down = (squared(np.full(n, shift)) for shift in (step, 0.0, -step))
    difference = (up - 2 * here + down) / step**2 - found
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(n) + 1e-3
    assert difference.std() / np.sqrt(n) < 0.01 < 0.01 * found.mean()


def test_time_may_be_a_parameter():
    market, step = market_of(QUOTES), 1e-6
    for time in (0.1, 0.4, 0.75, 1.5):
        leaf = chainer.Variable(np.full(len(K), time))
        interval = LocalVol(market.smiles).interval(time)
        found = by_grad(interval.local_variance(market.values, leaf, K), {"time": leaf}, [("time",)])[("time",)]
        up, down = (interval.local_variance(market.values, time + s, K) for s in (step, -step))
        np.testing.assert_allclose(found, (up - down) / (2 * step), atol=1e-8)


@pytest.mark.parametrize("time", TIMES)
def test_quotes_keep_their_strikes_as_forwards_move(time):
    market = market_of(QUOTES)
    interval = LocalVol(market.smiles).interval(time)
    spot = np.log(1.01)
    by_spot = interval.local_variance(market.values, time, K, [spot] * len(interval.expiries))
    np.testing.assert_allclose(by_spot, local_variance(market_of(QUOTES, spot=101), time, K), rtol=1e-9)
    by_rate = interval.local_variance(market.values, time, K, [0.02 * expiry for expiry in interval.expiries])
    np.testing.assert_allclose(by_rate, local_variance(market_of(QUOTES, rate=0.02), time, K), rtol=1e-9)


@pytest.mark.parametrize("time", [0.1, 0.4])
def test_derivatives_in_forwards_are_differences_of_surfaces(time):
    interval, step = LocalVol(market_of(QUOTES).smiles).interval(time), 1e-5
    leaves = {name: chainer.Variable(np.zeros(len(K))) for name in ("spot", "rate")}
    for name in leaves:
        of = [1.0 if name == "spot" else expiry for expiry in interval.expiries]
        moved = [leaves[name] * one for one in of]
        value = interval.local_variance(market_of(QUOTES).values, time, K, moved)
        found = by_grad(value, leaves, [(name,), (name, name)])
        up, here, down = (
            local_variance(market_of(QUOTES, **({"spot": 100 * np.exp(s)} if name == "spot" else {"rate": s})), time, K)
            for s in (step, 0.0, -step)
        )
        np.testing.assert_allclose(found[(name,)], (up - down) / (2 * step), atol=1e-6)
        np.testing.assert_allclose(found[(name, name)], (up - 2 * here + down) / step**2, atol=1e-3)


def test_expiry_begins_the_interval_that_follows():
    market = market_of(QUOTES)
    for expiry in EXPIRIES:
        after = local_variance(market, expiry + 1e-12, K)
        np.testing.assert_allclose(local_variance(market, expiry, K), after, rtol=1e-9)


def test_local_variance_at_time_0_is_the_limit():
    market = market_of(QUOTES)
    np.testing.assert_allclose(local_variance(market, 0.0, K), local_variance(market, 1e-9, K), rtol=1e-6)
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


WANTED = [(), ("x",), ("x", "x"), ("vol",), ("x", "vol[0.25@95]")]


def traced(time, dtype):
    """The derivatives as a program and as a function, and their sources for 300 paths."""
    market = market_of(QUOTES)
    interval = LocalVol(market.smiles).interval(time)

    def calculation(x, shift, quote):
        leaves = {**market.values, "vol": chainer.Variable(shift), "vol[0.25@95]": chainer.Variable(quote)}
        x = chainer.Variable(x)
        return by_grad(interval.local_variance(leaves, time, x), {**leaves, "x": x}, WANTED)

    def sources(n):
        shift, quote = np.zeros(n, dtype), np.full(n, market.values["vol[0.25@95]"], dtype)
        return {"x": np.linspace(-0.4, 0.3, n).astype(dtype), "shift": shift, "quote": quote}

    tracer = Tracer(5)
    found = calculation(*(tracer.source(name, sample) for name, sample in sources(5).items()))
    return tracer.program(found), calculation, sources(300)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("time", [0.1, 0.4])
def test_trace_gives_the_bits_of_the_calculation_and_the_simplified_program_nearly(time, dtype):
    program, calculation, given = traced(time, dtype)
    direct = calculation(*given.values())
    again = dict(program.run(given.__getitem__, 300))
    quick = dict(simplified(program, lambda source: source, True).run(given.__getitem__, 300))
    for index in WANTED:
        assert again[index].dtype == dtype
        np.testing.assert_array_equal(again[index], direct[index])
        size = np.abs(direct[index]).max()
        np.testing.assert_allclose(quick[index], direct[index], atol=size * (1e-11 if dtype is np.float64 else 1e-3))


@pytest.mark.parametrize("time", [0.1, 0.4])
def test_one_trace_serves_other_surfaces_and_times(time):
    other_quotes = quoted(lambda K, t: 1.1 * skewed(K, t), (0.2, 0.7, 1.5), (80, 90, 100, 110, 115, 120, 130))
    names = {"quote": "vol[0.25@95]", "other": "vol[0.2@100]"}

    def calculation(interval, name, time, x, shift, quote):
        leaves = {**{own: None for smile in interval.smiles for own in smile.names}, "vol": chainer.Variable(shift)}
        leaves |= {name: chainer.Variable(quote), "x": chainer.Variable(x)}
        found = by_grad(interval.local_variance(leaves, time, leaves["x"]), leaves, [(), ("x",), ("vol",), ("x", name)])
        return dict(zip("abcd", found.values(), strict=True))

    def given(quotes, name, time, n):
        market, tables = market_of(quotes), {}
        interval = LocalVol(market.smiles).interval(time)
        interval.with_numbers(lambda table, value: tables.setdefault(table, value))
        shift, quote = np.zeros(n), np.full(n, market.values[name])
        return interval, {
            **tables,
            "time": np.float64(time),
            "x": np.linspace(-0.3, 0.2, n),
            "shift": shift,
            "quote": quote,
        }

    tracer = Tracer(5)
    interval, sources = given(QUOTES, names["quote"], time, 5)
    opened = interval.with_numbers(lambda table, value: tracer.source(table, value, is_flat=False))
    paths = (tracer.source(name, sources[name]) for name in ("time", "x", "shift", "quote"))
    program = tracer.program(calculation(opened, names["quote"], *paths))
    quick = simplified(program, lambda source: source, True)
    for quotes, name, at in ((QUOTES, names["quote"], time), (other_quotes, names["other"], 1.3 * time)):
        interval, sources = given(quotes, name, at, 50)
        direct = calculation(interval, name, at, *(sources[path] for path in ("x", "shift", "quote")))
        for result, values in quick.run(sources.__getitem__, 50):
            np.testing.assert_allclose(values, direct[result], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("time", [0.1, 0.4])
def test_gpu_has_the_same_local_variance(time, gpu_name):
    program, calculation, given = traced(time, np.float64)
    (gpu, *_), direct = gpus(), calculation(*given.values())
    quick = simplified(program, lambda source: source, True)
    moved = {name: gpu.array(values) for name, values in given.items()}
    for index, values in gpu.results(quick, moved.__getitem__, 300, np.float64):
        found, size = gpu.numbers(values), np.abs(direct[index]).max()
        np.testing.assert_allclose(found, direct[index], atol=1e-11 * size)
