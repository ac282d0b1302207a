"""Several underlyings of which some have a local volatility: closed forms, a plain simulation, one underlying alone."""

import math

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from tests.contracts.joint import asked, assert_near
from tests.engine.simulation.surfaces import QUOTES
from tests.models import BATES, HESTON, MERTON

EXCHANGE = {"kind": "exchange", "expiry": 1.0}
GREEKS = "price,delta,vega,hessian,d(correlation),d(spot[A],correlation[A,B]),theta,d(time,time),rho"
SKEWED = {"model": "local-vol", "vol_surface": QUOTES}


def closed(request):
    """The closed form of each Greek, by its name."""
    return dict(zip([greek.name for greek in request.greeks], exact_greeks(request), strict=True))


def flat(vol):
    surface = [[expiry, strike, vol] for expiry in (0.5, 1) for strike in (80, 100, 120)]
    return {"model": "local-vol", "vol_surface": surface}


def of(market):
    return {name: value for name, value in market.items() if name != "rate"}


def two(one, other, correlation=0.5):
    own = {"A": {"spot": 100, **of(one)}, "B": {"spot": 90, "dividend_yield": 0.02, **of(other)}}
    return {"rate": 0.02, "correlation": correlation, "underlying": own}


@pytest.mark.parametrize(("one", "other"), [(flat(0.2), flat(0.3)), ({"vol": 0.2}, flat(0.3))], ids=["both", "one"])
def test_flat_surfaces_exchange_as_lognormals_do(one, other):
    """W. Margrabe, Journal of Finance 33, 1978; the steps of the second surface end between two expiries."""
    result = run(asked(EXCHANGE, GREEKS, two(one, other), steps=8))
    exact = closed(asked(EXCHANGE, GREEKS, two({"vol": 0.2}, {"vol": 0.3})))
    for estimate in result.estimates:
        # A vega is small beside its own noise where it is nearly all of one sign on half of the paths.
        assert_near(estimate, exact[estimate.greek.name], math.inf)
    for name in ("price", "delta[A]", "delta[B]", "gamma[A]", "d(correlation[A,B])", "theta"):
        assert result[name].stderr + result[name].bias < 0.03 * abs(result[name].value)


def test_a_curve_of_vol_beside_a_surface_has_its_variance_by_steps():
    curved, level = {"vol": "0.3:0.25,1:0.3"}, {"vol": 0.3}
    result = run(asked(EXCHANGE, "price,delta,d(correlation)", two(flat(0.2), curved), steps=8))
    exact = closed(asked(EXCHANGE, "price,delta", two({"vol": 0.2}, level)))
    for name in ("price", "delta[A]", "delta[B]"):
        assert_near(result[name], exact[name])
    nodes = run(asked({**EXCHANGE, "expiry": 0.5}, "vega,vega[B:0.3],vega[B:1],theta", two(flat(0.2), curved), steps=8))
    lognormal = run(asked({**EXCHANGE, "expiry": 0.5}, "vega,vega[B:0.3],vega[B:1]", two({"vol": 0.2}, curved)))
    for name in ("vega[B:0.3]", "vega[B:1]"):
        one, other = nodes[name], lognormal[name]
        assert abs(one.value - other.value) <= 4 * math.hypot(one.stderr, other.stderr) + one.bias + other.bias


@pytest.mark.parametrize("beside", [{"vol": 0.3}, SKEWED, HESTON, BATES, MERTON], ids=["gbm", "local-vol", *"hbm"])
def test_one_underlying_alone_is_priced_as_without_the_other(beside):
    contract = {"kind": "formula", "payoff": "max(A[-1] - K, 0) + 0 * B[-1]", "param": {"K": 95}, "expiry": 0.5}
    greeks = "price,delta[A],vega[A],vega[A:0.5@85],vega[A:0.5@105]"
    result = run(asked(contract, greeks, two(SKEWED, beside), paths=20_000, steps=8))
    alone = closed(
        build_request(
            {"strike": 95, "expiry": 0.5},
            {"rate": 0.02, "spot": 100, **SKEWED},
            {},
            "price,vega,vega[0.5@85],vega[0.5@105]",
        )
    )
    for name in ("price", "vega", "vega[0.5@85]", "vega[0.5@105]"):
        own = name.replace("vega[", "vega[A:") if "[" in name else {"vega": "vega[A]"}.get(name, name)
        assert_near(result[own], alone[name], math.inf)
    other = run(
        asked({**contract, "payoff": "max(B[-1] - K, 0) + 0 * A[-1]"}, "price", two(SKEWED, beside), paths=50_000)
    )
    truth = closed(
        build_request({"strike": 95, "expiry": 0.5}, {"rate": 0.02, "spot": 90, "dividend_yield": 0.02, **beside}, {})
    )
    assert_near(other["price"], truth["price"], 0.05)


def euler(payoff, market, dates, n_paths=40_000, per_year=100):
    """Discounted payoffs of two surfaces on plain Euler steps of the logarithms; the last date is the expiry."""
    rng, terms = np.random.default_rng(11), market.markets
    surfaces = [LocalVol(own.smiles) for own in terms]
    rho, logs, found, now = market.correlation["A,B"], np.zeros((2, n_paths)), [], 0.0
    leaves = [{**own.values} for own in terms]
    for date in dates:
        n = round((date - now) * per_year)
        for step in range(n):
            time, dt = now + step * (date - now) / n, (date - now) / n
            first, second = rng.standard_normal((2, n_paths))
            normals = first, rho * first + math.sqrt(1 - rho * rho) * second
            for k in range(2):
                variance = surfaces[k].interval(time).local_variance(leaves[k], time, logs[k]) * dt
                logs[k] += np.sqrt(variance) * normals[k] - 0.5 * variance
        now = date
        carries = [math.exp((own.rate - own.dividend_yield) * date) for own in terms]
        found.append([own.spot * carry * np.exp(log) for own, carry, log in zip(terms, carries, logs, strict=True)])
    return math.exp(-terms[0].rate * dates[-1]) * payoff(*np.swapaxes(np.array(found), 0, 1))


def test_prices_at_two_dates_are_those_of_a_plain_simulation():
    dates = [0.4, 1.0]
    contract = {"kind": "formula", "payoff": "max(A[-1] - B[0], 0) + min(A[0], B[-1])", "fixing_times": dates}
    other = {"model": "local-vol", "vol_surface": [[t, 0.9 * k, v + 0.1] for t, k, v in QUOTES]}
    request = asked(contract, "price", two(SKEWED, other, 0.6))
    price = run(request)["price"]
    samples = euler(lambda a, b: np.maximum(a[-1] - b[0], 0) + np.minimum(a[0], b[-1]), request.market, dates)
    stderr = samples.std() / math.sqrt(len(samples))
    assert abs(price.value - samples.mean()) <= 4 * math.hypot(price.stderr, stderr) + price.bias


@pytest.mark.parametrize("variance", [HESTON, BATES], ids=["heston", "bates"])
def test_a_random_variance_beside_a_flat_surface_is_that_beside_a_lognormal(variance):
    """One on time steps along common normals, one integrated between dates."""
    greeks = "price,delta,d(correlation),d(spot_vol_correlation),d(vol_of_vol),d(initial_variance),theta"
    stepped = run(asked(EXCHANGE, greeks, two(variance, flat(0.3)), steps=16))
    usual = run(asked(EXCHANGE, greeks, two(variance, {"vol": 0.3}), steps=16, seed=5))
    for one in stepped.estimates:
        other = usual[one.greek.name]
        gap = 4 * math.hypot(one.stderr, other.stderr) + one.bias + other.bias
        assert abs(one.value - other.value) <= gap, (one, other)


def test_surfaces_satisfy_the_pricing_equation_and_agree_with_bumps():
    spread = {"kind": "spread", "strike": 5, "expiry": 0.4}
    results = check(asked(spread, "delta,gamma,theta", two(SKEWED, HESTON), paths=5_000, steps=8))
    judged = [one for one in results if one.z is not None]
    assert {one.method for one in judged} >= {"bumps", "pricing equation"}
    assert max(abs(one.z) for one in judged) < 4.5, [(one.greek, one.method, one.z) for one in judged]
