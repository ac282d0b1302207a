"""Dates of a request: the day of valuation, and the conventions by which dates become times in years."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from greeks_cli.terms.dates.calendar_dates import later, read_date, read_tenor
from greeks_cli.terms.dates.calendars import Calendar, load_calendar
from greeks_cli.terms.dates.date_fields import DATED, LISTS, RULES, is_dated, is_rule, items_of, label_of_date
from greeks_cli.terms.dates.day_counts import DayCount, read_day_count, years_between
from greeks_cli.terms.dates.schedules import read_rule, scheduled
from greeks_cli.terms.errors import Problem
from greeks_cli.terms.fields import TODAY, Term
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.models import foreign_of
from greeks_cli.terms.markets.noded import NODED, entries_of
from greeks_cli.terms.markets.vol_surface import VolSurface

_NO_VALUATION = "a date or a tenor counts from the day of valuation; give the valuation date, such as 2026-11-30"
_LONG_EXPIRED = "contracts that expired before the day of valuation are worth their payoff at today's spot"


class Dating(Term):
    """The day of valuation and the conventions of dates. Times in years need none."""

    valuation_date: Annotated[date, BeforeValidator(read_date)] | None = Field(
        None, description="day of valuation, such as 2026-11-30, from which dates and tenors count"
    )
    day_count: Annotated[DayCount, BeforeValidator(lambda value: read_day_count(str(value)))] = Field(
        DayCount.ACT_365F, description="day count that makes years of dates, such as act/360 or 30e/360"
    )
    calendar: str | None = Field(
        None, description="business days of a market, such as XNYS or ECB, for tenors and rules (extra: calendars)"
    )

    @field_validator("calendar")
    @classmethod
    def _calendar_named(cls, code: str | None) -> str | None:
        if code is not None:
            load_calendar(code)
        return code


@dataclass(frozen=True)
class Dates:
    """The dates of a contract by its fields, with the day of valuation and the conventions that made times of them."""

    fields: Mapping[str, str | list[str]] = field(default_factory=dict[str, str | list[str]])
    dating: Dating = field(default_factory=Dating)
    are_in_market: bool = False
    """True if nodes of the market are dates."""

    @property
    def expiry(self) -> str | None:
        """The date of expiry; None where it is a time."""
        found = self.fields.get("expiry")
        return found if isinstance(found, str) else None

    def document(self) -> dict[str, Any]:
        """The dates and the conventions as JSON has them; empty without dates."""
        if not self.fields and not self.are_in_market:
            return {}
        return {**self.dating.model_dump(mode="json", exclude_none=True), **self.fields}


@dataclass
class Dated:
    """Fields of a contract with times in years, the dates behind them, and remarks on the dates."""

    fields: dict[str, Any]
    dates: dict[str, str | list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def in_years(fields: Mapping[str, Any], dating: Dating) -> Dated:
    """The fields of a contract with dates, tenors and rules replaced by times in years."""
    found = Dated(dict(fields))
    clock = _Clock(dating, load_calendar(dating.calendar) if dating.calendar else None, found)
    for name in DATED:
        if is_dated(fields.get(name)):
            clock.tried(name, clock.single)
    for name in LISTS:
        if any(map(is_dated, items_of(fields.get(name)))):
            clock.tried(name, clock.several)
    for name in RULES:
        if is_rule(fields.get(name)):
            clock.tried(name, clock.by_rule)
    return found


def curves_in_years(market: Mapping[str, Any], dating: Dating) -> Dated:
    """The parameters of a market, those whose nodes are dates or tenors as curves in years.

    A curve that cannot be read stays as it is, for the validation of the market to refuse, and so does one that the
    model does not have.
    """
    foreign = {one.name for one in foreign_of(market)}
    found = Dated(dict(market))
    clock = _Clock(dating, load_calendar(dating.calendar) if dating.calendar else None, found, "market")
    for name in (name for name in NODED if name not in foreign):
        try:
            nodes = [node for node, *_ in entries_of(name, market.get(name))]
        except ValueError:
            continue
        if any(map(is_dated, nodes)) and not isinstance(market[name], Curve | VolSurface):
            clock.tried(name, clock.curve)
    return found


@dataclass
class _Clock:
    """Turns the dates of one contract, or of one market, into years."""

    dating: Dating
    calendar: Calendar | None
    found: Dated
    section: str = "contract"

    def tried(self, name: str, work: Callable[[str], None]) -> None:
        """Does the work for a field; a mistake becomes a problem of the field."""
        if self.dating.valuation_date is None:
            self.found.problems.append(Problem((self.section, name), _NO_VALUATION, self.found.fields[name]))
            return
        try:
            work(name)
        except ValueError as error:
            self.found.problems.append(Problem((self.section, name), str(error)))

    def curve(self, name: str) -> None:
        """Replaces nodes by a curve in years; the nodes keep their names."""
        entries = entries_of(name, self.found.fields[name])
        if name == "dividends":
            entries = [entry for entry in entries if not self._has_passed(entry[0])]
            if not entries:
                self.found.fields[name] = None
                return
        labels = [label_of_date(str(node).strip()) for node, *_ in entries]
        in_years = [(self._node(node), *values) for node, *values in entries]
        self.found.fields[name] = NODED[name].of(in_years, labels)
        self.found.dates[name] = labels

    def _has_passed(self, node: object) -> bool:
        if not is_dated(node) or self._day(node) > self._today:
            return False
        self.found.remarks.append(f"the dividend of {node} was paid before, and is left out")
        return True

    def _node(self, node: object) -> object:
        """The time of a node."""
        if not is_dated(node):
            return node
        day = self._day(node)
        if day <= self._today:
            raise ValueError(f"node {node}: is not after the day of valuation, {self._today}; leave the node out")
        return self._years(day)

    def single(self, name: str) -> None:
        """Replaces a date or a tenor by its time."""
        value = self.found.fields[name]
        day = read_date(value.strip() if isinstance(value, str) else value) if name == "elapsed" else self._day(value)
        self.found.dates[name] = str(day)
        self.found.fields[name] = self._since(day) if name == "elapsed" else self._until(name, day)

    def _since(self, day: date) -> float:
        """Years since the first fixing: until today, or until the expiry that has passed."""
        end = self._expired or self._today
        if day > end:
            raise ValueError(f"{day}: comes after {end}; it is the date of the first past fixing")
        return years_between(day, end, self.dating.day_count, self.calendar) if day < end else 0.0

    def _until(self, name: str, day: date) -> float:
        """Years to a date; of one that has passed, the time that stands for it."""
        if day > self._today:
            return self._years(day)
        if name == "expiry":
            if day < self._today:
                self.found.remarks.append(_LONG_EXPIRED)
            return TODAY
        if name == "window_end":
            raise ValueError(f"{day}: the window is over; say in knocked what it has seen, or price the European")
        if name == "start" and not self._n_past:
            raise ValueError(f"{day}: is not after the day of valuation, {self._today}; give its price in past_fixings")
        return 0.0

    @property
    def _expiry(self) -> date | None:
        """The date of expiry; None where it is a time."""
        expiry = self.found.dates.get("expiry")
        return date.fromisoformat(expiry) if isinstance(expiry, str) else None

    @property
    def _expired(self) -> date | None:
        """The date of an expiry that has passed."""
        return self._expiry if self._expiry and self._expiry <= self._today else None

    @property
    def _n_past(self) -> int:
        """The number of past fixings that the contract states."""
        return len(items_of(self.found.fields.get("past_fixings")))

    def several(self, name: str) -> None:
        """Replaces a list of dates."""
        days = [self._day(item) for item in items_of(self.found.fields[name])]
        if wrong := next(((one, other) for one, other in pairwise(days) if other <= one), None):
            raise ValueError(f"{wrong[1]}: does not come after {wrong[0]}; give the dates in increasing order")
        if name == "fixing_times" and days[0] < self._today:
            days = self._to_come(days)
        elif days[0] < self._today:
            message = f"{days[0]}: lies before the day of valuation, {self._today}; leave it out"
            seen = "" if name == "exercise_times" else ", and say in knocked or running_extreme what it has seen"
            raise ValueError(message + seen)
        if days:
            self._set(name, days)
        else:
            del self.found.fields[name]

    def _to_come(self, days: list[date]) -> list[date]:
        """The fixing dates to come. Raises ValueError where past_fixings has not a price for each other date."""
        n, passed = self._n_past, sum(day < self._today for day in days)
        if n not in (passed, sum(day <= self._today for day in days)):
            named = f"{days[0]} and {passed - 1} more: lie" if passed > 1 else f"{days[0]}: lies"
            message = f"{named} before the day of valuation, {self._today}; give the price of each in past_fixings"
            raise ValueError(f"{message}, which has {n}")
        if n == len(days) and not self._expired:
            raise ValueError(f"{days[-1]}: no fixing is to come, and the payoff is known; leave the trade out")
        return days[n:]

    def by_rule(self, name: str) -> None:
        """Replaces a rule by the times of its dates, the last at or before the expiry."""
        expiry = self._expiry
        if expiry is None:
            raise ValueError(f"{self.found.fields[name]}: the rule counts back from a date; give the expiry as one")
        if self._expired and name == "fixings" and self._n_past:
            del self.found.fields[name]
            return
        if self._expired:
            raise ValueError("the contract has expired, and its dates are over; leave it out")
        listed, rule = RULES[name], read_rule(str(self.found.fields.pop(name)).strip())
        if self.found.fields.get(listed) is not None:
            raise ValueError(f"{name} and {listed} exclude each other; give one of them")
        days = scheduled(self._today, expiry, rule, self.calendar)
        for day in days:
            self._remark(day)
        self._set(listed, days)

    def _set(self, name: str, days: Sequence[date]) -> None:
        """Sets a list of dates and its times. Raises ValueError where two dates are one time."""
        times = [self._years(day) if day > self._today else 0.0 for day in days]
        for (one, at), (other, then) in pairwise(zip(days, times, strict=True)):
            if one < other and at >= then:
                count = self.dating.day_count
                raise ValueError(f"{other}: is the same time as {one} by {count}; use act/365f, or leave one date out")
        self.found.dates[name] = [str(day) for day in days]
        self.found.fields[name] = times

    @property
    def _today(self) -> date:
        assert self.dating.valuation_date is not None
        return self.dating.valuation_date

    def _day(self, value: object) -> date:
        """The date of a date or a tenor, which ends on a business day."""
        if not isinstance(value, str) or not re.fullmatch(r"(\d+[DWMY])+", value.strip(), re.IGNORECASE):
            day = read_date(value.strip() if isinstance(value, str) else value)
        else:
            day = later(self._today, read_tenor(value.strip()))
            day = self.calendar.modified_following(day) if self.calendar else day
        self._remark(day)
        return day

    def _years(self, day: date) -> float:
        """The years to a later date. Raises ValueError where the day count gives none."""
        years = years_between(self._today, day, self.dating.day_count, self.calendar)
        if years <= 0:
            message = f"no time passes from {self._today} by {self.dating.day_count}; use act/365f, or a later date"
            raise ValueError(f"{day}: {message}")
        return years

    def _remark(self, day: date) -> None:
        if self.calendar and not self.calendar.covers(day):
            code, year = self.calendar.code, self.calendar.last_year
            remark = f"the holidays of {code} are known until {year}; later dates count weekends alone"
            if remark not in self.found.remarks:
                self.found.remarks.append(remark)
