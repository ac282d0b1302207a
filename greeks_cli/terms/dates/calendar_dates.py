"""Calendar dates and tenors: the text that a user writes, and the dates that follow from it."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from greeks_cli.terms.errors import printable

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TENOR = re.compile("(?=[0-9])(?:([0-9]{1,5})Y)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})W)?(?:([0-9]{1,5})D)?", re.IGNORECASE)
_LONGEST_VALUE = 80


def refusal(value: object, reason: str) -> ValueError:
    """A ValueError whose message is one line: the value, and the reason with its remedy."""
    shown = printable(str(value)) or "''"
    return ValueError(f"{shown[:_LONGEST_VALUE]}{'...' if len(shown) > _LONGEST_VALUE else ''}: {reason}")


def read_date(value: object) -> date:
    """The date of ISO text such as ``2027-06-18``, or of a ``datetime.date``, which TOML gives.

    Other forms of ISO 8601 (``20270618``, ``2027-W24-5``), dates with a time of day, and any order but year, month, day
    raise ValueError.
    """
    if isinstance(value, datetime):
        raise refusal(value, f"a date has no time of day; write {value.date()}")
    if isinstance(value, date):
        return value
    text = str(value)
    if not _DATE.fullmatch(text):
        raise refusal(
            value, f"not a date of the form YEAR-MONTH-DAY; write {_dashed(text) or 'one such as 2027-06-18'}"
        )
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise refusal(value, f"no such date ({error}); write a date such as 2027-06-18") from None


def _dashed(text: str) -> str | None:
    """Eight digits with the dashes of ISO 8601; None if they are not a date."""
    dashed = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return str(date.fromisoformat(dashed)) if _DATE.fullmatch(dashed) else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Tenor:
    """A length of time on the calendar; a year is 12 months, a week is 7 days."""

    months: int
    days: int


def read_tenor(text: str) -> Tenor:
    """The tenor of ``10D``, ``2W``, ``6M``, ``1Y`` or a combination from years to days such as ``1Y6M``, in any case.

    Raises ValueError for other text and for a tenor of length zero.
    """
    found = _TENOR.fullmatch(text)
    if found is None:
        raise refusal(text, "not a tenor; write a count and D, W, M or Y such as 6M, the largest unit first as in 1Y6M")
    years, months, weeks, days = (int(count or 0) for count in found.groups())
    tenor = Tenor(12 * years + months, 7 * weeks + days)
    if tenor == Tenor(0, 0):
        raise refusal(text, "a tenor is longer than nothing; write one such as 6M")
    return tenor


def later(day: date, tenor: Tenor) -> date:
    """The date one tenor after ``day``: the months first, then the days.

    A month without that day gives its last one: a month after 31 January is 28 or 29 February. Raises ValueError
    beyond year 9999.
    """
    try:
        return months_later(day, tenor.months) + timedelta(days=tenor.days)
    except (ValueError, OverflowError):
        length = f"{tenor.months} months and {tenor.days} days"
        raise refusal(day, f"no calendar reaches {length} further; write a shorter tenor") from None


def months_later(day: date, months: int) -> date:
    """The date ``months`` later, or earlier if negative, on that day of the month or the last one before it.

    Raises ValueError outside years 1 to 9999.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if not date.min.year <= year <= date.max.year:
        raise refusal(day, f"{months} months from here is no year from 1 to 9999; write a shorter time")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
