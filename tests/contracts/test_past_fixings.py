"""Contracts that have begun: their past fixings, beside closed forms, QuantLib and a simulation in plain NumPy."""

import numpy as np
import pytest
import QuantLib as ql

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.conftest import assert_agrees
from tests.contracts.test_quantlib import EXPIRY, TODAY, exact, npv, process  # noqa: F401  # a fixture

MARKET = {"spot": 100.0, "vol": 0.25, "rate": 0.04, "dividend_yield": 0.01}
PAST = [92.0, 97.0, 103.0]


def asked(contract, greeks="delta,gamma,vega,theta", market=MARKET, **settings):
    return build_request(contract, market, {"paths": 60_000, **settings}, greeks)


@pytest.mark.parametrize("n_past", [1, 3, 10])
def test_geometric_asian_with_past_fixings_matches_quantlib(process, n_past):  # noqa: F811
    past = [90.0 + 2 * i for i in range(n_past)]
    dates = [TODAY + 73 * (i + 1) for i in range(5)]
    option = ql.DiscreteAveragingAsianOption(
        ql.Average.Geometric,
        float(np.prod(past)),
        n_past,
        dates,
        ql.PlainVanillaPayoff(ql.Option.Call, 100),
        ql.EuropeanExercise(EXPIRY),
    )
    contract = {"kind": "asian", "average": "geometric", "strike": 100, "fixings": 5, "past_fixings": past}
    engine = ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(process)
    assert exact(contract) == pytest.approx(npv(option, engine), abs=1e-9)
    assert exact(contract, "delta") == pytest.approx(option.delta(), abs=1e-9)
    assert exact(contract, "gamma") == pytest.approx(option.gamma(), abs=1e-9)


def paths(times, spot, n=400_000):
    """Spots at some times in plain NumPy; one seed for all spots."""
    dice = np.random.default_rng(5)
    steps = np.diff([0.0, *times])[:, None]
    drift = MARKET["rate"] - MARKET["dividend_yield"] - 0.5 * MARKET["vol"] ** 2
    walk = np.cumsum(drift * steps + MARKET["vol"] * np.sqrt(steps) * dice.standard_normal((len(times), n)), axis=0)
    return spot * np.exp(walk)


def all_fixings(spots):
    return np.vstack([np.broadcast_to(np.array(PAST)[:, None], (len(PAST), spots.shape[1])), spots])


def arithmetic(spots):
    return np.maximum(all_fixings(spots).mean(axis=0) - 98, 0)


def floating(spots):
    return np.maximum(spots[-1] - all_fixings(spots).mean(axis=0), 0)


def cliquet(spots):
    fixings = all_fixings(spots)
    return 100 * np.clip(fixings[1:] / fixings[:-1] - 1, -0.02, 0.08).sum(axis=0)


def variance(spots):
    """Five returns in all over 1.7 years."""
    return 100 * ((np.diff(np.log(all_fixings(spots)), axis=0) ** 2).sum(axis=0) / 1.7 - 0.04)


EQUAL = (1 / 3, 2 / 3, 1.0)
RUNNING = (1 - 2 * 1.7 / 5, 1 - 1.7 / 5, 1.0)
"""The last three of five dates that divide 1.7 years, of which 0.7 are over."""
SIMULATED = {
    "arithmetic": (arithmetic, EQUAL, {"kind": "asian", "strike": 98, "fixings": 3}),
    "floating": (floating, EQUAL, {"kind": "asian", "strike_kind": "floating", "fixings": 3}),
    "cliquet": (cliquet, RUNNING, {"kind": "cliquet", "periods": 5, "floor": -0.02, "cap": 0.08, "elapsed": 0.7}),
    "variance": (variance, RUNNING, {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 5, "elapsed": 0.7}),
}


@pytest.mark.parametrize("name", SIMULATED)
def test_price_and_delta_agree_with_a_simulation_in_plain_numpy(name):
    payoff, times, contract = SIMULATED[name]
    found = run(asked({**contract, "past_fixings": PAST}, seed=3))
    discount = np.exp(-MARKET["rate"])
    low, here, high = (discount * payoff(paths(times, 100 + bump)) for bump in (-0.1, 0, 0.1))
    for greek, samples in (("price", here), ("delta", (high - low) / 0.2)):
        noise = np.hypot(found[greek].stderr, samples.std() / np.sqrt(samples.size))
        assert noise < 0.02 * samples.std()
        assert abs(found[greek].value - samples.mean()) < 4 * noise, greek


BEGUN = [
    {"kind": "cliquet", "past_fixings": PAST},
    {"kind": "cliquet", "past_fixings": PAST, "elapsed": 1.7, "expiry": 0.6},
    {"kind": "cliquet", "past_fixings": [100.0], "elapsed": 0.1, "expiry": 1.9},
    {"kind": "cliquet", "past_fixings": [95.0, 97.0], "elapsed": 1.0, "expiry": 1.0},
    {"kind": "cliquet", "past_fixings": [95.0, 97.0, 99.0], "elapsed": 1.0, "expiry": 1.0},
    {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 6, "past_fixings": PAST, "elapsed": 0.7},
    {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 4, "past_fixings": [95.0, 97.0], "elapsed": 1.0},
    {"kind": "asian", "average": "geometric", "strike": 98, "fixing_times": [0, 0.3, 0.8], "past_fixings": PAST},
    {"kind": "asian", "average": "geometric", "strike": 98, "fixings": 2, "past_fixings": PAST, "type": "put"},
    {"kind": "asian", "strike": 90, "fixings": 2, "past_fixings": [170, 210, 200]},
    {"kind": "asian", "strike": 90, "fixings": 2, "past_fixings": [170, 210, 200], "type": "put"},
]


@pytest.mark.parametrize("settings", [{}, {"control": True}, {"dtype": "float32"}], ids=str)
@pytest.mark.parametrize("contract", BEGUN, ids=str)
def test_contracts_that_have_begun_agree_with_their_closed_form(contract, settings):
    greeks = "delta,gamma,vega,theta,rho,vanna" if "dtype" not in settings else "delta,vega"
    assert_agrees(run(asked(contract, greeks, seed=2, **settings)))


@pytest.mark.parametrize("contract", [one for one in BEGUN if not asked(one, "price").contract.fixes_today], ids=str)
def test_closed_form_of_contracts_that_have_begun_solves_the_pricing_equation(contract):
    price, delta, gamma, theta = exact_greeks(asked(contract, "price,delta,gamma,theta"))
    m = asked(contract).market
    drift = (m.rate - m.dividend_yield) * m.spot * delta
    assert theta + drift + 0.5 * m.vol**2 * m.spot**2 * gamma == pytest.approx(m.rate * price, abs=1e-8)


def test_geometric_control_variate_of_a_begun_average_leaves_a_fifth_of_the_standard_error():
    contract = {"kind": "asian", "strike": 98, "fixings": 5, "past_fixings": PAST}
    plain, controlled = (run(asked(contract, "delta,vega", control=control)) for control in (False, True))
    for one, other in zip(plain.estimates, controlled.estimates, strict=True):
        assert 0 < other.stderr < one.stderr / 5
        assert abs(one.value - other.value) < 4 * one.stderr


def test_price_of_a_begun_average_is_homogeneous_in_all_prices():
    one = {"kind": "asian", "strike": 98, "fixings": 5, "past_fixings": PAST}
    other = {**one, "strike": 196, "past_fixings": [2 * price for price in PAST]}
    doubled = run(asked(other, "delta,gamma", {**MARKET, "spot": 200}))
    for here, there, scale in zip(
        run(asked(one, "delta,gamma")).estimates, doubled.estimates, (2, 1, 0.5), strict=True
    ):
        assert there.value == pytest.approx(scale * here.value, rel=1e-9)


def test_contract_that_begins_today_has_the_same_price_with_its_spot_as_a_past_fixing_and_another_delta():
    fresh = exact_greeks(asked({"kind": "cliquet"}, "delta"))
    begun = exact_greeks(asked({"kind": "cliquet", "past_fixings": [100.0]}, "delta"))
    assert fresh[0] == pytest.approx(begun[0], rel=1e-12)
    assert fresh[1] == 0
    assert begun[1] > 0.1


def test_trades_that_differ_in_past_fixings_have_their_own_numbers():
    trades = [asked({"kind": "asian", "strike": 98, "fixings": 2, "past_fixings": past}) for past in ([90], [99], [])]
    assert [answer.estimates for answer in run_together(trades)] == [run(trade).estimates for trade in trades]


def test_trades_on_either_side_of_a_certain_exercise_have_their_own_numbers():
    terms = {"kind": "asian", "fixings": 1, "past_fixings": [180.0]}
    trades = [asked({**terms, "strike": strike}) for strike in (89, 91, 90)]
    certain, likely, border = run_together(trades)
    assert [answer.estimates for answer in (certain, likely, border)] == [run(trade).estimates for trade in trades]
    assert_agrees(certain)
    assert_agrees(border)
    assert likely["price"].exact is None


def test_cliquet_has_no_gamma_where_the_period_that_ends_today_is_at_its_cap():
    contract = {"kind": "cliquet", "cap": 0.25, "past_fixings": [70.0, 80.0], "elapsed": 1, "expiry": 1}
    with pytest.raises(InvalidInput, match="does not exist at spot 100"):
        asked(contract, "gamma")
    assert "jumps at spot 100" in run(asked(contract, "delta"))["price"].warning


@pytest.mark.parametrize("past", ["98.5;101", "98.5, 101", [98.5, 101], (98.5, 101)], ids=str)
def test_past_fixings_are_read_from_text_and_lists(past):
    assert asked({"kind": "asian", "strike": 98, "past_fixings": past}).contract.past_fixings == (98.5, 101)


WRONG = [
    ({"kind": "cliquet", "past_fixings": [1, 2, 3, 4, 5]}, "past_fixings has 5 prices, and may have 4"),
    ({"kind": "cliquet", "past_fixings": [95.0], "elapsed": 1.2, "expiry": 0.8}, "has 1 price, and 3 would fit"),
    ({"kind": "cliquet", "elapsed": 0.3}, "has 0 prices, and 1 would fit: 4 equal periods began 0.3 years ago"),
    ({"kind": "asian", "strike": 98, "past_fixings": [98, 0]}, "past_fixings: Input should|should be"),
    ({"kind": "asian", "strike": 98, "past_fixings": "98,x"}, "should be a valid number"),
    ({"kind": "european", "strike": 98, "past_fixings": [98]}, "unknown key"),
]


@pytest.mark.parametrize(("contract", "message"), WRONG, ids=str)
def test_schedules_that_past_fixings_do_not_fit_are_refused(contract, message):
    with pytest.raises(InvalidInput, match=message):
        asked(contract)
