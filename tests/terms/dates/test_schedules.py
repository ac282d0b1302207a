import random
from datetime import date, timedelta

import pytest
import QuantLib as ql

from greeks_cli.terms.dates.schedules import Rule, read_rule, scheduled

TENORS = {Rule.WEEKLY: "1W", Rule.MONTHLY: "1M", Rule.QUARTERLY: "3M", Rule.YEARLY: "1Y"}


def day_of(text):
    return date.fromisoformat(text)


def texts(start, end, rule, calendar=None):
    return [str(day) for day in scheduled(day_of(start), day_of(end), Rule(rule), calendar)]


def market(code):
    pytest.importorskip("holidays")
    from greeks_cli.terms.dates.calendars import load_calendar

    return load_calendar(code)


def periods(count):
    draw = random.Random(7)
    for _ in range(count):
        start = date(2024, 1, 1) + timedelta(days=draw.randrange(1_500))
        yield start, start + timedelta(days=draw.randrange(1, 1_200))


def test_dates_are_counted_back_from_the_end():
    assert texts("2027-01-31", "2027-05-31", "monthly") == ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]
    assert texts("2027-01-01", "2027-04-30", "monthly") == ["2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30"]
    assert texts("2027-06-18", "2027-07-02", "weekly") == ["2027-06-25", "2027-07-02"]
    assert texts("2027-06-18", "2027-07-03", "weekly") == ["2027-06-19", "2027-06-26", "2027-07-03"]
    assert texts("2024-02-29", "2028-02-29", "yearly") == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
    assert texts("2027-11-30", "2028-05-31", "quarterly") == ["2028-02-29", "2028-05-31"]
    assert texts("2027-01-01", "2027-01-02", "yearly") == ["2027-01-02"]


def test_a_daily_schedule_without_a_calendar_has_mondays_to_fridays_and_the_end():
    assert texts("2027-06-17", "2027-06-22", "daily") == ["2027-06-18", "2027-06-21", "2027-06-22"]
    assert texts("2027-06-18", "2027-06-20", "daily") == ["2027-06-20"]


def quantlib_dates(start, end, rule, calendar, convention, of_end):
    """The dates of QuantLib's schedule after its start."""
    first, last = (ql.Date(day.day, day.month, day.year) for day in (start, end))
    backward = ql.DateGeneration.Backward
    dates = ql.Schedule(first, last, ql.Period(TENORS[rule]), calendar, convention, of_end, backward, False)
    return [day.to_date() for day in dates][1:]


@pytest.mark.parametrize("rule", TENORS)
def test_schedules_without_a_calendar_agree_with_quantlib(rule):
    for start, end in periods(400):
        expected = quantlib_dates(start, end, rule, ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted)
        assert list(scheduled(start, end, rule)) == expected


@pytest.mark.parametrize("rule", TENORS)
def test_schedules_of_a_market_agree_with_quantlib_from_business_days_on(rule):
    """QuantLib moves the start as well: from a holiday it may fall on the first date, which is then missing."""
    calendar, peer = market("XNYS"), ql.UnitedStates(ql.UnitedStates.NYSE)
    for start, end in periods(400):
        if calendar.is_business_day(start) and calendar.previous_business_day(end) > start:
            expected = quantlib_dates(start, end, rule, peer, ql.ModifiedFollowing, ql.Preceding)
            assert list(scheduled(start, end, rule, calendar)) == expected, (start, end)


@pytest.mark.parametrize("rule", Rule)
def test_dates_of_a_market_are_increasing_business_days_after_the_start(rule):
    calendar = market("XJPX")
    for start, end in periods(60):
        if (end - start).days < 14:
            continue
        found = scheduled(start, end, rule, calendar)
        assert list(found) == sorted(set(found))
        assert found[0] > start
        assert found[-1] == calendar.previous_business_day(end)
        assert all(calendar.is_business_day(day) for day in found)


def test_a_daily_schedule_of_a_market_has_every_business_day():
    calendar = market("XNYS")
    found = scheduled(day_of("2026-06-17"), day_of("2027-06-16"), Rule.DAILY, calendar)
    assert found == calendar.business_days(day_of("2026-06-18"), day_of("2027-06-17"))
    assert len(found) == 250


def test_a_holiday_moves_to_the_next_business_day_of_its_month_but_not_beyond_the_end():
    new_york = market("XNYS")
    # Christmas of 2027 is a Saturday, kept on Friday 24.
    assert texts("2027-11-24", "2027-12-24", "monthly", new_york) == ["2027-12-23"]
    assert texts("2027-11-24", "2028-01-24", "monthly", new_york) == ["2027-12-27", "2028-01-24"]
    assert texts("2027-11-24", "2027-12-24", "daily", new_york)[-2:] == ["2027-12-22", "2027-12-23"]
    # 31 January 2027 is a Sunday, 30 January a Saturday.
    assert texts("2026-12-01", "2027-01-31", "monthly", new_york) == ["2026-12-31", "2027-01-29"]


def test_dates_that_move_to_one_day_are_one():
    # Tokyo is closed from Saturday 27 April 2019 to Monday 6 May.
    found = texts("2019-04-18", "2019-05-08", "daily", market("XJPX"))
    assert found == [f"2019-04-{day}" for day in (19, 22, 23, 24, 25, 26)] + ["2019-05-07", "2019-05-08"]
    # Shanghai is closed from Sunday 15 to Monday 23 February 2026.
    assert texts("2026-02-02", "2026-02-23", "weekly", market("XSHG")) == ["2026-02-09", "2026-02-13"]


def test_dates_that_move_to_the_start_are_left_out():
    # 31 January 2026 is a Saturday and moves back to Friday, the start.
    new_york = market("XNYS")
    assert texts("2026-01-30", "2026-02-28", "monthly", new_york) == ["2026-02-27"]
    with pytest.raises(ValueError, match=r"^2026-01-31: no business day from here back to the start, 2026-01-30"):
        texts("2026-01-30", "2026-01-31", "monthly", new_york)


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("end", ["2027-06-18", "2027-06-17"])
def test_an_end_that_is_not_after_the_start_is_refused(rule, end):
    with pytest.raises(ValueError, match=rf"^{end}: a schedule ends after its start, 2027-06-18; write a later date"):
        texts("2027-06-18", end, rule)


def test_a_rule_is_read_by_its_name_in_any_case():
    assert [read_rule(rule.upper()) for rule in Rule] == list(Rule)
    with pytest.raises(ValueError, match=r"^montly: unknown rule of a schedule; did you mean 'monthly'\?"):
        read_rule("montly")
    with pytest.raises(ValueError, match="choose from daily, weekly, monthly, quarterly, yearly"):
        read_rule("6M")
