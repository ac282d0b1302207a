"""Schedules: the dates of fixings, by a rule."""

import enum
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, takewhile

from greeks_cli.terms.dates.calendar_dates import months_later, refusal
from greeks_cli.terms.dates.calendars import Calendar
from greeks_cli.terms.errors import did_you_mean

_FRIDAY = 4


class Rule(enum.StrEnum):
    """The distance between the dates of a schedule."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


_MONTHS = {Rule.MONTHLY: 1, Rule.QUARTERLY: 3, Rule.YEARLY: 12}


def read_rule(text: str) -> Rule:
    """The rule of a name in any case. Raises ValueError for an unknown name."""
    try:
        return Rule(text.lower())
    except ValueError:
        raise refusal(text, f"unknown rule of a schedule; {did_you_mean(text.lower(), list(Rule))}") from None


def scheduled(start: date, end: date, rule: Rule, calendar: Calendar | None = None) -> tuple[date, ...]:
    """The increasing dates after ``start``, counted back from ``end``, which is the last one.

    Months are counted from ``end`` itself: a month without that day gives its last one, and an end on a month's last
    day does not move the others to the last. A daily schedule has all business days, without a calendar Mondays to
    Fridays.

    With a calendar, every date moves to a business day by ``Calendar.modified_following``, but none beyond the last
    business day up to ``end``. Of dates that move to one day, one stays; a date that moves to ``start`` or before is
    left out.

    Raises ValueError if ``end`` is not after ``start``, and if no business day is left.
    """
    if end <= start:
        raise refusal(end, f"a schedule ends after its start, {start}; write a later date")
    dates = _daily(start, end, calendar) if rule is Rule.DAILY else takewhile(lambda day: day > start, _back(end, rule))
    if calendar is None:
        moved = set(dates)
    else:
        last = calendar.previous_business_day(end)
        moved = {min(calendar.modified_following(day), last) for day in dates}
    found = tuple(sorted(day for day in moved if day > start))
    if not found:
        raise refusal(end, f"no business day from here back to the start, {start}; write a later date")
    return found


def _daily(start: date, end: date, calendar: Calendar | None) -> Iterator[date]:
    """The business days between both dates, and ``end``."""
    for days in range(1, (end - start).days):
        day = start + timedelta(days=days)
        if day.weekday() <= _FRIDAY if calendar is None else calendar.is_business_day(day):
            yield day
    yield end


def _back(end: date, rule: Rule) -> Iterator[date]:
    """Dates from ``end`` backwards, a week or some months apart."""
    if rule is Rule.WEEKLY:
        return (end - timedelta(weeks=weeks) for weeks in count())
    return (months_later(end, -_MONTHS[rule] * periods) for periods in count())
