"""Business days of markets and countries, from the tables of the ``holidays`` library.

The library's tables are of three kinds. A rule such as "the first Monday of September" holds until the library's last
year, mostly 2100; later years have no holidays at all there, without a warning. A lunar calendar is tabulated: the
library marks a date that is not confirmed yet as ``(estimated)``, and holidays vanish after the table's last year. Days
that a government or exchange announces each year, such as China's, are listed by year, up to the last one announced.
No attribute of the library tells the kinds apart: ``Calendar.last_year`` derives the end from these three traces.

The library's BVMF is the calendar of Brazil's banks (ANBIMA), which bus/252 counts by. B3 itself has no session on
24 December and on the last weekday of a year, which are business days here.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from types import ModuleType
from typing import Any

from greeks_cli.terms.dates.calendar_dates import refusal
from greeks_cli.terms.errors import MissingExtra, did_you_mean

_DAY = timedelta(days=1)
_SYNONYMS = {
    "B3": "BVMF",
    "ECB": "XECB",
    "TARGET": "XECB",
    "NASDAQ": "XNAS",
    "NYSE": "XNYS",
    "XFRA": "XETR",
    "XTKS": "XJPX",
}
_RELEASED = 2026
"""The year of the first release of the library that ``pyproject.toml`` admits: its tables reach at least this year."""
_LONG = 10
"""Years without a holiday that show that it has vanished, and years of announcements that show that they are usual."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business days of a market or country: the days but weekends and public holidays.

    A day with a shortened session is a business day. Before ``first_year`` and after the library's last year, every
    day but the weekend is one.
    """

    code: str
    first_year: int
    """The first year of the library's tables."""
    last_year: int
    """The last year whose holidays are known: neither estimated, nor still to be announced, nor after the tables."""
    _table: Any = field(repr=False, compare=False)

    def covers(self, day: date) -> bool:
        """True if the holidays of the date's year are known."""
        return self.first_year <= day.year <= self.last_year

    def is_business_day(self, day: date) -> bool:
        return bool(self._table.is_working_day(day))

    def next_business_day(self, day: date) -> date:
        """The first business day on or after the date."""
        while not self.is_business_day(day):
            day += _DAY
        return day

    def previous_business_day(self, day: date) -> date:
        """The last business day on or before the date."""
        while not self.is_business_day(day):
            day -= _DAY
        return day

    def modified_following(self, day: date) -> date:
        """The next business day, unless another month contains it: then the previous one. ISDA 2006, section 4.12."""
        following = self.next_business_day(day)
        return following if following.month == day.month else self.previous_business_day(day)

    def business_days(self, start: date, end: date) -> tuple[date, ...]:
        """The business days from ``start`` on and before ``end``."""
        days = (start + timedelta(days=count) for count in range((end - start).days))
        return tuple(day for day in days if self.is_business_day(day))


def load_calendar(code: str) -> Calendar:
    """The calendar of a market or a country; upper and lower case are one.

    A market has its ISO 10383 code: ``XNYS``, ``XETR``, ``BVMF``. ``XECB`` has the days of the ECB's payment system,
    TARGET; ``XSIF`` has those of SIFMA, for the bond markets of the USA. Most other short names of the library are
    refused: ``TSE`` is Tokyo to the library and Toronto to others. ``country:GB`` has the holidays that the whole
    country keeps, ``country:GB-ENG`` those of a part, with its ISO 3166-2 code.

    Raises MissingExtra without the library, and ValueError for an unknown code.
    """
    kind, colon, name = code.rpartition(":")
    if colon and kind.lower() != "country":
        raise refusal(code, "unknown kind of calendar; write a market such as XNYS, or a country such as country:DE")
    name = name.upper()
    return _loaded(f"country:{name}" if colon else _SYNONYMS.get(name, name))


@cache
def _loaded(code: str) -> Calendar:
    """The calendar of a code in the library's spelling."""
    table = _table(_library(code), code)
    return Calendar(code, table.start_year, _last_year(table), table)


def _library(code: str) -> ModuleType:
    try:
        import holidays
    except ImportError:
        raise MissingExtra(f"calendar {code}", "the holidays library", "calendars") from None
    return holidays


def _table(library: ModuleType, code: str) -> Any:
    """The library's holidays of all years, with English names."""
    if code.startswith("country:"):
        return _filled(library.country_holidays, *_country(library, code))
    known = library.list_supported_financial(include_aliases=False)
    if code not in known:
        raise refusal(code, f"no calendar of the holidays library; {did_you_mean(code, known)}")
    table = _filled(library.financial_holidays, code)
    # The library opens Taiwan's exchange on Saturdays that banks work in lieu of another day; it stays closed.
    table.weekend_workdays.clear()
    return table


def _country(library: ModuleType, code: str) -> tuple[str, str | None]:
    """The ISO 3166 codes of a country and its part."""
    country, dash, part = code.removeprefix("country:").partition("-")
    known = library.list_supported_countries(include_aliases=False)
    if country not in known:
        raise refusal(code, "no country of the holidays library; write an ISO 3166 code such as country:DE")
    parts = {name.upper(): name for name in known[country]}
    if dash and part not in parts:
        remedy = did_you_mean(part, parts) if parts else f"write country:{country}"
        raise refusal(code, f"no part of the country in the holidays library; {remedy}")
    return country, parts.get(part)


def _filled(make: Callable[..., Any], *place: str | None) -> Any:
    """The holidays of a place, from its first year in the library to its last."""
    empty = make(*place)
    language = "en_US" if "en_US" in empty.supported_languages else None
    with warnings.catch_warnings():
        # India's tables warn that they end; last_year says so.
        warnings.simplefilter("ignore")
        return make(*place, years=range(empty.start_year, empty.end_year + 1), expand=False, language=language)


def _last_year(table: Any) -> int:
    """The last year before estimates, before announcements are missing, and before holidays vanish."""
    estimated = (day.year - 1 for day, name in table.items() if day.year >= _RELEASED and "estimated" in name.lower())
    return min([table.end_year, *estimated, *_last_announcement(table), *_vanishings(table)])


def _last_announcement(table: Any) -> Iterator[int]:
    """The last year of the list of announced days, if most years have some; other lists hold singular events."""
    years = set(getattr(table, "special_public_holidays", ()))
    last = max(years, default=0)
    span = range(max(table.start_year, last - _LONG + 1), last + 1)
    if last >= _RELEASED and len(years.intersection(span)) >= 0.8 * len(span):
        yield last


def _vanishings(table: Any) -> Iterator[int]:
    """The last years of holidays that recur in the first years from ``_RELEASED`` on, and stop before the tables do."""
    years: dict[str, set[int]] = {}
    for day, names in table.items():
        for name in names.split("; "):
            years.setdefault(name, set()).add(day.year)
    for found in years.values():
        if len(found.intersection(range(_RELEASED, _RELEASED + 5))) >= 3 and max(found) <= table.end_year - _LONG:
            yield max(found)
