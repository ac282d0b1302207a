"""Contracts under curves: true values, buckets beside QuantLib's bumped engines, sums of buckets, and methods."""

from functools import cache
from math import hypot, sqrt

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.errors import InvalidInput

CURVES = {
    "spot": 100,
    "vol": "0.1:0.18,0.25:0.2,0.5:0.21,1:0.22,2:0.25",
    "rate": "0.1:0.01,0.5:0.02,1:0.025,3:0.03",
    "dividend_yield": "0.25:0.01,1:0.02",
}
PARALLEL = {"rho": "rate", "phi": "dividend_yield", "vega": "vol", "vanna": "vol"}
CONTINUOUS = {"barrier", "double-barrier", "lookback"}
SEVERAL_DATES = [
    {"kind": "asian", "strike": 100, "fixings": 12},
    {"kind": "asian", "strike": 100, "fixings": 12, "average": "geometric"},
    {"kind": "asian", "strike_kind": "floating", "fixing_times": [0.05, 0.3, 0.9, 1.0], "type": "put"},
    {"kind": "forward-start", "start": 0.3},
    {"kind": "cliquet", "periods": 4, "floor": -0.05, "cap": 0.08},
    {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 12},
    {"kind": "barrier", "strike": 100, "barrier": 85, "barrier_type": "down-in", "type": "put", "monitoring": 6},
    {"kind": "barrier", "strike": 100, "barrier": 125, "barrier_type": "up-out", "monitoring": 6, "rebate": 2},
    {"kind": "double-barrier", "strike": 100, "low_barrier": 80, "high_barrier": 130, "monitoring": 6},
    {"kind": "lookback", "strike_kind": "floating", "monitoring": 6},
    {"kind": "lookback", "strike": 105, "monitoring": 6},
    {"kind": "formula", "param": {"K": 100}, "payoff": "max(mean(S) - K, 0)", "fixings": 6},
    {"kind": "formula", "param": {"K": 100}, "payoff": "where(S[2] > K, max(S[-1] - S[2], 0), 1)", "fixings": 4},
]
ONE_DATE = [
    {"kind": kind, **model.example}
    for kind, model in ON_ONE.items()
    if kind not in {*CONTINUOUS, *(one["kind"] for one in SEVERAL_DATES)}
]


def name(contract):
    return " ".join(str(value) for value in contract.values())


def asked(contract, greeks, market=CURVES, **settings):
    return build_request(contract, market, settings, greeks)


def assert_near_exact(result):
    """Estimates are within 4.5 standard errors and their biases of the closed forms, where these are known."""
    for one in result.estimates:
        if one.exact is not None:
            rounding = 1e-9 * (1 + abs(one.exact))
            assert abs(one.value - one.exact) <= 4.5 * one.stderr + one.bias + rounding, one


@cache
def _bucketed(number):
    contract = (ONE_DATE + SEVERAL_DATES)[number]
    return run(asked(contract, "rho,phi,vega,vanna", paths=20_000, seed=1, buckets=True))


# The rows term-call-* of a reference: forward rates, yields and volatilities constant on [0, 0.5] and [0.5, 1].
FORWARDS = {"rate": (0.02, 0.05), "dividend_yield": (0.01, 0.03), "vol": (0.18, 0.28)}
TERM_CALL = {
    "price": 7.7519298502,
    "delta": 0.479982381,
    "rate": (20.123154114, 20.123154114),
    "vol": (14.947425931, 23.25155187),
    "dividend_yield": (-23.999119145, -23.999119145),
}


def of_forwards(parameter, by_node):
    """Derivatives in the two forward values, by the chain rule from those in the values at the nodes 0.5 and 1."""
    (first, second), (near, far) = FORWARDS[parameter], by_node
    if parameter == "vol":
        mean = sqrt((first**2 + second**2) / 2)
        return near + far * first / (2 * mean), far * second / (2 * mean)
    return near + far / 2, far / 2


def test_the_term_call_of_the_reference():
    market = {
        name: [(0.5, first), (1, sqrt((first**2 + second**2) / 2) if name == "vol" else (first + second) / 2)]
        for name, (first, second) in FORWARDS.items()
    }
    request = asked({"strike": 105}, "price,delta,rho,phi,vega", market, paths=200_000, buckets=True, seed=4)
    result = run(request)
    assert_near_exact(result)
    exact = dict(zip((greek.name for greek in request.greeks), exact_greeks(request), strict=True))
    assert exact["price"] == pytest.approx(TERM_CALL["price"], abs=1e-8)
    assert exact["delta"] == pytest.approx(TERM_CALL["delta"], abs=1e-8)
    for greek, parameter in (("rho", "rate"), ("phi", "dividend_yield"), ("vega", "vol")):
        by_node = exact[f"{greek}[0.5]"], exact[f"{greek}[1]"]
        assert of_forwards(parameter, by_node) == pytest.approx(TERM_CALL[parameter], abs=2e-5)
        estimates = result[f"{greek}[0.5]"], result[f"{greek}[1]"]
        found = of_forwards(parameter, [one.value for one in estimates])
        errors = of_forwards(parameter, [one.stderr for one in estimates])
        for value, stderr, true in zip(found, errors, TERM_CALL[parameter], strict=True):
            assert abs(value - true) < 4.5 * stderr


@pytest.mark.parametrize("number", range(len(ONE_DATE + SEVERAL_DATES)))
def test_buckets_add_up_to_the_parallel_greek(number):
    result = _bucketed(number)
    for greek, parameter in PARALLEL.items():
        whole = result[greek]
        parts = [one for one in result.estimates if one.greek.name.startswith(f"{greek}[")]
        assert len(parts) == len(CURVES[parameter].split(","))
        assert {str(one.estimator) for one in parts} == {str(whole.estimator)}
        size = abs(whole.value) + sum(abs(one.value) for one in parts) + 1e-3
        assert abs(sum(one.value for one in parts) - whole.value) < 1e-9 * size


@pytest.mark.parametrize("number", range(len(ONE_DATE + SEVERAL_DATES)))
def test_buckets_agree_with_the_closed_form_where_one_is_known(number):
    assert_near_exact(_bucketed(number))


@pytest.mark.parametrize("contract", ONE_DATE + SEVERAL_DATES, ids=name)
def test_methods_agree_under_curves(contract):
    request = asked(contract, "delta,gamma,vanna,theta,rho[0.5],vega[0.25],phi[1]", paths=10_000, seed=2)
    for row in check(request):
        assert row.z is None or abs(row.z) < 4.5, row


@pytest.mark.parametrize("contract", [*ONE_DATE[:2], SEVERAL_DATES[0], SEVERAL_DATES[7]], ids=name)
@pytest.mark.parametrize(
    "settings",
    [{"antithetic": True}, {"control": True}, {"sampler": "sobol", "paths": 1 << 14}, {"dtype": "float32"}],
    ids=lambda settings: next(iter(settings)),
)
def test_variance_reduction_agrees_with_plain_sampling(contract, settings):
    greeks = "delta,gamma,vega,vega[0.25],rho[1],phi[0.25]"
    plain = run(asked(contract, greeks, paths=100_000, seed=5))
    other = run(asked(contract, greeks, seed=6, **{"paths": 40_000, **settings}))
    for one, two in zip(plain.estimates, other.estimates, strict=True):
        noise = hypot(one.stderr, two.stderr)
        assert abs(one.value - two.value) <= 4.5 * noise + one.bias + two.bias + 1e-5, one.greek.name


@pytest.mark.parametrize("greek", ["theta", "charm", "veta"])
@pytest.mark.parametrize("contract", [ONE_DATE[0], *SEVERAL_DATES[:3], SEVERAL_DATES[8]], ids=name)
def test_time_passes_under_curves_that_keep_their_dates(contract, greek):
    """Central differences in time of closed forms; z scores of the methods where there is none."""
    request = asked(contract, greek, paths=20_000, seed=8)
    assert_near_exact(run(request))
    for row in check(request):
        assert row.z is None or abs(row.z) < 4.5, row


def test_theta_keeps_the_dates_of_the_curve():
    """As a day passes, the first node's rate, yield and variance have accrued."""
    day = 1e-4
    vols = [(0.25, 0.2), (1, 0.22)]
    later = [(t - day, sqrt((v * v * t - vols[0][1] ** 2 * day) / (t - day))) for t, v in vols]
    rates = [(0.25, 0.02), (1, 0.03)]
    later_rates = [(t - day, (r * t - rates[0][1] * day) / (t - day)) for t, r in rates]
    theta = exact_greeks(asked({"strike": 95}, "theta", {"vol": vols, "rate": rates}))[-1]
    now = exact_greeks(asked({"strike": 95}, "price", {"vol": vols, "rate": rates}))[0]
    then = exact_greeks(asked({"strike": 95, "expiry": 1 - day}, "price", {"vol": later, "rate": later_rates}))[0]
    assert theta == pytest.approx((then - now) / day, abs=2e-3)


@pytest.mark.parametrize("contract", [ONE_DATE[0], SEVERAL_DATES[0], SEVERAL_DATES[6], SEVERAL_DATES[11]], ids=name)
def test_a_flat_curve_is_the_flat_market(contract):
    """The same paths, but for rounding: values agree far within their errors."""
    flat = {"vol": 0.2, "rate": 0.03, "dividend_yield": 0.01}
    curved = {key: [(0.25, value), (0.5, value), (2, value)] for key, value in flat.items()}
    greeks = "delta,vega,rho,phi"
    for one, two in zip(
        run(asked(contract, greeks, flat, paths=5_000)).estimates,
        run(asked(contract, greeks, curved, paths=5_000)).estimates,
        strict=True,
    ):
        assert two.value == pytest.approx(one.value, abs=1e-9 + 1e-3 * one.stderr), one.greek.name
        assert two.stderr == pytest.approx(one.stderr, rel=1e-3)


@pytest.mark.parametrize("contract", [ONE_DATE[0], SEVERAL_DATES[0], SEVERAL_DATES[7]], ids=name)
def test_threads_do_not_change_bits_under_curves(contract):
    request = asked(contract, "delta,gamma,vega", paths=60_000, buckets=True)
    one, two = run(request, threads=1), run(request, threads=3)
    assert [e.value for e in one.estimates] == [e.value for e in two.estimates]
    assert [e.stderr for e in one.estimates] == [e.stderr for e in two.estimates]


@pytest.mark.parametrize("kind", sorted(CONTINUOUS))
def test_continuous_monitoring_is_refused_under_curves_that_bend_before_expiry(kind):
    with pytest.raises(InvalidInput, match="monitor on dates"):
        asked({"kind": kind, **ON_ONE[kind].example}, "price")


def test_nodes_that_no_date_depends_on_have_no_greek():
    result = run(asked({"strike": 100, "expiry": 0.4}, "rho[1],vega[2]", paths=1_000))
    assert result["vega[2]"].value == 0
    assert result["rho[1]"].value == 0
    assert np.isfinite(result["price"].value)
