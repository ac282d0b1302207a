"""Runs against the closed form, coverage of confidence intervals, threads, and numbers out of range."""

import numpy as np
import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import NonFiniteEstimate
from tests.conftest import MARKETS, assert_agrees, european


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("market", MARKETS)
def test_every_named_greek_agrees_with_the_closed_form(market, kind):
    assert_agrees(run(european(MARKETS[market], "all", {"type": kind}, seed=1)))


@pytest.mark.parametrize(
    "simulation",
    [
        {"beta": 10},
        {"width": 1.5},
        {"steps": 7},
        {"dtype": "float32"},
        {"autodiff": "backward"},
        {"beta": 10, "autodiff": "backward"},
    ],
    ids=str,
)
def test_every_simulation_setting_agrees_with_the_closed_form(simulation):
    assert_agrees(run(european(MARKETS["low vol"], "gamma,vega,theta,rho,vanna", **simulation)))


def test_fourth_order_greeks_agree_with_the_closed_form():
    assert_agrees(
        run(european(MARKETS["high vol"], "d(spot,spot,vol,vol),d(rate,rate,rate,rate),d(spot,strike)", paths=200_000))
    )


def test_first_order_greeks_without_smoothing_have_no_bias():
    result = run(european(MARKETS["low vol"], "delta,vega", smoothing="none"))
    assert_agrees(result)
    assert all(estimate.bias == 0 for estimate in result.estimates)


def test_chainer_grad_and_variable_backward_agree():
    greeks = "delta,gamma,vega,vanna,volga,theta,charm"
    chained = run(european(MARKETS["low vol"], greeks, paths=10_000, estimator="pathwise"))
    backward = run(european(MARKETS["low vol"], greeks, paths=10_000, autodiff="backward", estimator="pathwise"))
    for one, other in zip(chained.estimates, backward.estimates, strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-12), one.greek


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_do_not_change_bits(threads):
    request = european(MARKETS["low vol"], "all", paths=70_001, steps=3)
    assert run(request, threads).estimates == run(request, 1).estimates


def test_coverage_of_the_confidence_interval():
    seeds = 200
    covered, shares = dict.fromkeys(("price", "delta", "gamma", "vega"), 0), []
    for seed in range(seeds):
        for estimate in run(european(MARKETS["low vol"], "delta,gamma,vega", paths=4000, seed=seed)).estimates:
            name = estimate.greek.name
            covered[name] += estimate.low - estimate.bias <= estimate.exact <= estimate.high + estimate.bias
            assert estimate.bias == 0 or name == "gamma"
            shares.append(estimate.bias / estimate.stderr)
    # The bound of gamma's bias widens the interval, by less than a standard error.
    assert 4 * np.mean(shares) < 1
    # 0.95 plus or minus 3 standard deviations of a share of 200.
    for name, times in covered.items():
        assert 0.90 * seeds <= times <= (0.99 if name != "gamma" else 1) * seeds, (name, times)


def test_stated_bias_covers_the_smoothing_bias_of_a_wide_softplus():
    (estimate,) = [
        e
        for e in run(european(MARKETS["low vol"], "gamma", width=2, paths=400_000)).estimates
        if e.greek.name == "gamma"
    ]
    error = abs(estimate.value - estimate.exact)
    assert error > 5 * estimate.stderr  # the bias is real
    assert error <= 3 * estimate.stderr + estimate.bias
    assert estimate.bias < 3 * error  # and not drowned in caution


def test_gamma_at_high_volatility_agrees_with_the_closed_form():
    assert_agrees(run(european({"vol": 0.5}, "gamma", paths=100_000)))
    assert_agrees(run(european({"vol": 0.5}, "gamma", paths=100_000, beta=10)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("vol", [0.05, 3.0])
@pytest.mark.parametrize("expiry", [1 / 365, 30.0])
@pytest.mark.parametrize("spot", [1e-4, 1e6])
def test_estimates_are_finite_in_extreme_markets(dtype, vol, expiry, spot):
    for moneyness in (0.01, 1.0, 100.0):
        for width in ({}, {"beta": 10 / spot}):
            request = european(
                {"spot": spot, "vol": vol},
                "all,d(spot,spot,spot,spot),d(vol,vol,vol,vol),d(spot,spot,vol,time)",
                {"strike": spot * moneyness, "expiry": expiry},
                paths=2048,
                dtype=dtype,
                **width,
            )
            assert all(np.isfinite(e.value) and np.isfinite(e.stderr) for e in run(request, 1).estimates)


def test_overflow_is_an_error_that_names_the_greek():
    # The underlying grows by e^100, and float32 ends at e^88.
    request = european({"vol": 0.2, "rate": 1}, "delta", {"strike": 100, "expiry": 100}, dtype="float32")
    with pytest.raises(NonFiniteEstimate, match=r"^price: the estimate is"):
        run(request)
    # Many float32 paths end exactly at the strike, where the kink's fourth derivative is -1/(8 w^3).
    market = {"vol": 1e-6, "spot": 1e6, "rate": 0}
    request = european(market, "d(vol,vol,vol,vol)", {"strike": 1e6}, dtype="float32", width=1e-12)
    with pytest.raises(NonFiniteEstimate, match=r"^d\(vol,vol,vol,vol\): the estimate is"):
        run(request)


def test_progress_counts_every_block():
    seen = []
    run(european(MARKETS["low vol"], "delta", paths=20_000), progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 1
    assert seen == [(n, seen[-1][1]) for n in range(1, seen[-1][1] + 1)]


@pytest.mark.parametrize(
    ("contract", "market"),
    [
        ({"strike": 100}, {"vol": 0.2}),
        ({"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 100}, "fixings": 2}, {"vol": 0.2}),
        (
            {"kind": "spread", "strike": 5},
            {"underlying": {"A": {"spot": 100, "vol": 0.2}, "B": {"spot": 90, "vol": 0.3}}, "correlation": 0.5},
        ),
    ],
    ids=["hashable", "with parameters", "several underlyings"],
)
def test_a_request_that_comes_again_has_the_same_estimates(contract, market):
    first, again = (run(build_request(contract, market, {"paths": 2000}, "delta")) for _ in range(2))
    other = run(build_request({**contract}, market, {"paths": 2000, "seed": 1}, "delta"))
    assert first.estimates == again.estimates
    assert first.estimates != other.estimates
