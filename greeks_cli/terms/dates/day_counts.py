"""Day counts: the length in years of the time between two dates.

References: 2006 ISDA Definitions, section 4.16; ICMA Rule Book, rule 251; SIFMA, Standard Securities Calculation
Methods (30/360 with the rule for the end of February); ANBIMA, for bus/252.
"""

import enum
import re
from calendar import isleap
from collections.abc import Callable
from datetime import date, timedelta

from greeks_cli.terms.dates.calendar_dates import months_later, refusal
from greeks_cli.terms.dates.calendars import Calendar
from greeks_cli.terms.errors import did_you_mean


class DayCount(enum.StrEnum):
    """A convention for the length in years of the time from a start date to a later end date."""

    ACT_365F = "act/365f"
    """Days by 365: ISDA 4.16(d)."""
    ACT_360 = "act/360"
    """Days by 360: ISDA 4.16(e)."""
    ACT_ACT_ISDA = "act/act-isda"
    """Days in leap years by 366, other days by 365: ISDA 4.16(b)."""
    ACT_ACT_ICMA = "act/act-icma"
    """Whole years counted back from the end, the rest by the days of the year that it lies in: ICMA rule 251."""
    BOND_BASIS = "30/360-bond-basis"
    """Months of 30 days; an end on the 31st is the 30th if the start is the 30th or 31st: ISDA 4.16(f)."""
    US_30_360 = "30/360-us"
    """Bond basis, with the last day of February as the 30th, for the end only if for the start too: SIFMA."""
    EUROBOND_BASIS = "30e/360"
    """Months of 30 days; the 31st is the 30th: ISDA 4.16(g)."""
    EUROBOND_ISDA = "30e/360-isda"
    """Months of 30 days; the last day of every month is the 30th: ISDA 4.16(h)."""
    BUS_252 = "bus/252"
    """Business days by 252, the start included and the end not: ANBIMA, Brazil."""


_SYNONYMS = {
    "act/365fixed": DayCount.ACT_365F,
    "a/365f": DayCount.ACT_365F,
    "act/actisma": DayCount.ACT_ACT_ICMA,
    "bondbasis": DayCount.BOND_BASIS,
    "30u/360": DayCount.US_30_360,
    "eurobondbasis": DayCount.EUROBOND_BASIS,
    "business/252": DayCount.BUS_252,
}
_AMBIGUOUS = {
    # ISDA's definitions before 2000 call act/act-isda "Actual/365".
    "act/365": (DayCount.ACT_365F, DayCount.ACT_ACT_ISDA),
    "act/act": (DayCount.ACT_ACT_ISDA, DayCount.ACT_ACT_ICMA),
    "30/360": (DayCount.BOND_BASIS, DayCount.US_30_360, DayCount.EUROBOND_BASIS, DayCount.EUROBOND_ISDA),
    "360/360": (DayCount.BOND_BASIS, DayCount.US_30_360),
    "30/360isda": (DayCount.BOND_BASIS, DayCount.EUROBOND_ISDA),
}
"""Names that mean different day counts in different libraries and contracts."""


def read_day_count(text: str) -> DayCount:
    """The day count of a name, in any case; ``actual`` is ``act``, and blanks, dashes and parentheses do not count.

    Raises ValueError for an unknown name, and for one that has several meanings, such as ``30/360``.
    """
    key = _squeezed(text)
    if key in _AMBIGUOUS:
        *others, last = _AMBIGUOUS[key]
        raise refusal(text, f"several day counts have this name; write {', '.join(others)} or {last}")
    known = {_squeezed(name): name for name in DayCount} | _SYNONYMS
    if key not in known:
        raise refusal(text, f"unknown day count; {did_you_mean(text.lower(), list(DayCount))}")
    return known[key]


def _squeezed(name: str) -> str:
    return re.sub(r"[\s()_-]", "", name.lower()).replace("actual", "act")


def years_between(start: date, end: date, day_count: DayCount, calendar: Calendar | None = None) -> float:
    """The time in years from ``start`` to ``end``: zero for equal dates, and never less for a later end.

    ``calendar`` matters to bus/252 alone. Raises ValueError if the end is before the start, and for bus/252 without a
    calendar.
    """
    if end < start:
        raise refusal(end, f"before the start of the period, {start}; write {start} or a later date")
    if day_count is not DayCount.BUS_252:
        return _YEARS[day_count](start, end)
    if calendar is None:
        raise refusal(day_count, "business days need a calendar; name one such as BVMF, or write act/365f")
    return len(calendar.business_days(start, end)) / 252


def _act_365f(start: date, end: date) -> float:
    return (end - start).days / 365


def _act_360(start: date, end: date) -> float:
    return (end - start).days / 360


def _act_act_isda(start: date, end: date) -> float:
    leap = _leap_days(end) - _leap_days(start)
    return leap / 366 + ((end - start).days - leap) / 365


def _leap_days(day: date) -> int:
    """The number of days before ``day`` that lie in leap years."""
    before = day.year - 1
    leap_years = before // 4 - before // 100 + before // 400
    return 366 * leap_years + isleap(day.year) * (day.timetuple().tm_yday - 1)


def _act_act_icma(start: date, end: date) -> float:
    """Rule 251 with annual periods that end at ``end``; the first of them contains ``start``.

    Each period's end is counted from ``end``, so that a period from 29 February ends on 28 or 29 February.
    """
    whole = end.year - start.year
    whole -= months_later(end, -12 * whole) < start
    last = months_later(end, -12 * whole)
    return whole + (last - start).days / (last - months_later(end, -12 * (whole + 1))).days


def _bond_basis(start: date, end: date) -> float:
    first = min(start.day, 30)
    return _years_of_360(start, end, first, 30 if first == 30 and end.day == 31 else end.day)


def _us_30_360(start: date, end: date) -> float:
    first = 30 if _ends_february(start) else min(start.day, 30)
    last = 30 if _ends_february(start) and _ends_february(end) else end.day
    return _years_of_360(start, end, first, 30 if first == 30 and last == 31 else last)


def _eurobond_basis(start: date, end: date) -> float:
    return _years_of_360(start, end, min(start.day, 30), min(end.day, 30))


def _eurobond_isda(start: date, end: date) -> float:
    """ISDA 4.16(h), where ``end`` is a date like others, not the termination date, whose February keeps its days."""
    first, last = (30 if _ends_february(day) else min(day.day, 30) for day in (start, end))
    return _years_of_360(start, end, first, last)


def _years_of_360(start: date, end: date, first: int, last: int) -> float:
    """The years from day ``first`` of the start's month to day ``last`` of the end's, in months of 30 days."""
    return (360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first) / 360


def _ends_february(day: date) -> bool:
    return day.month == 2 and (day + timedelta(days=1)).month == 3


_YEARS: dict[DayCount, Callable[[date, date], float]] = {
    DayCount.ACT_365F: _act_365f,
    DayCount.ACT_360: _act_360,
    DayCount.ACT_ACT_ISDA: _act_act_isda,
    DayCount.ACT_ACT_ICMA: _act_act_icma,
    DayCount.BOND_BASIS: _bond_basis,
    DayCount.US_30_360: _us_30_360,
    DayCount.EUROBOND_BASIS: _eurobond_basis,
    DayCount.EUROBOND_ISDA: _eurobond_isda,
}
