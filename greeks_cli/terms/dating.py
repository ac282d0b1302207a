"""Dates of a request: the day of valuation, and the conventions by which dates become times in years."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from greeks_cli.terms.calendars import Calendar, load_calendar
from greeks_cli.terms.curve import Curve, VolCurve, pairs_of
from greeks_cli.terms.dates import later, read_date, read_tenor
from greeks_cli.terms.day_counts import DayCount, read_day_count, years_between
from greeks_cli.terms.dividends import Dividends
from greeks_cli.terms.errors import Problem
from greeks_cli.terms.fields import Term
from greeks_cli.terms.nodes import label_of
from greeks_cli.terms.schedules import Rule, read_rule, scheduled

TODAY = 1e-30
"""The time in years to the expiry of a contract that has expired."""
DATED = ("expiry", "start", "window_start", "window_end")
"""Fields of a contract that may be a date or a tenor."""
LISTS = {
    "fixing_times": "add its price to past_fixings",
    "monitoring_times": "say in knocked or running_extreme what it has seen",
}
"""Fields of a contract that may be a list of dates, and the remedy for a date that has passed."""
RULES = {"fixings": "fixing_times", "monitoring": "monitoring_times"}
"""Fields of a contract that may be a rule, and the field of the dates of the rule."""
NODED: Mapping[str, type[Curve] | type[Dividends]] = {
    "vol": VolCurve,
    "rate": Curve,
    "dividend_yield": Curve,
    "borrow": Curve,
    "dividends": Dividends,
}
"""Parameters of a market that may have nodes by date or tenor, and their types."""
DATE_FIELDS = (*DATED, *LISTS, *RULES)
"""All fields of a contract that may be a text about dates."""
_NO_VALUATION = "a date or a tenor counts from the day of valuation; give the valuation date, such as 2026-11-30"
_LONG_EXPIRED = "contracts that expired before the day of valuation are worth their payoff at today's spot"
_LOOKS_DATED = re.compile(r"\d{4}-|\d{1,2}[-/]\d|\d{1,2}\.\d{1,2}\.\d|\d{8}$|\d+[DWMYdwmy]")


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


@dataclass
class Dated:
    """Fields of a contract with times in years, the dates behind them, and remarks on the dates."""

    fields: dict[str, Any]
    dates: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    has_expired: bool = False


def in_years(fields: Mapping[str, Any], dating: Dating) -> Dated:
    """The fields of a contract with dates, tenors and rules replaced by times in years."""
    found = Dated(dict(fields))
    clock = _Clock(dating, load_calendar(dating.calendar) if dating.calendar else None, found)
    for name in DATED:
        if is_dated(fields.get(name)):
            clock.tried(name, clock.single)
    for name in LISTS:
        if any(map(is_dated, _items(fields.get(name)))):
            clock.tried(name, clock.several)
    for name in RULES:
        if is_rule(fields.get(name)):
            clock.tried(name, clock.by_rule)
    return found


def curves_in_years(market: Mapping[str, Any], dating: Dating) -> Dated:
    """The parameters of a market, those whose nodes are dates or tenors as curves in years.

    A curve that cannot be read stays as it is, for the validation of the market to refuse.
    """
    found = Dated(dict(market))
    clock = _Clock(dating, load_calendar(dating.calendar) if dating.calendar else None, found, "market")
    for name in NODED:
        try:
            nodes = [node for node, _ in pairs_of(market.get(name)) or ()]
        except ValueError:
            continue
        if any(map(is_dated, nodes)) and not isinstance(market[name], Curve):
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
        nodes = pairs_of(self.found.fields[name]) or []
        labels = [_label(str(node).strip()) for node, _ in nodes]
        self.found.fields[name] = NODED[name].of([(self._node(node), value) for node, value in nodes], labels)
        self.found.dates[name] = labels

    def _node(self, node: object) -> object:
        """The time of a node."""
        if not is_dated(node):
            return node
        day = self._day(node)
        if day <= self._today:
            raise ValueError(f"node {node}: is not after the day of valuation, {self._today}; leave the node out")
        return self._years(day)

    def single(self, name: str) -> None:
        """Replaces a date or a tenor; an expiry on the day of valuation or before has passed."""
        day = self._day(self.found.fields[name])
        self.found.dates[name] = str(day)
        if name == "expiry" and day <= self._today:
            self.found.has_expired = True
            self.found.fields[name] = TODAY
            if day < self._today:
                self.found.remarks.append(_LONG_EXPIRED)
        elif name == "window_start" and day <= self._today:
            self.found.fields[name] = 0.0
        elif name == "window_end" and day <= self._today:
            raise ValueError(f"{day}: the window is over; say in knocked what it has seen, or price the European")
        elif day <= self._today:
            raise ValueError(f"{day}: is not after the day of valuation, {self._today}; leave the trade out")
        else:
            self.found.fields[name] = self._years(day)

    def several(self, name: str) -> None:
        """Replaces a list of dates."""
        days = [self._day(item) for item in _items(self.found.fields[name])]
        if passed := next((day for day in days if day < self._today), None):
            message = f"{passed}: lies before the day of valuation, {self._today}; leave it out, and {LISTS[name]}"
            raise ValueError(message)
        self._set(name, days)

    def by_rule(self, name: str) -> None:
        """Replaces a rule by the times of its dates, the last at or before the expiry."""
        if "expiry" not in self.found.dates:
            raise ValueError(f"{self.found.fields[name]}: the rule counts back from a date; give the expiry as one")
        if self.found.has_expired:
            raise ValueError("the contract has expired, and its dates are over; leave it out")
        expiry = date.fromisoformat(self.found.dates["expiry"])
        listed, rule = RULES[name], read_rule(str(self.found.fields.pop(name)).strip())
        if self.found.fields.get(listed) is not None:
            raise ValueError(f"{name} and {listed} exclude each other; give one of them")
        days = sorted({min(day, self._last(expiry)) for day in scheduled(self._today, expiry, rule, self.calendar)})
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

    def _last(self, expiry: date) -> date:
        """The last business day up to the expiry."""
        return self.calendar.previous_business_day(expiry) if self.calendar else expiry

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


def _items(value: object) -> Sequence[object]:
    if isinstance(value, str):
        return [item.strip() for item in re.split("[,;]", value) if item.strip()]
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


def is_dated(value: object) -> bool:
    """True for a date, and for a text that is no number but begins as a date or a tenor does."""
    if isinstance(value, date):
        return True
    return isinstance(value, str) and bool(_LOOKS_DATED.match(value.strip())) and not _is_number(value)


def _is_number(text: str) -> bool:
    try:
        return float(text) < 1e5
    except ValueError:
        return False


def _label(node: str) -> str:
    """The name of a node: a date or a tenor as it is, a time as a number."""
    return label_of(float(node)) if _is_number(node) else node


def is_rule(value: object) -> bool:
    """True for the name of a rule, such as monthly."""
    return isinstance(value, str) and value.strip().lower() in list(Rule)
