"""Early exercise of contracts on the path: prices by backward quadrature on a grid of price and mean."""

import numpy as np
import pytest
from scipy.interpolate import RectBivariateSpline

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.models import MERTON

MARKET = {"spot": 100.0, "vol": 0.2, "rate": 0.05, "dividend_yield": 0.01}
TIMES = (0.25, 0.5, 0.75, 1.0)
ASIAN = {"kind": "asian", "strike": 100, "fixings": 4}
FORMULA = {"kind": "formula", "param": {"K": 100}}
BERMUDAN = {"exercise": "bermudan", "exercise_times": [0.5, 0.75]}


def priced(contract, market=MARKET, greeks="price", **simulation):
    return run(build_request(contract, market, {"paths": 20_000, **simulation}, greeks))


def by_quadrature(payment, past, rights, market, log_means=False):
    """The price of a contract on the mean of fixings at ``TIMES`` and past ones, which pays ``payment(price, mean)``.

    ``rights`` are the places of the exercise dates. Equally spaced normals, more of them where the payment bends, and
    splines between the points of the grid.
    """
    spot, vol, rate = market["spot"], market["vol"], market["rate"]
    drift = rate - market["dividend_yield"] - 0.5 * vol**2
    span = vol * np.sqrt(TIMES[-1])
    logs, means = (np.log(spot) + span * np.linspace(-width, width, n) for width, n in ((6.5, 121), (5.5, 181)))
    values = None
    for k in reversed(range(len(TIMES))):
        before = TIMES[k - 1] if k else 0.0
        price, mean = np.exp(np.meshgrid(logs, means, indexing="ij"))
        if not k:
            price, mean = np.full((1, 1), spot), np.full((1, 1), np.mean(past or 1.0))
        known, years, found = len(past) + k, TIMES[k] - before, np.zeros(price.shape)
        later = None if values is None else RectBivariateSpline(logs, means, values)
        points = np.linspace(-7, 7, 601 if later is None else 101)
        weights = np.exp(-0.5 * points**2)
        for point, weight in zip(points, weights / weights.sum(), strict=True):
            after = price * np.exp(drift * years + vol * np.sqrt(years) * point)
            averaged = (known * mean + after) / (known + 1)
            if log_means:
                averaged = np.exp((known * np.log(mean) + np.log(after)) / (known + 1))
            at = [np.clip(np.log(x), own[0], own[-1]) for x, own in ((after, logs), (averaged, means))]
            found += weight * (payment(after, averaged) if later is None else later.ev(*at))
        values = found * np.exp(-rate * years)
        if k and k - 1 in rights:
            values = np.maximum(values, payment(price, mean))
    return float(values[0, 0])


def put(price, mean):
    return np.maximum(100 - mean, 0.0)


def call(price, mean):
    return np.maximum(mean - 100, 0.0)


def floating_put(price, mean):
    return np.maximum(mean - price, 0.0)


ON_MEANS = {
    "put": ({"type": "put"}, put, {}),
    "call": ({"type": "call"}, call, {}),
    "put with past fixings": ({"type": "put", "past_fixings": [97, 104]}, put, {"past": (97, 104)}),
    "geometric put": ({"type": "put", "average": "geometric"}, put, {"log_means": True}),
    "floating put": ({"type": "put", "strike_kind": "floating", "strike": None}, floating_put, {}),
}


@pytest.mark.parametrize("name", ON_MEANS)
def test_asians_that_are_exercised_early_have_their_price_between_the_bounds(name):
    terms, payment, terms_of_grid = ON_MEANS[name]
    expected = by_quadrature(payment, **{"past": (), "rights": (1, 2), "market": MARKET, **terms_of_grid})
    price = priced({**ASIAN, **BERMUDAN, **terms})["price"]
    of_grid = 1e-3
    assert price.value - 4 * price.stderr - of_grid <= expected <= price.upper + 4 * price.upper_stderr + of_grid
    assert price.upper - price.value <= 0.01 * expected
    assert price.value > by_quadrature(payment, **{"past": (), "rights": (), "market": MARKET, **terms_of_grid})


def test_greeks_of_an_asian_that_is_exercised_early_are_slopes_of_its_price():
    found = priced({**ASIAN, **BERMUDAN, "type": "put"}, greeks="delta,gamma,vega", paths=50_000)

    def price(**moved):
        return by_quadrature(put, (), (1, 2), {**MARKET, **moved})

    slopes = {
        "delta": (price(spot=101.0) - price(spot=99.0)) / 2,
        "gamma": (price(spot=103.0) - 2 * price() + price(spot=97.0)) / 9,
        "vega": (price(vol=0.21) - price(vol=0.19)) / 0.02,
    }
    noise = {"delta": 2e-4, "gamma": 3e-4, "vega": 0.05}
    for name, slope in slopes.items():
        estimate = found[name]
        assert abs(estimate.value - slope) <= 4 * estimate.stderr + estimate.bias + noise[name], name


def test_dates_without_a_fixing_pay_the_mean_so_far():
    between = {**ASIAN, "type": "put", "exercise": "bermudan", "exercise_times": [0.5, 0.6]}
    at_fixings = {**between, "exercise_times": [0.5]}
    more, less = priced(between)["price"], priced(at_fixings)["price"]
    assert more.upper >= less.value
    assert more.value > less.value


def test_a_formula_of_the_last_price_is_the_vanilla_within_the_bounds():
    for exercise in ({"exercise": "american", "exercise_dates": 24}, {**BERMUDAN, "expiry": 1.25}):
        vanilla = priced({"type": "put", "strike": 100, **exercise})["price"]
        formula = priced({**FORMULA, "payoff": "max(K - S[-1], 0)", **exercise})["price"]
        assert abs(formula.value - vanilla.value) <= 4 * formula.stderr + 4 * vanilla.stderr + 2e-3
        assert formula.upper + 4 * formula.upper_stderr >= vanilla.value
        assert formula.upper - formula.value <= 0.02 * formula.value


def knocked_out(barrier=80.0, n=1201, width=6.5):
    """The price of a put that a fixing below a barrier ends, exercised at ``TIMES``: sums over the normal density."""
    spot, vol, rate, years = MARKET["spot"], MARKET["vol"], MARKET["rate"], TIMES[0]
    drift = rate - MARKET["dividend_yield"] - 0.5 * vol**2
    logs, deviation = np.linspace(-width * vol, width * vol, n), vol * np.sqrt(years)
    # An edge of the barrier halfway between two points is exact to second order.
    logs += (np.log(barrier / spot) - logs[np.searchsorted(logs, np.log(barrier / spot))]) + 0.5 * (logs[1] - logs[0])
    paid = np.maximum(100 - spot * np.exp(logs), 0) * (logs > np.log(barrier / spot))

    def weights(start):
        steps = (logs - start - drift * years) / deviation
        return np.exp(-0.5 * steps**2 - rate * years) * (logs[1] - logs[0]) / (deviation * np.sqrt(2 * np.pi))

    value = paid
    for _ in TIMES[1:]:
        value = np.maximum(paid, weights(logs[:, None]) @ value) * (logs > np.log(barrier / spot))
    return float(weights(0.0) @ value)


def test_nested_paths_bring_the_bounds_of_a_knock_out_together():
    contract = {**FORMULA, "fixings": 4, "payoff": "max(K - S[-1], 0) * where(min(S) > 80, 1, 0)", "bounds": "nested"}
    expected, found = knocked_out(), priced({**contract, **BERMUDAN, "exercise_times": [0.25, 0.5, 0.75]})["price"]
    assert found.value - 4 * found.stderr - 2e-3 <= expected <= found.upper + 4 * found.upper_stderr + 2e-3
    assert found.upper - found.value <= 0.003 * expected


def test_a_formula_of_the_mean_is_the_asian():
    asian = priced(
        {**ASIAN, **BERMUDAN, "type": "put", "past_fixings": [97, 104]}, greeks="price,delta,gamma,d(strike)"
    )
    formula = {**FORMULA, **BERMUDAN, "payoff": "max(K - mean(S), 0)", "fixings": 4, "past_fixings": [97, 104]}
    for found, expected in zip(
        priced(formula, greeks="price,delta,gamma,d(K)").estimates, asian.estimates, strict=True
    ):
        assert found.value == pytest.approx(expected.value, rel=1e-9)
        assert found.stderr == pytest.approx(expected.stderr, rel=1e-6)


def test_a_strike_that_a_fixing_sets_is_a_state_of_the_policy():
    market = {**MARKET, "dividend_yield": 0.08}
    started = {**FORMULA, "payoff": "K * max(S[-1] / S[0] - 1, 0)", "fixings": 4, **BERMUDAN}
    found = priced(started, market)["price"]
    # From the first fixing on it is a call on the price over that fixing.
    call = {"strike": 100, "expiry": 0.75, "exercise": "bermudan", "exercise_times": [0.25, 0.5]}
    expected = priced(call, market)["price"]
    discount = np.exp(-0.05 * 0.25)
    tolerance = 4 * found.stderr + 4 * expected.stderr + expected.bias
    assert found.value - tolerance <= discount * expected.value <= found.upper + 4 * found.upper_stderr + tolerance
    assert found.upper - found.value <= 0.03 * found.value


REFUSED = {
    "a fixing to come": (
        {**FORMULA, "payoff": "max(S[2] - K, 0)", "fixings": 4, **BERMUDAN},
        "price",
        "before the fixings that tell a payment",
    ),
    "payments before expiry": (
        {**FORMULA, "payoff": "pay(0.5, 1) + S[-1]", **BERMUDAN},
        "price",
        "exclude each other",
    ),
    "no fixing yet": (
        {**ASIAN, "exercise": "bermudan", "exercise_times": [0.1, 1]},
        "price",
        "before the fixings that tell a payment",
    ),
    "gamma with today's fixing": (
        {**ASIAN, **BERMUDAN, "fixings": None, "fixing_times": [0, 0.5, 1]},
        "gamma",
        "give the fixing in past_fixings",
    ),
}


def test_a_formula_of_several_underlyings_is_refused():
    market = {"underlying": {name: {"spot": 100, "vol": 0.2} for name in "AB"}, "correlation": 0.3}
    contract = {"kind": "formula", "payoff": "max(A[-1] - B[-1], 0)", **BERMUDAN}
    with pytest.raises(InvalidInput, match="wants one underlying"):
        build_request(contract, market, {}, "price")


def test_other_models_are_refused():
    with pytest.raises(InvalidInput, match="asian contract wants model gbm"):
        build_request({**ASIAN, **BERMUDAN}, {**MERTON, "spot": 100}, {}, "price")


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_path_does_not_tell_is_refused_with_a_reason(name):
    contract, greeks, reason = REFUSED[name]
    with pytest.raises(InvalidInput, match=reason):
        build_request(contract, MARKET, {}, greeks)
