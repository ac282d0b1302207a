"""Day counts against QuantLib over thousands of random periods, published examples, and their order in time.

QuantLib differs from the definitions in two places, which the tests avoid. Its act/act-icma wants the coupon period as
arguments: without them it rounds a period to whole months. Its 30e/360-isda given a termination date keeps the days of
that date's February, as ISDA writes, so that a period of no days that ends there has -2/360 years; here no date is a
termination date, as in QuantLib without one.
"""

import random
from datetime import date, timedelta

import pytest
import QuantLib as ql

from greeks_cli.terms.dates.calendar_dates import months_later
from greeks_cli.terms.dates.day_counts import DayCount, read_day_count, years_between

QUANTLIB = {
    DayCount.ACT_365F: ql.Actual365Fixed(),
    DayCount.ACT_360: ql.Actual360(),
    DayCount.ACT_ACT_ISDA: ql.ActualActual(ql.ActualActual.ISDA),
    DayCount.BOND_BASIS: ql.Thirty360(ql.Thirty360.BondBasis),
    DayCount.US_30_360: ql.Thirty360(ql.Thirty360.USA),
    DayCount.EUROBOND_BASIS: ql.Thirty360(ql.Thirty360.EurobondBasis),
    DayCount.EUROBOND_ISDA: ql.Thirty360(ql.Thirty360.ISDA),
}
WITHOUT_CALENDAR = [count for count in DayCount if count is not DayCount.BUS_252]


def quantlib_date(day):
    return ql.Date(day.day, day.month, day.year)


def periods(count):
    """Random periods, a third of them short and a third of them from and to the ends of months."""
    draw = random.Random(20270618)
    for i in range(count):
        start = date(1995, 1, 1) + timedelta(days=draw.randrange(20_000))
        end = start + timedelta(days=draw.randrange((60, 1_500, 12_000)[i % 3]))
        if i % 3 == 1:
            start, end = (day.replace(day=1) - timedelta(days=draw.randrange(1, 3)) for day in (start, end))
        yield min(start, end), max(start, end)


@pytest.mark.parametrize("day_count", QUANTLIB)
def test_years_agree_with_quantlib(day_count):
    peer = QUANTLIB[day_count]
    for start, end in periods(6_000):
        expected = peer.yearFraction(quantlib_date(start), quantlib_date(end))
        assert years_between(start, end, day_count) == pytest.approx(expected, abs=1e-13), (start, end)


def test_icma_years_agree_with_quantlib_where_it_is_given_each_annual_period():
    peer = ql.ActualActual(ql.ActualActual.ISMA)
    for start, end in periods(3_000):
        years, last = 0.0, end
        while last > start:
            first = months_later(end, -12 * (round(years) + 1))
            ends = [quantlib_date(day) for day in (max(first, start), last, first, last)]
            years, last = years + peer.yearFraction(*ends), first
        assert years_between(start, end, DayCount.ACT_ACT_ICMA) == pytest.approx(years, abs=1e-12), (start, end)


@pytest.mark.parametrize(
    ("start", "end", "day_count", "years"),
    [
        # ISDA, "EMU and market conventions: recent developments" (1998), its examples in ISDA's method.
        ("1999-02-01", "1999-07-01", DayCount.ACT_ACT_ISDA, 150 / 365),
        ("2002-08-15", "2003-07-15", DayCount.ACT_ACT_ISDA, 334 / 365),
        ("1999-07-30", "2000-01-30", DayCount.ACT_ACT_ISDA, 155 / 365 + 29 / 366),
        ("2000-01-30", "2000-06-30", DayCount.ACT_ACT_ISDA, 152 / 366),
        # Annual coupons, in ICMA's method.
        ("1999-02-01", "1999-07-01", DayCount.ACT_ACT_ICMA, 150 / 365),
        ("1999-07-01", "2000-07-01", DayCount.ACT_ACT_ICMA, 1),
        ("1998-05-01", "2000-07-01", DayCount.ACT_ACT_ICMA, 2 + 61 / 365),
        ("2023-02-28", "2024-02-29", DayCount.ACT_ACT_ICMA, 1),
        ("2023-03-01", "2024-02-29", DayCount.ACT_ACT_ICMA, 365 / 366),
        # The end of February tells the conventions of 30 days apart.
        ("2027-02-28", "2027-03-31", DayCount.BOND_BASIS, 33 / 360),
        ("2027-02-28", "2027-03-31", DayCount.US_30_360, 30 / 360),
        ("2027-02-28", "2027-03-31", DayCount.EUROBOND_BASIS, 32 / 360),
        ("2027-02-28", "2027-03-31", DayCount.EUROBOND_ISDA, 30 / 360),
        ("2027-01-15", "2027-02-28", DayCount.EUROBOND_ISDA, 45 / 360),
        ("2027-01-15", "2027-02-28", DayCount.US_30_360, 43 / 360),
        ("2027-02-28", "2028-02-29", DayCount.US_30_360, 1),
        ("2027-02-28", "2028-02-29", DayCount.BOND_BASIS, 361 / 360),
        ("2027-01-30", "2027-03-31", DayCount.BOND_BASIS, 60 / 360),
        ("2027-01-29", "2027-03-31", DayCount.BOND_BASIS, 62 / 360),
        ("2027-01-29", "2027-03-31", DayCount.EUROBOND_BASIS, 61 / 360),
        ("2028-01-01", "2029-01-01", DayCount.ACT_365F, 366 / 365),
        ("2028-01-01", "2029-01-01", DayCount.ACT_ACT_ISDA, 1),
        ("2027-01-01", "2028-01-01", DayCount.ACT_360, 365 / 360),
    ],
)
def test_years_of_known_periods(start, end, day_count, years):
    found = years_between(date.fromisoformat(start), date.fromisoformat(end), day_count)
    assert found == pytest.approx(years, abs=1e-14)


@pytest.mark.parametrize("day_count", WITHOUT_CALENDAR)
def test_years_start_at_zero_and_never_decrease_with_the_end(day_count):
    for first in range(0, 1_500, 7):
        start = date(2023, 2, 20) + timedelta(days=first)
        years = [years_between(start, start + timedelta(days=days), day_count) for days in range(800)]
        assert years[0] == 0
        assert years == sorted(years), start
        assert years[-1] == pytest.approx(800 / 365.25, abs=0.05)


@pytest.mark.parametrize("day_count", [*WITHOUT_CALENDAR, DayCount.BUS_252])
def test_an_end_before_the_start_is_refused(day_count):
    with pytest.raises(ValueError, match=r"^2027-06-17: before the start of the period, 2027-06-18; write"):
        years_between(date(2027, 6, 18), date(2027, 6, 17), day_count)


def test_business_days_need_a_calendar():
    with pytest.raises(ValueError, match=r"^bus/252: business days need a calendar; name one such as BVMF"):
        years_between(date(2027, 6, 18), date(2027, 6, 19), DayCount.BUS_252)


def test_business_years_agree_with_quantlib():
    pytest.importorskip("holidays")
    from greeks_cli.terms.dates.calendars import load_calendar

    calendar, peer = load_calendar("BVMF"), ql.Business252(ql.Brazil(ql.Brazil.Settlement))
    for start, end in [(start, end) for start, end in periods(300) if start.year >= 2002]:
        expected = peer.yearFraction(quantlib_date(start), quantlib_date(end))
        assert years_between(start, end, DayCount.BUS_252, calendar) == pytest.approx(expected, abs=1e-13), (start, end)
    saturday = date(2027, 6, 19)
    assert years_between(saturday, saturday + timedelta(days=3), DayCount.BUS_252, calendar) == 1 / 252


@pytest.mark.parametrize("day_count", DayCount)
def test_a_day_count_is_read_by_its_name_in_any_case(day_count):
    assert read_day_count(day_count) is day_count
    assert read_day_count(f" {day_count.upper()} ") is day_count


@pytest.mark.parametrize(
    ("text", "day_count"),
    [
        ("Actual/365 (Fixed)", DayCount.ACT_365F),
        ("act/365-fixed", DayCount.ACT_365F),
        ("A/365F", DayCount.ACT_365F),
        ("Actual/360", DayCount.ACT_360),
        ("Actual/Actual (ISDA)", DayCount.ACT_ACT_ISDA),
        ("Act/Act ICMA", DayCount.ACT_ACT_ICMA),
        ("act/act-isma", DayCount.ACT_ACT_ICMA),
        ("Bond Basis", DayCount.BOND_BASIS),
        ("30U/360", DayCount.US_30_360),
        ("Eurobond basis", DayCount.EUROBOND_BASIS),
        ("30E/360 (ISDA)", DayCount.EUROBOND_ISDA),
        ("Business/252", DayCount.BUS_252),
    ],
)
def test_other_names_of_one_meaning_are_read(text, day_count):
    assert read_day_count(text) is day_count


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("act/act", "act/act-isda or act/act-icma"),
        ("Actual/Actual", "act/act-isda or act/act-icma"),
        ("act/365", "act/365f or act/act-isda"),
        ("Actual/365", "act/365f or act/act-isda"),
        ("30/360", "30/360-bond-basis, 30/360-us, 30e/360 or 30e/360-isda"),
        ("360/360", "30/360-bond-basis or 30/360-us"),
        ("30/360 ISDA", "30/360-bond-basis or 30e/360-isda"),
    ],
)
def test_names_of_several_meanings_are_refused_with_the_full_names(text, names):
    with pytest.raises(ValueError, match=rf"^{text}: several day counts have this name; write {names}\Z"):
        read_day_count(text)


def test_unknown_day_counts_are_refused_with_the_nearest_or_all():
    with pytest.raises(ValueError, match=r"^act/364: unknown day count; did you mean 'act/360'\?\Z"):
        read_day_count("act/364")
    with pytest.raises(ValueError, match=r"^'': unknown day count; choose from act/365f, act/360, .*, bus/252\Z"):
        read_day_count("")
