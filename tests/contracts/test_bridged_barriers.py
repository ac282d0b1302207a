"""Barriers watched at all times under models of smiles, along bridges, against QuantLib, exact paths and limits."""

from itertools import pairwise

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.engine.execution.compile import plan, planned
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.contracts.jumping_paths import barrier_call
from tests.engine.simulation.surfaces import QUOTES, local_variance, market_of, quoted
from tests.models import BATES, HESTON, MERTON

DOWN = {"kind": "barrier", "strike": 100, "barrier": 85, "barrier_type": "down-out", "expiry": 1.0}
UP = {**DOWN, "barrier": 125, "barrier_type": "up-out"}
CORRIDOR = {"kind": "double-barrier", "strike": 100, "low_barrier": 80, "high_barrier": 130, "expiry": 1.0}
AT_HIT = {**DOWN, "rebate": 5.0, "rebate_at": "hit"}
FLAT = {"vol": 0.2, "rate": 0.02}
NEARLY_FLAT = {
    "heston": {**HESTON, "initial_variance": 0.04, "long_run_variance": 0.04, "vol_of_vol": 1e-3},
    "merton": {**MERTON, "jump_intensity": 1e-6},
    "local-vol": {"model": "local-vol", "vol_surface": quoted(lambda K, t: FLAT["vol"]), "rate": FLAT["rate"]},
}
KINDS = {"down": DOWN, "up": UP, "corridor": CORRIDOR, "at hit": AT_HIT, "in": {**UP, "barrier_type": "up-in"}}


def estimates(contract, market, greeks="delta", **simulation):
    found = run(build_request(contract, market, {"paths": 40_000, "steps": 64, **simulation}, greeks)).estimates
    return {one.greek.name: one for one in found}


def assert_near(estimate, truth, noise=0.0):
    """Within four standard errors and the bias, which are small beside the truth."""
    deviation = np.hypot(estimate.stderr, noise)
    assert abs(estimate.value - truth) <= 4 * deviation + estimate.bias, (estimate, truth)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", NEARLY_FLAT)
def test_bridges_meet_the_closed_form_where_the_model_is_nearly_flat(model, kind):
    closed = run(build_request(KINDS[kind], FLAT, {"paths": 2000}, "delta,gamma")).estimates
    found = estimates(KINDS[kind], NEARLY_FLAT[model], "delta,gamma")
    for one in closed:
        assert_near(found[one.greek.name], one.exact)
    assert found["price"].stderr + found["price"].bias < 0.03 * max(1, abs(found["price"].value))


def under_heston(contract):
    """The value, delta and gamma of a barrier call in the market HESTON by finite differences."""
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    curves = (
        ql.YieldTermStructureHandle(ql.FlatForward(today, rate, ql.Actual365Fixed())) for rate in (HESTON["rate"], 0.0)
    )
    names = ("initial_variance", "mean_reversion", "long_run_variance", "vol_of_vol", "spot_vol_correlation")
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    model = ql.HestonModel(ql.HestonProcess(*curves, spot, *(HESTON[name] for name in names)))
    return priced_by(ql.FdHestonBarrierEngine(model, 100, 300, 60), contract)


def priced_by(engine, contract):
    """The value, delta and gamma of a barrier call of a year by an engine."""
    kind = {"down-out": ql.Barrier.DownOut, "up-out": ql.Barrier.UpOut}[contract["barrier_type"]]
    payoff = ql.PlainVanillaPayoff(ql.Option.Call, contract["strike"])
    exercise = ql.EuropeanExercise(ql.Settings.instance().evaluationDate + 365)
    option = ql.BarrierOption(kind, contract["barrier"], 0.0, payoff, exercise)
    option.setPricingEngine(engine)
    return {"price": option.NPV(), "delta": option.delta(), "gamma": option.gamma()}


SKEWED = {"model": "local-vol", "vol_surface": QUOTES, "rate": 0.03}


def under_local_vol(contract):
    """The value, delta and gamma of a barrier call in the market SKEWED by finite differences on its local vols."""
    market, today, count = market_of(QUOTES, rate=SKEWED["rate"]), ql.Date(1, 1, 2025), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    rate, nothing = (
        ql.YieldTermStructureHandle(ql.FlatForward(today, number, count)) for number in (SKEWED["rate"], 0.0)
    )
    times, strikes = [1e-4, *np.linspace(0.0025, 0.9975, 200).tolist(), 1.0001], 100 * np.exp(np.linspace(-1.2, 1, 221))
    vols = ql.Matrix(len(strikes), len(times))
    for column, time in enumerate(times):
        found = local_variance(market, min(time, 0.9999), np.log(strikes / market.forward(time)))
        for row, variance in enumerate(found):
            vols[row][column] = float(np.sqrt(variance))
    local = ql.LocalVolTermStructureHandle(ql.FixedLocalVolSurface(today, times, strikes.tolist(), vols, count))
    flat = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, count))
    spot = ql.QuoteHandle(ql.SimpleQuote(100.0))
    process = ql.GeneralizedBlackScholesProcess(spot, nothing, rate, flat, local)
    engine = ql.FdBlackScholesBarrierEngine(process, 200, 400, 0, ql.FdmSchemeDesc.CrankNicolson(), True)
    return priced_by(engine, contract)


@pytest.mark.parametrize("contract", [DOWN, UP], ids=["down", "up"])
@pytest.mark.parametrize(
    ("market", "truths", "share"),
    [(HESTON, under_heston, 0.01), (SKEWED, under_local_vol, 0.02)],
    ids=["heston", "local-vol"],
)
def test_bridges_meet_finite_differences(market, truths, share, contract):
    truth = truths(contract)
    found = estimates(contract, market, "delta,gamma", paths=100_000)
    for name, one in found.items():
        assert_near(one, truth[name])
    assert found["price"].bias < share * found["price"].value


@pytest.mark.parametrize("contract", [DOWN, UP], ids=["down", "up"])
def test_merton_meets_paths_with_the_times_of_jumps(contract):
    truth = barrier_call(contract, 200_000)
    found = estimates(contract, MERTON, paths=100_000)["price"]
    assert_near(found, truth.value, truth.stderr)
    assert found.bias < 0.01 * found.value


def test_bates_lies_between_its_limits():
    """Without jumps it is Heston."""
    without = estimates(DOWN, {**BATES, "jump_intensity": 1e-6})["price"]
    assert_near(without, estimates(DOWN, HESTON, seed=1)["price"].value, without.stderr)


def test_the_bias_of_few_bridges_is_measured():
    wild = {**HESTON, "vol_of_vol": 0.8}
    few, many = (estimates(DOWN, wild, steps=steps, paths=100_000)["price"] for steps in (8, 128))
    assert abs(few.value - many.value) > 4 * np.hypot(few.stderr, many.stderr)
    assert_near(few, many.value, many.stderr)
    assert few.bias_of_steps > 4 * many.bias_of_steps


def test_in_and_out_add_up_to_the_european():
    legs = [estimates({**DOWN, "barrier_type": kind}, BATES)["price"] for kind in ("down-in", "down-out")]
    (european,) = run(build_request({"strike": 100, "expiry": 1.0}, BATES, {"paths": 2000}, "price")).estimates
    noise = sum(leg.stderr for leg in legs)
    assert abs(sum(leg.value for leg in legs) - european.exact) <= 4 * noise + sum(leg.bias for leg in legs)


def test_a_window_that_opens_later_under_a_nearly_flat_model():
    contract = {**DOWN, "window_start": 0.25, "window_end": 0.75}
    flat = estimates(contract, FLAT, steps=None, seed=5)["price"]
    for market in NEARLY_FLAT.values():
        assert_near(estimates(contract, market)["price"], flat.value, flat.stderr)


def test_estimators_agree_on_gamma():
    found = [
        estimates(DOWN, HESTON, "gamma", estimator=estimator, seed=seed)["gamma"]
        for seed, estimator in enumerate(("pathwise", "mixed", "likelihood"))
    ]
    for one, other in pairwise(found):
        noise = np.hypot(one.stderr, other.stderr)
        assert abs(one.value - other.value) <= 4 * noise + one.bias + other.bias


def test_a_book_of_models_whose_paths_have_equally_many_normals():
    # 32 dates and 64 steps under heston, 32 dates with jumps and their sizes under merton.
    requests = [build_request(DOWN, market, {"paths": 4000}, "price") for market in (HESTON, MERTON)]
    assert len({Grid.usual(request).n_rows for request in requests}) == 1
    for found, request in zip(planned(requests), requests, strict=True):
        assert isinstance(found, Plan)
        assert found.blocks.grid == plan(request).blocks.grid
