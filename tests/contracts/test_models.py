"""Contracts under models with random variance and jumps: estimates against published values and each other."""

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from greeks_cli.engine.execution.compile import plan
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.simulation import Estimator
from tests.models import ALL, BATES, HESTON, MERTON


def heston(S, v0, kappa, theta, xi, rho, r=0.0, q=0.0):
    return {
        "model": "heston",
        "spot": S,
        "initial_variance": v0,
        "mean_reversion": kappa,
        "long_run_variance": theta,
        "vol_of_vol": xi,
        "spot_vol_correlation": rho,
        "rate": r,
        "dividend_yield": q,
    }


PUBLISHED = {
    # L. Andersen (2008), case I
    "andersen-I-70": (heston(100, 0.04, 0.5, 0.04, 1, -0.9), {"strike": 70, "expiry": 10}, 35.849769703838),
    # F. Fang and C. Oosterlee (2008), table 4
    "fang-oosterlee": (heston(100, 0.0175, 1.5768, 0.0398, 0.5751, -0.5711), {"strike": 100}, 5.785155434376),
    # L. von Sydow et al. (2018), set I
    "benchop-80": (heston(100, 0.114, 2.58, 0.043, 1, -0.36), {"strike": 80}, 22.811829119439),
    "benchop-133": (heston(100, 0.114, 2.58, 0.043, 1, -0.36), {"strike": 400 / 3}, 1.211336971279),
    # C. Ball and A. Roma (1994)
    "ball-roma-A-80": (heston(100, 0.09, 4, 0.09, 0.4, 0), {"strike": 80, "expiry": 0.5}, 21.430015984186),
    "ball-roma-B-100": (heston(100, 0.1225, 8, 0.1225, 0.8, 0), {"strike": 100, "expiry": 0.5}, 9.725613126028),
    # A. Lewis (2019): a few days, variance far from its long run
    "lewis-short": (
        heston(100, 0.01, 4, 0.25, 1, -0.5, 0.01, 0.02),
        {"strike": 95, "expiry": 0.01, "type": "put"},
        0.000461954856,
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("estimator", ["auto", "pathwise"])
def test_heston_has_the_published_price(name, estimator):
    market, contract, expected = PUBLISHED[name]
    price = run(build_request(contract, market, {"paths": 20_000, "estimator": estimator}, "price"))["price"]
    assert abs(price.value - expected) <= 4 * price.stderr + price.bias
    assert price.stderr < 0.05 * expected + 0.05
    assert price.bias_of_steps <= price.bias


def merton(S=100, K=100, T=1.0, r=0.02, vol=0.2, intensity=0.8, mean=-0.1, deviation=0.15):
    """R. Merton's series (1976)."""
    cdf, k = NormalDist().cdf, math.exp(mean + 0.5 * deviation**2) - 1
    found = 0.0
    for n in range(60):
        variance = vol**2 * T + n * deviation**2
        forward = S * math.exp((r - intensity * k) * T + n * (mean + 0.5 * deviation**2))
        d1 = math.log(forward / K) / math.sqrt(variance) + 0.5 * math.sqrt(variance)
        value = forward * cdf(d1) - K * cdf(d1 - math.sqrt(variance))
        found += math.exp(-intensity * T) * (intensity * T) ** n / math.factorial(n) * value
    return math.exp(-r * T) * found


DIFFERENCES = {
    "delta": "S",
    "vega": "vol",
    "rho": "r",
    "dual_delta": "K",
    "d(jump_intensity)": "intensity",
    "d(jump_mean)": "mean",
    "d(jump_vol)": "deviation",
    "theta": "T",
}
AT = {"S": 100, "vol": 0.2, "r": 0.02, "K": 100, "intensity": 0.8, "mean": -0.1, "deviation": 0.15, "T": 1.0}


@pytest.mark.parametrize("estimator", ["auto", "pathwise", "likelihood", "conditional"])
def test_merton_is_the_series(estimator):
    result = run(build_request({"strike": 100}, MERTON, {"estimator": estimator}, ["price", *DIFFERENCES]))
    assert abs(result["price"].value - merton()) <= 4 * result["price"].stderr + result["price"].bias
    assert result.steps == 0
    for greek, name in DIFFERENCES.items():
        h = 1e-4 * abs(AT[name])
        slope = (merton(**{name: AT[name] + h}) - merton(**{name: AT[name] - h})) / (2 * h)
        found = result[greek]
        assert abs(found.value - (-slope if name == "T" else slope)) <= 4 * found.stderr + found.bias, greek


@pytest.mark.parametrize("estimator", ["auto", "pathwise", "likelihood", "mixed"])
def test_cross_derivatives_in_jumps(estimator):
    names = ("intensity", "deviation")
    h = 1e-3

    def at(one, other):
        return merton(**{name: AT[name] + step * h for name, step in zip(names, (one, other), strict=True)})

    expected = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * h * h)
    greek = "d(jump_intensity,jump_vol)"
    found = run(build_request({"strike": 100}, MERTON, {"estimator": estimator}, [greek]))[greek]
    assert abs(found.value - expected) <= 4 * found.stderr + found.bias


CONTRACTS = {
    "digital": {"kind": "digital", "strike": 100},
    "asian": {"kind": "asian", "strike": 100, "fixings": 12},
    "lookback": {"kind": "lookback", "strike_kind": "floating", "monitoring": 12},
    "barrier": {"kind": "barrier", "strike": 100, "barrier": 85, "barrier_type": "down-out", "monitoring": 12},
    "forward-start": {"kind": "forward-start", "start": 0.5},
    "formula": {"kind": "formula", "payoff": "max(S[-1] - 0.5 * (S[0] + S[1]), 0)", "fixing_times": [0.25, 0.5, 1.0]},
}


@pytest.mark.parametrize(
    ("kind", "model"), [*((kind, "bates") for kind in CONTRACTS), ("asian", "merton"), ("digital", "heston")]
)
def test_estimators_agree(kind, model):
    own = "jump_vol" if model == "merton" else "vol_of_vol"
    greeks = ["delta", "gamma", f"d({own})", "theta"]
    request = build_request(CONTRACTS[kind], ALL[model], {"paths": 6_000}, greeks)
    results = [one for one in check(request) if one.z is not None]
    assert max(abs(one.z) for one in results) < 4.5, [(one.greek, one.method, one.z) for one in results]


@pytest.mark.parametrize("model", ALL)
def test_the_mean_price_is_the_forward_at_every_date(model):
    contract = {"kind": "formula", "payoff": "S[0] + 2 * S[1]", "fixing_times": [0.3, 1.0]}
    request = build_request(contract, ALL[model], {"paths": 200_000}, "price,delta")
    price = run(request)["price"]
    expected = math.exp(-0.02) * (100 * math.exp(0.02 * 0.3) + 200 * math.exp(0.02))
    assert abs(price.value - expected) <= 4 * price.stderr + price.bias


def test_realised_variance_of_heston():
    contract = {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 252, "notional": 1}
    price = run(build_request(contract, {**HESTON, "rate": 0.0}, {"paths": 20_000}, "price"))["price"]
    kappa, level, start = 2.0, 0.05, 0.04
    mean = level + (start - level) * (1 - math.exp(-kappa)) / kappa
    # Squared drifts of 252 days add about sum (v/2 + ...)^2 / 252, below mean^2.
    assert abs(price.value - (mean - 0.04)) <= 4 * price.stderr + price.bias + mean**2


def test_small_vol_of_vol_is_black_and_scholes():
    market = {**HESTON, "vol_of_vol": 1e-3, "spot_vol_correlation": 0.0}
    mean = 0.05 - 0.01 * (1 - math.exp(-2.0)) / 2.0
    exact = run(build_request({"strike": 100}, {"vol": math.sqrt(mean), "rate": 0.02}, {"closed_form": True}, "gamma"))
    found = run(build_request({"strike": 100}, market, {"paths": 20_000}, "gamma"))
    for name in ("price", "gamma"):
        assert found[name].value == pytest.approx(exact[name].value, rel=2e-3)


def test_bates_without_jumps_is_heston():
    few = {**BATES, "jump_intensity": 1e-6}
    one, other = (run(build_request({"strike": 100}, market, {}, "delta")) for market in (few, HESTON))
    for name in ("price", "delta"):
        gap = 4 * math.hypot(one[name].stderr, other[name].stderr)
        assert abs(one[name].value - other[name].value) <= gap + one[name].bias + other[name].bias


@pytest.mark.parametrize(
    "simulation", [{"sampler": "sobol", "paths": 16_384}, {"antithetic": True}, {"control": True}, {"dtype": "float32"}]
)
def test_samplers_and_types_agree(simulation):
    market, contract, expected = PUBLISHED["ball-roma-A-80"]
    price = run(build_request(contract, market, simulation, "price"))["price"]
    assert abs(price.value - expected) <= 4 * price.stderr + price.bias + 1e-4


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("contract", [{"kind": "asian", "strike": 100, "fixings": 3}, {"strike": 105}])
def test_a_control_does_not_move_the_estimate(contract, model):
    greeks = "delta,gamma,rho"
    plain = run(build_request(contract, ALL[model], {"paths": 20_000}, greeks))
    controlled = run(build_request(contract, ALL[model], {"paths": 20_000, "seed": 1, "control": True}, greeks))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        gap = abs(one.value - other.value)
        assert gap <= 4 * math.hypot(one.stderr, other.stderr) + one.bias + other.bias, one.greek.name


def test_threads_do_not_change_bits():
    request = build_request(CONTRACTS["asian"], BATES, {"paths": 40_000}, "delta,gamma,d(vol_of_vol)")
    one, two = run(request, threads=1), run(request, threads=2)
    assert one.estimates == two.estimates


def test_bias_of_coarse_steps_is_stated():
    market, contract, expected = PUBLISHED["andersen-I-70"]
    request = build_request(contract, market, {"steps": 2}, "price")
    price = run(request)["price"]
    assert abs(price.value - expected) > 4 * price.stderr  # a step of 5 years
    assert abs(price.value - expected) <= 4 * price.stderr + price.bias


def test_steps_are_chosen_where_none_are_given():
    assert plan(build_request({"strike": 100}, HESTON, {"steps": 100})).n_steps == 100
    assert plan(build_request({"strike": 100}, HESTON, {})).n_steps >= 8
    assert plan(build_request({"strike": 100}, MERTON, {})).n_steps == 0


def test_explicit_estimators_are_used():
    request = build_request({"strike": 100}, HESTON, {"paths": 4000}, "gamma")
    for estimator in ("likelihood", "mixed", "conditional"):
        simulation = request.simulation.model_copy(update={"estimator": Estimator(estimator)})
        assert run(replace(request, simulation=simulation))["gamma"].estimator == estimator


def test_higher_orders_have_finite_errors():
    names = ["d(spot,spot,initial_variance)", "d(vol_of_vol,vol_of_vol)", "d(spot,spot,spot,spot_vol_correlation)"]
    result = run(build_request({"strike": 100}, HESTON, {"paths": 16_000}, names))
    for name in names:
        assert np.isfinite(result[name].stderr)
        assert result[name].stderr > 0
