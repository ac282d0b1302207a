"""Options between two barriers, beside QuantLib, limits, parities and a simulation in plain NumPy."""

from math import exp, sqrt

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts import barriers
from tests.conftest import assert_agrees
from tests.contracts.test_past_fixings import MARKET, paths
from tests.contracts.test_quantlib import EXPIRY, SIGNS, exact, npv, process  # noqa: F401  # a fixture

CORRIDORS = [(85, 120), (70, 150), (95, 108), (40, 110)]
WIDE_TO_NARROW = [(50, 190), (78, 128), (78.2, 99.9), (90, 108), (96, 104)]
"""Corridors from seven to a third of a standard deviation, on either side of where the series changes."""


def double(low, high, **terms):
    return {"kind": "double-barrier", "strike": 100, "low_barrier": low, "high_barrier": high, **terms}


def asked(contract, greeks="delta,gamma,vega", market=MARKET, **settings):
    return build_request(contract, market, {"paths": 50_000, **settings}, greeks)


def knocked_out(process, payoff, low, high, engine):  # noqa: F811
    out = ql.DoubleBarrierOption(ql.DoubleBarrier.KnockOut, low, high, 0.0, payoff, ql.EuropeanExercise(EXPIRY))
    return npv(out, engine)


def alive(process, low, high, cash):  # noqa: F811
    """The price of cash that is paid at expiry unless a barrier is touched."""
    payoff = ql.CashOrNothingPayoff(ql.Option.Call, 0.0, cash)
    return knocked_out(process, payoff, low, high, ql.AnalyticDoubleBarrierBinaryEngine(process))


@pytest.mark.parametrize("strike", [80, 100, 112])
@pytest.mark.parametrize("kind", SIGNS)
@pytest.mark.parametrize(("low", "high"), CORRIDORS)
def test_price_matches_quantlib(process, low, high, kind, strike):  # noqa: F811
    """QuantLib counts ends beyond the barriers where the strike is outside; inside, that payoff is linear."""
    inner = min(max(strike, low), high)
    payoff = ql.PlainVanillaPayoff(SIGNS[kind], inner)
    value = knocked_out(process, payoff, low, high, ql.AnalyticDoubleBarrierEngine(process, 10))
    in_the_money = inner - strike if kind == "call" else strike - inner
    if in_the_money > 0:
        value += alive(process, low, high, in_the_money)
    elif in_the_money < 0:
        value = 0.0
    terms = {"type": kind, "strike": strike}
    assert exact(double(low, high, **terms)) == pytest.approx(value, abs=1e-9)
    vanilla = exact({"kind": "european", **terms})
    assert exact(double(low, high, knock="in", **terms)) == pytest.approx(vanilla - value, abs=1e-9)


@pytest.mark.parametrize(("low", "high"), CORRIDORS)
def test_rebate_matches_a_binary_option_of_quantlib(process, low, high):  # noqa: F811
    """Nobody exercises at a strike of 1e6, so that the rebate is the whole price."""
    kept, rebate = alive(process, low, high, 7.0), {"strike": 1e6, "rebate": 7}
    assert exact(double(low, high, knock="in", **rebate)) == pytest.approx(kept, abs=1e-9)
    assert exact(double(low, high, **rebate)) == pytest.approx(7 * exp(-0.04) - kept, abs=1e-9)


REDUCED = [{"antithetic": True}, {"control": True}, {"sampler": "sobol", "paths": 1 << 14}, {"dtype": "float32"}]
GREEKS = "delta,gamma,vega,theta,rho,vanna,speed,volga,d(low_barrier),d(high_barrier),d(strike),d(spot,spot,spot,spot)"


@pytest.mark.parametrize(("low", "high", "option"), [(80, 125, "call"), (88, 114, "put")])
def test_both_series_give_the_same_greeks(monkeypatch, low, high, option):
    """Waves serve in wide corridors too where there are enough of them, and images in narrow ones."""
    request = asked(double(low, high, strike=99, type=option, rebate=3), GREEKS)
    simulated = asked(request.contract.model_dump(), "delta,gamma,vanna")
    found = {}
    for kind, n in (("waves", 7), ("images", 5)):
        monkeypatch.setattr(barriers.DoubleBarrier, "between", lambda self, vol, own=(kind, n): barriers.Series(*own))
        found[kind] = exact_greeks(request), [one.value for one in run(simulated).estimates]
    np.testing.assert_allclose(found["waves"][0], found["images"][0], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found["waves"][1], found["images"][1], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("option", "knock"), [("call", "in"), ("put", "out")])
@pytest.mark.parametrize(("low", "high"), WIDE_TO_NARROW)
def test_simulation_agrees_with_the_closed_form(low, high, option, knock):
    spot = {**MARKET, "spot": sqrt(low * high) * 1.01}
    contract = double(low, high, strike=spot["spot"] * 0.99, type=option, knock=knock, rebate=1)
    greeks = f"{GREEKS},ultima,zomma,dual_gamma"
    for estimate in run(asked(contract, greeks, spot, seed=4)).estimates:
        distance = abs(estimate.value - estimate.exact) - estimate.bias
        assert distance <= 4 * estimate.stderr + 1e-12, estimate
        assert estimate.warning is None or "heavy tails" in estimate.warning, estimate


@pytest.mark.parametrize("settings", [{"beta": 5}, {"estimator": "pathwise"}, {"autodiff": "backward"}], ids=str)
@pytest.mark.parametrize(("low", "high"), [(80, 130), (92, 112)])
def test_every_smoothing_agrees_with_the_closed_form(low, high, settings):
    for estimate in run(asked(double(low, high), **settings)).estimates:
        distance = abs(estimate.value - estimate.exact) - estimate.bias
        assert distance <= 4 * estimate.stderr + 1e-12, estimate


@pytest.mark.parametrize(
    "settings",
    REDUCED,
    ids=str,
)
def test_variance_reduction_and_single_precision_agree_with_the_closed_form(settings):
    assert_agrees(run(asked(double(80, 130, rebate=2), **settings)))


@pytest.mark.parametrize("monitoring", ["continuous", 5])
@pytest.mark.parametrize("option", ["call", "put"])
def test_knock_in_plus_knock_out_is_the_vanilla_on_the_same_paths(option, monitoring):
    both = [
        run(asked(double(85, 120, type=option, knock=knock, monitoring=monitoring), "price"))["price"].value
        for knock in ("in", "out")
    ]
    steps = 1 if monitoring == "continuous" else monitoring
    vanilla = run(asked({"strike": 100, "type": option}, "price", steps=steps))["price"].value
    assert min(both) > 0.1
    assert sum(both) == pytest.approx(vanilla, rel=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "single"),
    [
        (1, 120, {"barrier": 120, "barrier_type": "up-out"}),
        (85, 5000, {"barrier": 85, "barrier_type": "down-out"}),
    ],
    ids=("no lower barrier", "no upper barrier"),
)
def test_barrier_out_of_reach_leaves_the_single_barrier(low, high, single):
    greeks = "delta,gamma,vega,theta,vanna"
    two = exact_greeks(asked(double(low, high, rebate=2), greeks))
    one = exact_greeks(asked({"kind": "barrier", "strike": 100, "rebate": 2, **single}, greeks))
    np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-11)


def test_monitored_corridor_agrees_with_a_simulation_in_plain_numpy():
    found = run(asked(double(85, 125, monitoring=4, rebate=2), "price", seed=3))["price"]
    spots = paths((0.25, 0.5, 0.75, 1.0), 100)
    inside = ((spots > 85) & (spots < 125)).all(axis=0)
    samples = exp(-MARKET["rate"]) * np.where(inside, np.maximum(spots[-1] - 100, 0), 2)
    noise = np.hypot(found.stderr, samples.std() / sqrt(samples.size))
    assert noise < 0.01 * samples.std()
    assert abs(found.value - samples.mean()) < 4 * noise


@pytest.mark.parametrize("dates", [50, 200])
def test_monitored_corridor_has_the_price_of_a_wider_continuous_one(dates):
    """M. Broadie, P. Glasserman and S. Kou, A continuity correction for discrete barrier options, 1997."""
    estimate = run(asked(double(80, 130, monitoring=dates), "price"))["price"]
    shift = exp(0.5826 * MARKET["vol"] * sqrt(1 / dates))
    assert abs(estimate.value - exact(double(80 / shift, 130 * shift))) < 3 * estimate.stderr
    assert abs(estimate.value - exact(double(80, 130))) > 3 * estimate.stderr


@pytest.mark.parametrize("greeks", ["delta,gamma,vega", "vanna,volga,theta"])
def test_methods_of_a_monitored_corridor_agree(greeks):
    contract = double(85, 125, monitoring=3)
    every = [
        run(asked(contract, greeks, estimator=how, seed=i)) for i, how in enumerate(("auto", "pathwise", "likelihood"))
    ]
    for one, *others in zip(*(answer.estimates for answer in every), strict=True):
        for other in others:
            distance = abs(one.value - other.value) - one.bias - other.bias
            assert distance <= 4 * np.hypot(one.stderr, other.stderr), other


def test_trades_of_other_series_have_their_own_numbers():
    """They differ in numbers alone: the vol, the expiry, the strike beyond a barrier, the spot beyond a barrier."""
    trades = [asked(double(85, 120), market={**MARKET, "vol": vol}) for vol in (0.1, 0.25, 0.5, 1.0)]
    trades += [asked(double(85, 120, expiry=expiry)) for expiry in (0.1, 4)]
    trades += [asked(double(85, 120, strike=strike)) for strike in (80, 85, 119, 121)]
    trades += [asked(double(85, 120), "delta", {**MARKET, "spot": spot}) for spot in (84, 100)]
    for answer in run_together(trades):
        for estimate in answer.estimates:
            assert abs(estimate.value - estimate.exact) <= 4 * estimate.stderr + estimate.bias + 1e-12, estimate


def test_knocked_corridor_is_the_vanilla_or_the_rebate():
    vanilla = exact({"strike": 100})
    assert exact(double(85, 120, knock="in", knocked="in", rebate=3)) == pytest.approx(vanilla, rel=1e-12)
    assert run(asked(double(85, 120, knocked="out", rebate=3)))["price"].value == pytest.approx(3 * exp(-0.04))


@pytest.mark.parametrize(
    ("width", "kind", "n"),
    [(0.3, "waves", 3), (0.99, "waves", 3), (1, "images", 4), (2, "images", 2), (9, "images", 2)],
)
def test_series_suits_the_width_of_the_corridor(width, kind, n):
    """The width is in standard deviations of the logarithm at expiry."""
    edge = exp(0.5 * 0.25 * width) * (1 + 1e-12)
    assert asked(double(100 / edge, 100 * edge), "price").contract.between(0.25) == (kind, n)
