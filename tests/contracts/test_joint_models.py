"""Contracts on several underlyings under models: closed forms, a plain simulation, methods against each other."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.checking import check
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import asked, assert_near
from tests.models import BATES, HESTON, MERTON, MIXED

EXCHANGE = {"kind": "exchange", "expiry": 1.0}
RATE = 0.02


def without_rate(market, **changes):
    return {name: value for name, value in {**market, **changes}.items() if name != "rate"}


def two(one, other, correlation):
    return {"rate": RATE, "correlation": correlation, "underlying": {"A": one, "B": other}}


def exchange_of_mertons(values):
    """The exchange option of two jumping underlyings: W. Margrabe's (1978), given the numbers of jumps."""
    cdf, names = NormalDist().cdf, "AB"
    spots, vols, intensities, means, deviations = (
        [values[f"{field}[{name}]"] for name in names]
        for field in ("spot", "vol", "jump_intensity", "jump_mean", "jump_vol")
    )
    years, found = 1.0 - values["time"], 0.0
    diffused = (vols[0] ** 2 + vols[1] ** 2 - 2 * values["correlation[A,B]"] * vols[0] * vols[1]) * years
    for numbers in np.ndindex(25, 25):
        chance, forwards, variance = 1.0, [], diffused
        for k, n in enumerate(numbers):
            expected = intensities[k] * years
            growth = math.exp(means[k] + 0.5 * deviations[k] ** 2)
            chance *= math.exp(-expected) * expected**n / math.factorial(n)
            forwards.append(spots[k] * math.exp(-expected * (growth - 1)) * growth**n)
            variance += n * deviations[k] ** 2
        d = math.log(forwards[0] / forwards[1]) / math.sqrt(variance) + 0.5 * math.sqrt(variance)
        found += chance * (forwards[0] * cdf(d) - forwards[1] * cdf(d - math.sqrt(variance)))
    return found


MERTONS = two(
    without_rate(MERTON, spot=100),
    without_rate(MERTON, spot=95, vol=0.3, jump_intensity=0.5, jump_mean=0.05, jump_vol=0.2),
    0.5,
)
FIRST = ["spot[A]", "vol[B]", "jump_intensity[A]", "jump_mean[B]", "jump_vol[A]", "correlation[A,B]", "time"]
SECOND = [("spot[A]", "spot[A]"), ("spot[A]", "spot[B]"), ("spot[B]", "correlation[A,B]")]


def differences(function, values, index):
    """A central difference of first or second order."""
    steps = {name: 1e-3 * (abs(values[name]) or 1.0) for name in index}

    def at(*moves):
        moved = dict(values)
        for name, move in zip(index, moves, strict=True):
            moved[name] += move * steps[name]
        return function(moved)

    if len(index) == 1:
        return (at(1) - at(-1)) / (2 * steps[index[0]])
    return (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * math.prod(steps[name] for name in index))


@pytest.mark.parametrize("estimator", ["auto", "pathwise", "likelihood", "mixed", "conditional"])
def test_exchange_of_two_that_jump(estimator):
    indices = [(), *((name,) for name in FIRST), *SECOND]
    request = asked(EXCHANGE, [f"d({','.join(i)})" if i else "price" for i in indices], MERTONS, estimator=estimator)
    result = run(request)
    values = {**request.market.values, "time": 0.0}
    for estimate, index in zip(result.estimates, indices, strict=True):
        exact = differences(exchange_of_mertons, values, index) if index else exchange_of_mertons(values)
        assert_near(estimate, exact, 0.3 if estimator == "likelihood" else 0.12)
    assert result.steps == 0


HESTONS = two(without_rate(HESTON, spot=100), without_rate(HESTON, spot=95, spot_vol_correlation=-0.4), 0.0)
DIGITALS = {"kind": "formula", "fixings": 1, "payoff": "where(A[-1] > 100, 1, 0) * where(B[-1] > 95, 1, 0)"}


@pytest.mark.parametrize("one", [HESTON, BATES, MERTON], ids=["heston", "bates", "merton"])
def test_digitals_of_independent_underlyings_multiply(one):
    """The price of two digitals is the product of two by Fourier integrals, and so is the cross gamma."""
    market = two(without_rate(one, spot=100), HESTONS["underlying"]["B"], 0.0)
    found = run(asked(DIGITALS, "price,delta,d(spot[A],spot[B])", market, paths=50_000))
    exact = []
    for name, strike in (("A", 100), ("B", 95)):
        single = {**market["underlying"][name], "rate": RATE}
        exact.append(exact_greeks(build_request({"kind": "digital", "strike": strike}, single, {}, "price,delta")))
    growth = math.exp(RATE)
    assert_near(found["price"], exact[0][0] * exact[1][0] * growth)
    assert_near(found["delta[A]"], exact[0][1] * exact[1][0] * growth, 0.04)
    assert_near(found["delta[B]"], exact[0][0] * exact[1][1] * growth, 0.04)
    assert_near(found["d(spot[A],spot[B])"], exact[0][1] * exact[1][1] * growth, 0.04)


@pytest.mark.parametrize("name", "ABCD")
def test_each_of_several_has_the_price_of_it_alone(name):
    """A call on one of four underlyings, each under a model of its own, has the price and Greeks of one underlying."""
    own = MIXED["underlying"][name]
    parameters = [f"d({key})" for key in own if key != "model"]
    single = exact_greeks(build_request({"strike": 100}, {**own, "rate": RATE}, {}, ["price", "delta", *parameters]))
    payoff = {"kind": "formula", "fixings": 1, "payoff": f"max({name}[-1] - 100, 0)"}
    greeks = ["price", f"delta[{name}]", *(f"d({key}[{name}])" for key in own if key != "model")]
    found = run(asked(payoff, greeks, MIXED, paths=50_000))
    for estimate, exact in zip(found.estimates, single, strict=True):
        assert abs(estimate.value - exact) <= 4 * estimate.stderr + estimate.bias, estimate
    assert_near(found["price"], single[0])


def nearly_constant(spot_vol_correlation, level):
    """A random variance that hardly moves."""
    own = {"spot_vol_correlation": spot_vol_correlation, "initial_variance": level, "long_run_variance": level}
    return without_rate(HESTON, vol_of_vol=1e-3, **own)


def test_prices_correlate_as_asked_whatever_the_correlations_with_their_variances():
    """Variances that hardly move leave Margrabe's price, whose correlation is that of the prices."""
    one, other = nearly_constant(-0.6, 0.04), nearly_constant(0.3, 0.09)
    exact = exact_greeks(asked(EXCHANGE, "price,delta", two({"vol": 0.2}, {"vol": 0.3}, 0.5)))
    found = run(asked(EXCHANGE, "price,delta,d(correlation)", two(one, other, 0.5), paths=200_000))
    for estimate, value in zip(found.estimates[:3], exact, strict=True):
        assert_near(estimate, value, 0.01)
    beside = run(asked(EXCHANGE, "price", two(one, {"vol": 0.3}, 0.5), paths=200_000))
    assert_near(beside["price"], exact[0], 0.01)


def simulated(market, n_paths, n_steps):
    """Payoffs of the exchange by Euler's steps in plain NumPy, with half as many steps on the same motion beside them.

    The Brownian motions of prices and variances are drawn together from their whole correlation matrix.
    """
    own, c = [market["underlying"][name] for name in "AB"], market["correlation"]
    r = [one["spot_vol_correlation"] for one in own]
    whole = np.array([[1, c, r[0], r[0] * c], [c, 1, r[1] * c, r[1]], [r[0], r[1] * c, 1, c], [r[0] * c, r[1], c, 1]])
    drawn = np.random.default_rng(11).standard_normal((n_steps, 4, n_paths)) / np.sqrt(n_steps)
    motion = np.einsum("ij,tjn->tin", np.linalg.cholesky(whole), drawn)

    def payoffs(motion):
        dt = 1 / len(motion)
        logs = np.log(np.array([[one["spot"]] for one in own])) * np.ones((1, n_paths))
        v = np.array([[one["initial_variance"]] for one in own]) * np.ones((1, n_paths))
        kappa, level, xi = (
            np.array([[one[name]] for one in own]) for name in ("mean_reversion", "long_run_variance", "vol_of_vol")
        )
        for step in motion:
            root = np.sqrt(np.maximum(v, 0))
            logs += (RATE - 0.5 * root**2) * dt + root * step[:2]
            v = v + kappa * (level - root**2) * dt + xi * root * step[2:]
        return np.exp(-RATE) * np.maximum(np.exp(logs[0]) - np.exp(logs[1]), 0)

    return payoffs(motion), payoffs(motion[0::2] + motion[1::2])


def test_exchange_under_heston_is_that_of_a_plain_simulation():
    market = {**HESTONS, "correlation": 0.6}
    found = run(asked(EXCHANGE, "price", market, paths=100_000))["price"]
    fine, coarse = simulated(market, 200_000, 100)
    bias = abs((fine - coarse).mean()) + 2 * (fine - coarse).std() / len(fine) ** 0.5
    noise = math.hypot(found.stderr, fine.std() / len(fine) ** 0.5)
    assert abs(found.value - fine.mean()) <= 4 * noise + bias + found.bias
    assert noise + bias < 0.03 * found.value


GREEKS = "d(spot[A],spot[B]),d(correlation[A,C]),d(vol_of_vol[A]),d(spot_vol_correlation[C]),d(jump_vol[B]),vega[D]"


@pytest.mark.parametrize(
    "contract",
    [
        {"kind": "best-of", "strike": 100},
        {"kind": "autocallable", "fixings": 2, "coupon": 0.08, "knock_in": 0.75, "initial_levels": [100] * 4},
    ],
    ids=lambda contract: contract["kind"],
)
def test_methods_agree_where_each_underlying_has_its_own_model(contract):
    rows = check(asked(contract, GREEKS, MIXED, paths=10_000))
    assert {row.method for row in rows} >= {"bumps", "likelihood", "pricing equation"}
    for row in rows:
        assert row.z is None or abs(row.z) < 4, row


def test_methods_agree_where_curves_lie_beside_a_random_variance():
    one = without_rate(HESTON, dividend_yield="0.5:0.01,1:0.03", dividends="0.3:2", dividend_model="escrowed")
    market = {**two(one, {"vol": 0.3}, 0.5), "rate": "0.5:0.02,1:0.03"}
    greeks = "d(spot[A],spot[B]),d(dividend[A:0.3]),rho[0.5],theta"
    rows = check(asked({"kind": "spread", "strike": 5}, greeks, market, paths=10_000))
    rows += check(asked({"kind": "spread", "strike": 5}, "d(vol[B:0.25])", CURVED_VOL, paths=10_000))
    for row in rows:
        assert row.z is None or abs(row.z) < 4, row


CURVED_VOL = two(without_rate(HESTON), {"vol": "0.25:0.2,1:0.3"}, 0.5)


def test_two_random_variances_solve_the_pricing_equation():
    rows = check(asked({"kind": "best-of", "strike": 100}, "price", {**HESTONS, "correlation": 0.7}, paths=50_000))
    (row,) = [row for row in rows if row.method == "pricing equation"]
    assert abs(row.z) < 4
    assert row.stderr + row.bias < 1.0  # theta is near -8


WRONG = {
    "least eigenvalue -0.1875, and should be positive definite; bring the spot_vol_correlations nearer": (
        without_rate(HESTON),
        {"vol": 0.2},
        0.95,
    ),
    "under models other than gbm has no paths": (without_rate(MERTON), {"vol": 0.2}, 1.0),
    "B: vol_of_vol: model gbm has no vol_of_vol": (without_rate(HESTON), {"vol": 0.2, "vol_of_vol": 0.3}, 0.5),
}


@pytest.mark.parametrize("words", WRONG)
def test_mistakes_are_told_with_their_remedy(words):
    one, other, correlation = WRONG[words]
    with pytest.raises(InvalidInput, match=words):
        asked(EXCHANGE, "price", two(one, other, correlation))


@pytest.mark.parametrize(
    ("greek", "words"),
    [
        ("vega[A]", r"random variance has no vol; ask for d\(initial_variance\[A\]\)"),
        ("d(vol_of_vol[B])", "model gbm has no vol_of_vol; models heston and bates have it"),
    ],
)
def test_parameters_of_other_models_are_told(greek, words):
    with pytest.raises(InvalidInput, match=words):
        asked(EXCHANGE, greek, two(without_rate(HESTON), {"vol": 0.2}, 0.3))
