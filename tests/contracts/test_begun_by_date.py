"""Contracts that have begun, with dates as a book has them: first fixings, lists of fixings, starts and expiries."""

from datetime import date

import numpy as np
import pytest

from greeks_cli.analytic.closed_forms import exact_greeks
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.conftest import assert_agrees
from tests.contracts.test_past_fixings import MARKET, paths
from tests.models import ALL

DAY = "2026-07-15"


def asked(contract, greeks="delta,gamma,vega,theta", market=MARKET, day=DAY, **settings):
    return build_request(contract, market, {"paths": 60_000, **settings}, greeks, dates={"valuation_date": day})


def years(day, until=DAY):
    return (date.fromisoformat(until) - date.fromisoformat(day)).days / 365


@pytest.mark.parametrize("elapsed", ["2026-02-01", date(2026, 2, 1)])
@pytest.mark.parametrize(
    "contract",
    [
        {"kind": "cliquet", "past_fixings": [95.0, 97.0]},
        {"kind": "variance-swap", "strike_vol": 0.2, "fixings": 4, "past_fixings": [95.0, 97.0]},
    ],
)
def test_elapsed_may_be_the_date_of_the_first_fixing(contract, elapsed):
    dated = asked({**contract, "expiry": "2027-02-01", "elapsed": elapsed})
    timed = asked({**contract, "expiry": years(DAY, "2027-02-01"), "elapsed": years("2026-02-01")})
    assert dated.contract == timed.contract
    assert run(dated).estimates == run(timed).estimates
    assert dated.dates.fields["elapsed"] == "2026-02-01"


def test_fixings_in_months_are_past_where_the_book_says_so():
    """Of quarters from 15 January, the third fixing is on 15 July, and a day and a half later by equal periods."""
    terms = {"kind": "cliquet", "elapsed": "2026-01-15", "expiry": "2027-01-15"}
    found = run(asked({**terms, "past_fixings": [95, 97, 99]}, seed=5))
    assert_agrees(found)
    assert found.request.contract.dates == pytest.approx((184 / 365 - 0.25, 184 / 365))
    times = found.request.contract.dates
    spots = paths(times, 100)
    ratios = np.vstack([spots[0] / 99, spots[1] / spots[0]])
    settled = sum(np.clip([97 / 95 - 1, 99 / 97 - 1], 0, 0.1))
    samples = 100 * np.exp(-0.04 * times[-1]) * (settled + np.clip(ratios - 1, 0, 0.1).sum(axis=0))
    assert abs(samples.mean() - found["price"].exact) < 4 * samples.std() / np.sqrt(samples.size)
    assert asked({**terms, "past_fixings": [95, 97]}).contract.n_remaining == 3  # the third comes in a day or two
    with pytest.raises(InvalidInput, match="past_fixings has 2 prices, and 3 would fit"):
        asked({**terms, "past_fixings": [95, 97]}, day="2026-07-20")
    with pytest.raises(InvalidInput, match="past_fixings has 3 prices, and 2 would fit"):
        asked({**terms, "past_fixings": [95, 97, 99]}, day="2026-07-01")


@pytest.mark.parametrize("n_past", [122, 123, 126, 127, 128, 129])
def test_a_daily_variance_swap_has_as_many_past_fixings_as_business_days(n_past):
    """Without drift, the variance to come is vol^2 times the time to expiry, whatever the number of fixings."""
    past = [100 * 1.01 ** (i % 2) for i in range(n_past - 1)] + [100.0]
    terms = {"kind": "variance-swap", "strike_vol": 0.2, "elapsed": "2026-01-15", "expiry": "2027-01-15"}
    market = {"spot": 100.0, "vol": 0.25, "rate": 0.05, "dividend_yield": 0.05 - 0.25**2 / 2}
    found = run(asked({**terms, "past_fixings": past}, "vega", market, seed=2, paths=2000))
    settled = (np.diff(np.log(past)) ** 2).sum()
    realised = (settled + 0.25**2 * years(DAY, "2027-01-15")) / years("2026-01-15", "2027-01-15")
    discount = np.exp(-0.05 * years(DAY, "2027-01-15"))
    assert found["price"].exact == pytest.approx(100 * discount * (realised - 0.04), rel=1e-12)
    assert_agrees(found)
    assert found.request.contract.n_remaining == 253 - n_past


@pytest.mark.parametrize("n_past", [118, 134])
def test_past_fixings_of_another_number_than_business_days_are_refused(n_past):
    terms = {"kind": "variance-swap", "strike_vol": 0.2, "elapsed": "2026-01-15", "expiry": "2027-01-15"}
    with pytest.raises(InvalidInput, match=f"past_fixings has {n_past} prices, and 125 would fit: 252 equal periods"):
        asked({**terms, "past_fixings": [100] * n_past})


def test_dates_of_fixings_that_have_passed_take_their_prices_from_past_fixings():
    days = ["2026-01-15", "2026-04-15", "2026-10-15", "2027-01-15"]
    terms = {"kind": "asian", "strike": 98, "expiry": "2027-01-15"}
    whole = asked({**terms, "fixing_times": days, "past_fixings": [95, 97]})
    assert whole.contract == asked({**terms, "fixing_times": days[2:], "past_fixings": [95, 97]}).contract
    today = [*days[:2], DAY, *days[2:]]
    assert asked({**terms, "fixing_times": today, "past_fixings": [95, 97]}).contract.fixes_today
    assert not asked({**terms, "fixing_times": today, "past_fixings": [95, 97, 99]}).contract.fixes_today


@pytest.mark.parametrize("start", [0, "2026-01-15", DAY])
@pytest.mark.parametrize("side", ["call", "put"])
def test_a_forward_start_that_has_begun_is_a_european(start, side):
    begun = {
        "kind": "forward-start",
        "type": side,
        "start": start,
        "moneyness": 0.9,
        "past_fixings": [97],
        "expiry": 0.5,
    }
    one, other = run(asked({**begun, "expiry": 0.5})), run(asked({"type": side, "strike": 0.9 * 97, "expiry": 0.5}))
    for a, b in zip(one.estimates, other.estimates, strict=True):
        assert (a.value, a.exact) == pytest.approx((b.value, b.exact), rel=1e-9)
    assert all(estimate.exact is not None for estimate in one.estimates)
    assert exact_greeks(one.request) == exact_greeks(other.request)


@pytest.mark.parametrize(
    ("contract", "price"),
    [
        ({"kind": "forward-start", "start": "2026-01-15", "moneyness": 0.9, "past_fixings": [97]}, 100 - 0.9 * 97),
        ({"kind": "forward-start", "start": 0, "type": "put", "past_fixings": [104]}, 4),
        ({"kind": "cliquet", "periods": 3, "past_fixings": [100, 104, 98, 99], "elapsed": 1}, 4 + 100 * (99 / 98 - 1)),
        ({"kind": "cliquet", "periods": 3, "past_fixings": [100, 104, 98]}, 4 + 100 * (100 / 98 - 1)),
        ({"kind": "variance-swap", "strike_vol": 0.2, "fixings": 2, "past_fixings": [100, 110, 100],
          "elapsed": "2025-07-01"}, 100 * (2 * np.log(1.1) ** 2 - 0.04)),
        ({"kind": "variance-swap", "strike_vol": 0.2, "fixings": 2, "past_fixings": [100, 110], "elapsed": 0.5},
         100 * (4 * np.log(1.1) ** 2 - 0.04)),
        ({"kind": "formula", "payoff": "max(mean(S) - K, 0)", "param": {"K": 98}, "past_fixings": [98, 104]}, 3),
        ({"kind": "formula", "payoff": "max(mean(S) - K, 0)", "param": {"K": 98}, "past_fixings": [98, 104],
          "fixings": "monthly"}, 3),
        ({"kind": "formula", "payoff": "S[0] if S[-1] > S[0] else 2", "past_fixings": [98, 97]}, 2),
        ({"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 98}}, 2),
        ({"kind": "asian", "strike": 98, "past_fixings": [98, 104],
          "fixing_times": ["2026-01-15", "2026-07-01"]}, 3),
    ],
)  # fmt: skip
def test_expired_contracts_are_worth_what_their_observations_say(contract, price):
    found = run(asked({"expiry": "2026-07-01", **contract}))
    assert found["price"].value == pytest.approx(price, rel=1e-12)
    assert {one.estimator for one in found.estimates} == {"expired"}


@pytest.mark.parametrize("market", ALL.values(), ids=ALL)
def test_expired_contracts_are_worth_their_payoffs_under_every_model(market):
    found = run(asked({"strike": 90, "expiry": DAY}, market=market, greeks="delta"))
    assert [one.value for one in found.estimates] == pytest.approx([10, 0], rel=1e-12)


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ({"kind": "cliquet", "elapsed": "2026-08-01", "past_fixings": [95]}, "comes after 2026-07-15; it is the"),
        ({"kind": "cliquet", "elapsed": "3M", "past_fixings": [95]}, "not a date of the form YEAR-MONTH-DAY"),
        ({"kind": "cliquet", "elapsed": "2026-08-01", "expiry": "2026-07-01"}, "comes after 2026-07-01; it is"),
        ({"kind": "forward-start", "start": "2026-01-15"}, "give its price in past_fixings"),
        ({"kind": "forward-start", "start": 0}, "start 0 is today or before; give the price at the start as"),
        ({"kind": "forward-start", "start": 0.5, "past_fixings": [97]}, "start 0.5 is to come; leave out past_fixings"),
        ({"kind": "forward-start", "start": 0, "past_fixings": [97, 98]}, "past_fixings"),
        ({"kind": "forward-start", "start": 0.5, "expiry": "2026-07-01"}, "the contract has expired: give start 0"),
        ({"kind": "variance-swap", "strike_vol": 0.2, "expiry": "2026-07-01", "fixings": 1, "past_fixings": [98]},
         "depends on the path of the underlying; give past_fixings and elapsed, or leave it out"),
        ({"kind": "cliquet", "expiry": "2026-07-01", "past_fixings": [98]},
         "past_fixings has 1 price, and 4 or 5 would fit: all 4 periods are over"),
        ({"kind": "formula", "payoff": "mean(S)", "fixings": 3, "expiry": "2026-07-01"}, "give past_fixings, or"),
        ({"kind": "formula", "payoff": "mean(S)", "fixings": "monthly", "expiry": "2026-07-01"},
         "has expired, and its dates are over"),
        ({"kind": "asian", "strike": 98, "fixing_times": ["2026-01-15", "2026-04-15", "2027-01-15"]},
         "2026-01-15 and 1 more: lie before the day of valuation, 2026-07-15; give the price of each in past_fixings, "
         "which has 0"),
        ({"kind": "asian", "strike": 98, "fixing_times": ["2026-01-15", "2026-09-15", "2026-04-15"],
          "past_fixings": [98, 99]}, "2026-04-15: does not come after 2026-09-15; give the dates in increasing order"),
        ({"kind": "asian", "strike": 98, "fixing_times": ["2026-01-15"], "past_fixings": [98]},
         "2026-01-15: no fixing is to come, and the payoff is known; leave the trade out"),
    ],
)  # fmt: skip
def test_mistakes_of_contracts_that_have_begun_are_one_line(contract, said):
    with pytest.raises(InvalidInput) as refused:
        asked({"expiry": "2027-01-15", **contract})
    assert str(refused.value).count("\n") == 0
    assert said in str(refused.value)
