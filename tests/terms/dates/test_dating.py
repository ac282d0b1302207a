"""Dates, tenors and rules of a contract become times in years."""

from datetime import date

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.dates.day_counts import DayCount
from greeks_cli.terms.errors import InvalidInput

DAY = {"valuation_date": "2026-11-30"}


def asked(contract, **dates):
    terms = {key: value for key, value in {"strike": 95, **contract}.items() if value is not None}
    return build_request(terms, {"vol": 0.2}, {"paths": 2000}, "delta", dates={**DAY, **dates})


@pytest.mark.parametrize(
    ("expiry", "day_count", "years"),
    [
        ("2027-06-18", "act/365f", 200 / 365),
        (date(2027, 6, 18), "act/360", 200 / 360),
        ("6M", "act/365f", 181 / 365),  # 2027-05-30
        ("1Y6M", "30e/360", 1.5),
        ("2w", "act/365f", 14 / 365),
        ("0.5", "act/365f", 0.5),
        (0.5, "act/365f", 0.5),
    ],
)
def test_expiry_may_be_years_a_date_or_a_tenor(expiry, day_count, years):
    assert asked({"expiry": expiry}, day_count=day_count).contract.expiry == pytest.approx(years, rel=1e-14)


def test_dates_are_kept_for_outputs_and_years_have_none():
    assert asked({"expiry": "6M"}).dates.document() == {
        "valuation_date": "2026-11-30", "day_count": "act/365f", "expiry": "2027-05-30",
    }  # fmt: skip
    assert asked({"expiry": 0.5}).dates.document() == {}


def test_the_same_book_with_dates_and_with_times_has_the_same_numbers():
    dated, timed = asked({"expiry": "2027-06-18"}), asked({"expiry": 200 / 365})
    assert run(dated).estimates == run(timed).estimates


def test_fixings_may_be_dates_or_a_rule():
    asian = {"kind": "asian", "expiry": "2027-05-31"}
    listed = asked({**asian, "fixing_times": ["2026-12-31", "2027-05-31"]}).contract
    assert listed.times == pytest.approx((31 / 365, 182 / 365))
    assert asked({**asian, "fixing_times": "2026-12-31;2027-05-31"}).contract.times == listed.times
    monthly = asked({**asian, "fixings": "monthly"})
    assert monthly.dates.fields["fixing_times"] == [
        "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31",
    ]  # fmt: skip
    assert monthly.contract.times[-1] == monthly.contract.expiry


@pytest.mark.parametrize(
    "contract",
    [
        {"kind": "barrier", "barrier": 80, "barrier_type": "down-out"},
        {"kind": "double-barrier", "low_barrier": 80, "high_barrier": 120},
        {"kind": "lookback"},
    ],
    ids=lambda contract: contract["kind"],
)
def test_monitoring_may_be_dates_or_a_rule(contract):
    contract = {**contract, "expiry": "2027-05-31"}
    listed = asked({**contract, "monitoring_times": ["2026-12-31", "2027-04-30"]}).contract
    assert listed.monitoring_times == pytest.approx((31 / 365, 151 / 365))
    assert len(listed.dates) == 3  # the expiry is not monitored
    assert asked({**contract, "monitoring_times": "2026-12-31;2027-04-30"}).contract == listed
    monthly = asked({**contract, "monitoring": "Monthly"})
    assert monthly.dates.fields["monitoring_times"][::5] == ["2026-12-31", "2027-05-31"]
    assert monthly.contract.dates == monthly.contract.monitoring_times
    assert len(asked({**contract, "monitoring": "weekly"}).contract.dates) == 26


@pytest.mark.parametrize(("kind", "name"), [("asian", "monitoring"), ("european", "fixings"), ("barrier", "fixings")])
@pytest.mark.parametrize("expiry", ["2027-05-31", 0.5])
def test_a_rule_that_a_contract_does_not_have_is_refused_by_its_own_name(kind, name, expiry):
    with pytest.raises(InvalidInput) as caught:
        asked({"kind": kind, name: "monthly", "expiry": expiry})
    (problem,) = (found for found in caught.value.problems if "unknown key" in found.message)
    assert problem.path == ("contract", name)
    assert f"not an option of the {kind} contract" in problem.message


def test_rule_of_monitoring_may_end_before_an_expiry_on_a_holiday():
    pytest.importorskip("holidays", reason="the extra calendars is not installed")
    lookback = {"kind": "lookback", "expiry": "2027-06-18", "monitoring": "monthly"}
    found = asked(lookback, calendar="XNYS")
    assert found.dates.fields["monitoring_times"][-1] == "2027-06-17"
    assert found.contract.dates[-1] == found.contract.expiry > found.contract.looks[-1]


def test_today_is_a_fixing():
    contract = asked({"kind": "asian", "expiry": "2027-05-31", "fixing_times": ["2026-11-30", "2027-05-31"]}).contract
    assert contract.times[0] == 0
    assert contract.fixes_today


def test_rules_follow_the_calendar_up_to_the_last_business_day():
    pytest.importorskip("holidays", reason="the extra calendars is not installed")
    found = asked({"kind": "asian", "expiry": "2027-06-18", "fixings": "monthly"}, calendar="XNYS")
    # 18 January 2027 is Martin Luther King's day, 18 April a Sunday; 18 June is a holiday, and the expiry.
    assert found.dates.fields["fixing_times"] == [
        "2026-12-18", "2027-01-19", "2027-02-18", "2027-03-18", "2027-04-19", "2027-05-18", "2027-06-17",
    ]  # fmt: skip
    assert asked({"expiry": "2W"}, calendar="XNYS").dates.expiry == "2026-12-14"
    assert asked({"expiry": "25D"}, calendar="XNYS").dates.expiry == "2026-12-28"  # not on Christmas


def test_dates_beyond_the_tables_of_a_calendar_are_remarked():
    pytest.importorskip("holidays", reason="the extra calendars is not installed")
    (remark,) = asked({"expiry": "2028-06-15"}, calendar="XNSE").remarks
    assert remark.startswith("the holidays of XNSE are known until 20")
    assert asked({"expiry": "2028-06-15"}, calendar="XNYS").remarks == ()


@pytest.mark.parametrize("day", ["2026-11-30", "2020-01-02"])
def test_an_expired_contract_is_worth_its_payoff(day):
    found = run(asked({"expiry": day}))
    assert [one.value for one in found.estimates] == [5.0, 0.0]
    assert bool(found.request.remarks) is (day != "2026-11-30")
    assert {one.estimator for one in found.estimates} == {"expired"}
    assert found.paths == 0


@pytest.mark.parametrize(
    ("contract", "price"),
    [
        ({"type": "put"}, 0.0),
        ({"kind": "digital", "cash": 3}, 3.0),
        ({"kind": "digital", "strike": 100}, 0.0),
        ({"kind": "straddle", "strike": 108}, 8.0),
        ({"kind": "asian", "past_fixings": [90, 110, 130]}, 15.0),
        ({"kind": "asian", "average": "geometric", "past_fixings": [80, 125]}, 5.0),
        ({"kind": "asian", "strike": None, "strike_kind": "floating", "past_fixings": [80, 90], "type": "call"}, 15.0),
        ({"kind": "asian", "type": "put", "past_fixings": [90, 80]}, 10.0),
        ({"kind": "lookback", "running_extreme": 120}, 25.0),
        ({"kind": "lookback", "running_extreme": 97}, 5.0),  # the spot is the maximum
        ({"kind": "lookback", "strike": None, "strike_kind": "floating", "running_extreme": 80}, 20.0),
        ({"kind": "barrier", "barrier": 80, "barrier_type": "down-out", "rebate": 2}, 5.0),
        ({"kind": "barrier", "barrier": 80, "barrier_type": "down-out", "rebate": 2, "knocked": "out"}, 2.0),
        ({"kind": "barrier", "barrier": 80, "barrier_type": "down-in", "rebate": 2}, 2.0),
        ({"kind": "barrier", "barrier": 80, "barrier_type": "down-in", "rebate": 2, "knocked": "in"}, 5.0),
        ({"kind": "double-barrier", "low_barrier": 80, "high_barrier": 99}, 0.0),
        ({"kind": "cliquet", "strike": None, "periods": 3, "past_fixings": [100, 104, 90]}, 14.0),  # 4%, 0, 10%
    ],
)
def test_payoffs_of_expired_contracts(contract, price):
    assert run(asked({"expiry": "2026-11-01", **contract}))["price"].value == pytest.approx(price, rel=1e-12)


@pytest.mark.parametrize(
    ("contract", "dates", "said"),
    [
        ({"expiry": "18/06/2027"}, {}, "not a date of the form YEAR-MONTH-DAY; write one such as 2027-06-18"),
        ({"expiry": "20270618"}, {}, "write 2027-06-18"),
        ({"expiry": "2027-02-30"}, {}, "no such date"),
        ({"expiry": "6M"}, {"valuation_date": None}, "counts from the day of valuation; give the valuation date"),
        ({"expiry": "2027-06-18"}, {"day_count": "30/360"}, "30/360-bond-basis"),
        ({"expiry": "2027-06-18"}, {"day_count": "bus/252"}, "business days need a calendar"),
        ({"kind": "asian", "expiry": "2026-11-01"}, {}, "depends on the path of the underlying; give past_fixings"),
        (
            {"kind": "asian", "expiry": "2027-06-18", "fixing_times": ["2026-01-04", "2027-06-18"]},
            {},
            "lies before the day of valuation",
        ),
        ({"kind": "asian", "expiry": 0.5, "fixings": "monthly"}, {}, "the rule counts back from a date"),
        (
            {"kind": "asian", "expiry": "2027-06-18", "fixings": "monthly", "fixing_times": "2027-01-04"},
            {},
            "fixings and fixing_times exclude each other",
        ),
        (
            {"kind": "asian", "expiry": "2027-02-10", "fixings": "daily"},
            {"day_count": "30e/360"},
            "is the same time as",
        ),
        ({"expiry": "2026-10-31"}, {"valuation_date": "2026-10-30", "day_count": "30e/360"}, "no time passes"),
        (
            {"kind": "forward-start", "start": "2026-01-04", "expiry": "2027-06-18"},
            {},
            "is not after the day of valuation",
        ),
        ({"kind": "lookback", "expiry": 0.5, "monitoring": "daily"}, {}, "the rule counts back from a date"),
        (
            {"kind": "lookback", "expiry": "6M", "monitoring": "daily", "monitoring_times": [0.1]},
            {},
            "monitoring and monitoring_times exclude each other",
        ),
        (
            {"kind": "lookback", "expiry": "6M", "monitoring_times": "2026-01-04"},
            {},
            "say in knocked or running_extreme",
        ),
        ({"expiry": "2027-06-18"}, {"calendar": "XYZZY"}, "XYZZY"),
        ({}, {"valuation_date": "30.11.2026"}, "not a date"),
    ],
)
def test_mistakes_in_dates_are_one_line(contract, dates, said):
    if "calendar" in dates:
        pytest.importorskip("holidays", reason="the extra calendars is not installed")
    with pytest.raises(InvalidInput) as refused:
        asked(contract, **dates)
    assert str(refused.value).count("\n") == 0
    assert said.removeprefix("") in str(refused.value)


@pytest.mark.parametrize("day_count", list(DayCount))
def test_every_day_count_makes_years_of_monthly_fixings(day_count):
    if day_count is DayCount.BUS_252:
        pytest.importorskip("holidays", reason="the extra calendars is not installed")
    calendar = "BVMF" if day_count is DayCount.BUS_252 else None
    asian = {"kind": "asian", "expiry": "2027-11-17", "fixings": "monthly"}
    contract = asked(asian, day_count=day_count, calendar=calendar).contract
    assert len(contract.times) == 12
    assert contract.times[-1] == contract.expiry == pytest.approx(352 / 365, abs=0.02)
