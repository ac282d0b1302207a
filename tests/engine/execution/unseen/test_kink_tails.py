"""Tails at kinks: a narrow kernel far out, or a digital of a narrow range, is no secret behind an ordinary payoff."""

from math import log, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.execution.choice.selection import pilot_motion
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.numbers import Numbers
from greeks_cli.engine.execution.regression import Controlled
from greeks_cli.engine.execution.samples import samples_of
from greeks_cli.engine.execution.unseen.kink_tails import kink_tails, rare_kinks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

MARKET = {"spot": 100, "vol": 0.2, "rate": 0.03}
NARROW = {"kind": "formula", "payoff": "max(S[-1]-100,0) + where(S[-1]>150, 1e6, 0) - where(S[-1]>150.001, 1e6, 0)"}
BEHIND = {"kind": "formula", "payoff": "max(A[-1]-100,0) + 200000*where(B[-1]>240,1,0)"}
UP_OUT = {"kind": "barrier", "strike": 100, "barrier": 125, "barrier_type": "up-out", "monitoring": 2, "expiry": 0.5}
SETTINGS = [{}, {"antithetic": True}, {"sampler": "sobol", "paths": 65536}, {"control": True}, {"dtype": "float32"}]
CALL = {"kind": "european", "strike": 100, "expiry": 1}


def digital(strike):
    return {"kind": "digital", "strike": strike, "cash": 1.0, "expiry": 1}


def exact(contract, greeks):
    return np.array(exact_greeks(build_request(contract, MARKET, {}, greeks)))


@pytest.mark.parametrize("settings", SETTINGS, ids=["random", "antithetic", "sobol", "control", "float32"])
def test_digital_of_a_narrow_range_behind_a_call_is_warned_of(settings):
    """Two paths in 10^6 end in the range, which is worth 2 beside a call of 9."""
    greeks = "price,delta,gamma,vega"
    truths = exact(CALL, greeks) + 1e6 * (exact(digital(150), greeks) - exact(digital(150.001), greeks))
    found = run(build_request(NARROW, MARKET, {"paths": 100_000, "importance": False, **settings}, greeks))
    for estimate, truth in zip(found.estimates, truths, strict=True):
        assert "heavy tails" in estimate.warning
        assert abs(estimate.value - truth) < 4 * estimate.stderr + 2 * estimate.bias  # its order of magnitude


def test_second_derivative_of_a_far_digital_behind_a_call_on_another_underlying_is_warned_of():
    market = {"underlying": {name: {"spot": 100, "vol": 0.2} for name in "AB"}, "correlation": 0.3, "rate": 0.03}
    for seed in range(3):
        found = run(build_request(BEHIND, market, {"paths": 100_000, "seed": seed}, "gamma[B],gamma[A]"))
        truth = 200_000 * exact(digital(240), "gamma")[-1]
        assert "heavy tails" in found["gamma[B]"].warning
        assert abs(found["gamma[B]"].value - truth) < 4 * found["gamma[B]"].stderr + 2 * found["gamma[B]"].bias


def up_out(vol):
    """The up-and-out call that is looked at half-way and at expiry, given the first look."""
    half, variance = UP_OUT["expiry"] / 2, vol * vol * UP_OUT["expiry"] / 2
    last = (log(UP_OUT["barrier"] / 100) + vol * vol * half / 2) / sqrt(variance)
    z, weights = np.polynomial.legendre.leggauss(200)
    z = 0.5 * (last + 8) * (z + 1) - 8
    starts = 100 * np.exp(-variance / 2 + sqrt(variance) * z)

    def moment(start, level, power):
        """The mean of the price to a power at expiry, where it ends above a level."""
        d = (log(start / level) - variance / 2) / sqrt(variance) + power * sqrt(variance)
        return start**power * NormalDist().cdf(d)

    def inside(start):
        strike, barrier = UP_OUT["strike"], UP_OUT["barrier"]
        return sum(s * (moment(start, k, 1) - strike * moment(start, k, 0)) for s, k in ((1, strike), (-1, barrier)))

    density = np.exp(-z * z / 2) / sqrt(2 * np.pi) * weights * 0.5 * (last + 8)
    return sum(density * [inside(start) for start in starts])


@pytest.mark.parametrize("paths", [20_000, 50_000])
def test_narrow_kernel_at_a_barrier_that_few_paths_reach_is_warned_of(paths):
    """The kernel of a jump is met by two paths of a run; where by none, vega is off by five standard errors."""
    truth = (up_out(0.1001) - up_out(0.0999)) / 0.0002
    market = {"spot": 100, "vol": 0.1, "rate": 0.0}
    for seed in range(8):
        estimate = run(build_request(UP_OUT, market, {"paths": paths, "seed": seed}, "price,delta,vega"))["vega"]
        assert estimate.warning or abs(estimate.value - truth) < 4 * estimate.stderr + estimate.bias


def test_contracts_of_one_kink_at_one_date_and_of_usual_kinks_are_not_looked_at_again():
    for contract in ({"strike": 170}, {"kind": "straddle", "strike": 100}, {"kind": "asian", "strike": 100}):
        assert not rare_kinks(plan(build_request(contract, MARKET, {"paths": 20_000}, "gamma")))


def test_notes_of_many_dates_and_underlyings_are_not_looked_at_again():
    market = {"underlying": {name: {"spot": 100, "vol": 0.2} for name in "ABCDE"}, "correlation": 0.3}
    formula = "where(min(A)>60, 100, A[-1])"
    for fixings, is_looked_at in ((400, True), (500, False)):
        contract = {"kind": "formula", "payoff": formula + "+0*(B[-1]+C[-1]+D[-1]+E[-1])", "fixings": fixings}
        assert bool(rare_kinks(plan(build_request(contract, market, {"paths": 4000}, "price")))) is is_looked_at


def test_tail_of_a_narrow_range_is_what_it_is_worth():
    """About six of the aimed paths end in the range: over ten seeds the mean is certain to an eighth."""
    worth = 1e6 * (exact(digital(150), "price") - exact(digital(150.001), "price"))[0]
    settings = {"paths": 100_000, "importance": False}
    plans = [plan(build_request(NARROW, MARKET, {**settings, "seed": seed}, "price")) for seed in range(10)]
    tails = [kink_tails(own, None, 100_000) for own in plans]
    assert np.mean([tail.missed[0] for tail in tails]) == pytest.approx(worth, rel=0.5)
    assert min(tail.share[0] for tail in tails) > 0.9


def test_samples_of_a_plan_have_a_row_for_each_greek():
    request = build_request(CALL, MARKET, {"paths": 20_000, "control": True}, "price,gamma")
    chosen, motion = plan(request), pilot_motion(request)
    plain, regressed = samples_of(chosen, Numbers([request]), motion, Controlled(np.ones(2), np.array([100.0, 0.0])))
    assert plain.shape == regressed.shape == (2, motion.n_paths)
    assert regressed[0].std() < plain[0].std()  # the underlying explains most of a call


SURFACE = tuple((expiry, strike, 0.2) for expiry in (0.5, 1) for strike in (80, 100, 120))


def test_narrow_kernel_at_a_far_barrier_under_local_volatility_is_warned_of():
    """Flat quotes are the lognormal, whose likelihood ratio is the truth. No path of seed 3 is near a barrier."""
    contract = {"kind": "double-barrier", "strike": 100, "low_barrier": 60, "high_barrier": 180, "monitoring": 12}
    plain = build_request(contract, {**MARKET, "rate": 0.02}, {"paths": 400_000, "estimator": "likelihood"}, "vega")
    truth = run(plain)["vega"]
    market = {"spot": 100, "rate": 0.02, "model": "local-vol", "vol_surface": SURFACE}
    for seed in (2, 3):
        found = run(build_request(contract, market, {"paths": 8000, "seed": seed}, "price,delta,gamma,vega"))["vega"]
        assert "heavy tails" in found.warning
        assert abs(found.value - truth.value) < 4 * (found.stderr + truth.stderr) + 2 * found.bias


CLIQUET = {"kind": "cliquet", "expiry": 0.12, "periods": 4, "notional": 100}
CAPPED = {"spot": 5000, "vol": 0.13, "rate": -0.005, "dividend_yield": 0.03}


def test_cap_of_one_period_that_no_path_meets_is_in_the_bias():
    """The cap lies five standard deviations of a period out: no path whose end alone is stretched shows it."""
    for seed in range(3):
        request = build_request(CLIQUET, CAPPED, {"paths": 40_000, "seed": seed}, "volga")
        found, truth = run(request)["volga"], exact_greeks(request)[-1]
        assert abs(found.value - truth) < 4 * found.stderr + found.bias


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_far_jump_that_sobol_points_may_miss_is_found(seed):
    """A kernel at one kink, of which 16,384 points meet three: delta is that of a digital, and 1 of the underlying."""
    contract = {"kind": "formula", "payoff": "S[-1] + 1000 * where(S[-1] > 200, 1, 0)"}
    settings = {"paths": 1 << 14, "sampler": "sobol", "seed": seed}
    delta = run(build_request(contract, {"vol": 0.2, "rate": 0.01}, settings, "delta"))["delta"]
    d2 = (np.log(100 / 200) + 0.01 - 0.02) / 0.2
    truth = 1 + 1000 * np.exp(-0.01 - d2 * d2 / 2) / np.sqrt(2 * np.pi) / (100 * 0.2)
    assert delta.warning or abs(delta.value - truth) <= 4 * delta.stderr + delta.bias
