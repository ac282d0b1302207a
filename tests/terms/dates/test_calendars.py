"""Calendars of the ``holidays`` library: business days against QuantLib, and the years that its tables know.

``last_year`` is checked against the sources of release 0.108: a later release may add years, never take some away.
"""

import sys
from datetime import date, timedelta

import pytest
import QuantLib as ql

from greeks_cli.terms.dates.calendars import _loaded, load_calendar
from greeks_cli.terms.errors import MissingExtra

holidays = pytest.importorskip("holidays")


def day_of(text):
    return date.fromisoformat(text)


def days(first, last):
    start = date(first, 1, 1)
    return [start + timedelta(days=count) for count in range((date(last, 12, 31) - start).days + 1)]


@pytest.mark.parametrize(
    ("code", "peer", "first", "last"),
    [
        ("XNYS", ql.UnitedStates(ql.UnitedStates.NYSE), 2002, 2080),
        ("XECB", ql.TARGET(), 2000, 2080),
        ("XLON", ql.UnitedKingdom(ql.UnitedKingdom.Exchange), 2002, 2050),
        ("XTSE", ql.Canada(ql.Canada.TSX), 2010, 2040),
        ("XJPX", ql.Japan(), 2016, 2050),
        # Brazil's banks, not B3: QuantLib's calendar of the exchange is closed on more days.
        ("BVMF", ql.Brazil(ql.Brazil.Settlement), 2002, 2080),
    ],
)
def test_business_days_agree_with_quantlib(code, peer, first, last):
    calendar = load_calendar(code)
    differing = [
        str(day)
        for day in days(first, last)
        if calendar.is_business_day(day) != peer.isBusinessDay(ql.Date(day.day, day.month, day.year))
    ]
    assert differing == []


def test_xetra_is_closed_on_the_last_day_of_the_year():
    """QuantLib 1.44 keeps Xetra open then, and opens it on Whit Mondays and 3 October before 2022."""
    calendar, peer = load_calendar("XETR"), ql.Germany(ql.Germany.Xetra)
    differing = {
        day
        for day in days(2022, 2050)
        if calendar.is_business_day(day) != peer.isBusinessDay(ql.Date(day.day, day.month, day.year))
    }
    assert differing == {date(year, 12, 31) for year in range(2022, 2051) if date(year, 12, 31).weekday() < 5}


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("XNYS", "2026-11-27"),  # closes at 13:00, the day after Thanksgiving
        ("XNYS", "2026-12-24"),
        ("XHKG", "2026-12-24"),
        ("XHKG", "2026-02-16"),  # the eve of the lunar New Year
        ("XLON", "2026-12-24"),
        ("XSES", "2026-12-31"),
    ],
)
def test_days_with_a_short_session_are_business_days(code, day):
    assert holidays.financial_holidays(code, years=int(day[:4]), categories="half_day").get(day)
    assert load_calendar(code).is_business_day(day_of(day))


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("XNYS", "2026-11-26"),
        ("XNYS", "2026-07-03"),
        ("XETR", "2026-12-24"),
        ("XJPX", "2026-12-31"),
        ("XHKG", "2026-02-17"),
        ("BVMF", "2026-11-20"),
        ("XECB", "2026-05-01"),
        ("XSHG", "2026-02-28"),  # a Saturday that China works
        ("XTAI", "2025-02-08"),  # a Saturday that Taiwan works, on which the exchange stays closed
        ("XSAU", "2027-01-01"),  # a Friday
        ("country:DE", "2026-10-03"),
        ("country:GB", "2026-12-25"),
        ("country:GB-ENG", "2026-08-31"),
        ("country:DE-AUGSBURG", "2028-08-08"),
        ("country:GB-SCT", "2026-11-30"),
    ],
)
def test_holidays_and_weekends_are_no_business_days(code, day):
    assert not load_calendar(code).is_business_day(day_of(day))


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("XETR", "2026-10-05"),
        ("XETR", "2026-05-25"),
        ("XSAU", "2027-01-03"),  # a Sunday
        ("country:CN", "2026-02-28"),  # a Saturday worked in lieu
        ("country:DE", "2026-12-31"),
        ("country:GB", "2026-08-31"),  # not in Scotland
    ],
)
def test_other_days_are_business_days(code, day):
    assert load_calendar(code).is_business_day(day_of(day))


def test_business_days_are_counted_from_the_start_on_and_before_the_end():
    calendar = load_calendar("XNYS")
    found = calendar.business_days(day_of("2026-11-25"), day_of("2026-12-01"))
    assert [str(day) for day in found] == ["2026-11-25", "2026-11-27", "2026-11-30"]
    assert calendar.business_days(day_of("2026-11-28"), day_of("2026-11-28")) == ()
    assert len(calendar.business_days(day_of("2026-01-01"), day_of("2027-01-01"))) == 251


@pytest.mark.parametrize(
    ("day", "following", "previous", "modified"),
    [
        ("2026-11-25", "2026-11-25", "2026-11-25", "2026-11-25"),
        ("2026-11-26", "2026-11-27", "2026-11-25", "2026-11-27"),
        ("2026-10-31", "2026-11-02", "2026-10-30", "2026-10-30"),
        ("2027-12-31", "2027-12-31", "2027-12-31", "2027-12-31"),
        ("2028-12-31", "2029-01-02", "2028-12-29", "2028-12-29"),
    ],
)
def test_a_day_moves_to_business_days_around_it(day, following, previous, modified):
    calendar = load_calendar("XNYS")
    assert str(calendar.next_business_day(day_of(day))) == following
    assert str(calendar.previous_business_day(day_of(day))) == previous
    assert str(calendar.modified_following(day_of(day))) == modified


LAST_YEARS = {
    "XNYS": 2100,  # rules for ever; the library's last year
    "XETR": 2100,
    "XECB": 2100,
    "BVMF": 2100,
    "XHKG": 2100,  # closed days for storms are singular
    "XJSE": 2100,  # days of elections are singular, though most years have one
    "XJPX": 2099,  # equinoxes
    "XTAI": 2100,  # days were announced each year until 2025
    "XNZE": 2052,  # Matariki, by an act of parliament
    "XIST": 2032,  # estimated from 2033 on
    "XSAU": 2029,  # announced
    "XSES": 2027,  # estimated from 2028 on
    "XSHG": 2026,  # announced
    "XKAR": 2026,  # announced, and estimated
    "XBUE": 2026,  # announced
    "XNSE": 2025,  # estimated from 2026 on
    "country:SA": 2077,  # the Islamic calendar's table
    "country:HU": 2026,  # announced in most years
    "country:LK": 2026,  # the Sinhala calendar's table
    "country:US": 2100,
}


@pytest.mark.parametrize("code", LAST_YEARS)
def test_last_years_are_where_the_library_stops_knowing(code):
    calendar = load_calendar(code)
    last = calendar.last_year
    assert last == LAST_YEARS[code] or (last > LAST_YEARS[code] and holidays.__version__ != "0.108")
    assert calendar.covers(date(last, 12, 31))
    assert not calendar.covers(date(last + 1, 1, 1))


def test_years_before_the_tables_are_not_covered():
    xetra = load_calendar("XETR")
    assert xetra.first_year == 2016
    assert not xetra.covers(day_of("2015-12-31"))
    assert xetra.covers(day_of("2016-01-01"))


def test_after_the_tables_only_weekends_are_closed():
    calendar = load_calendar("XNYS")
    assert calendar.is_business_day(day_of("2103-12-25"))
    assert not calendar.is_business_day(day_of("2103-12-22"))


@pytest.mark.parametrize("code", sorted(holidays.list_supported_financial(include_aliases=False)))
def test_every_market_of_the_library_has_a_calendar(code):
    calendar = load_calendar(code)
    assert calendar.code == code
    assert calendar.first_year <= 2026
    assert 2025 <= calendar.last_year <= 2100
    business_days = calendar.business_days(day_of("2026-01-01"), day_of("2027-01-01"))
    assert 235 <= len(business_days) <= 260


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("xnys", "XNYS"),
        ("NYSE", "XNYS"),
        ("NASDAQ", "XNAS"),
        ("ECB", "XECB"),
        ("target", "XECB"),
        ("XFRA", "XETR"),
        ("XTKS", "XJPX"),
        ("B3", "BVMF"),
        ("country:de", "country:DE"),
        ("country:gb-eng", "country:GB-ENG"),
        ("Country:DE", "country:DE"),
    ],
)
def test_codes_are_read_in_any_case_and_by_common_synonyms(text, code):
    assert load_calendar(text).code == code
    assert load_calendar(text) is load_calendar(code)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("XNYC", r"^XNYC: no calendar of the holidays library; did you mean 'XNYS'\?\Z"),
        ("TSE", r"^TSE: no calendar of the holidays library; did you mean 'XTSE'\?\Z"),
        ("QQ", r"^QQ: no calendar of the holidays library; choose from XASX, .*, BVMF, .*, XWAR"),
        ("", r"^'': no calendar of the holidays library; choose from "),
        ("country:ZZ", r"^country:ZZ: no country of the holidays library; write an ISO 3166 code such as country:DE"),
        ("country:", r"^country:: no country of the holidays library; write an ISO 3166 code such as country:DE"),
        ("country:GB-ENGL", r"^country:GB-ENGL: no part of the country in the holidays library; did you mean 'ENG'\?"),
        ("country:DE-ZZ", r"^country:DE-ZZ: no part of the country in the holidays library; choose from BB, .*, TH, "),
        ("country:SE-X", r"^country:SE-X: no part of the country in the holidays library; write country:SE\Z"),
        ("city:DE", r"^city:DE: unknown kind of calendar; write a market such as XNYS, or a country such as country"),
    ],
)
def test_unknown_codes_are_refused_with_a_remedy(code, words):
    with pytest.raises(ValueError, match=words):
        load_calendar(code)


def test_a_calendar_without_the_library_names_the_extra(monkeypatch):
    _loaded.cache_clear()
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(MissingExtra, match=r"^calendar XNYS needs the holidays library; run: uv sync --extra cal"):
        load_calendar("NYSE")
