"""Totals of a book: which trades are added up, in which measures.

Greeks of one underlying add up. Over several underlyings only money does: value, cash delta, cash gamma, vega, theta
and rho. Currencies add up by their rates alone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.greek import NAMED, Greek, Units
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.position import TAG
from greeks_cli.terms.request import Request
from greeks_cli.terms.trade import Trade

TOTAL = "total"
"""Id of the row of a total, or the beginning of the id."""
_USUAL = ("underlying", "currency")
_MONEY = ("price", "vega", "theta", "rho")
"""Greeks that are money, whatever the underlying; at a node, too."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A Greek of a trade as it is added up: as it is, or times a power of the spot."""

    name: str
    greek: Greek
    power: int = 0
    per: float = 1.0

    def factor(self, request: Request) -> float:
        """The factor from the Greek of a request to the measure."""
        return float(request.market.spot**self.power * self.per)

    def scale(self, units: Units) -> float:
        """The factor from the raw measure to the units."""
        return units.scale(self.greek)

    def unit(self, units: Units) -> str:
        """The unit in words."""
        return _CASH_UNITS.get(self.name) or units.label(self.greek)


CASH = (
    Measure("cash_delta", NAMED["delta"], 1),
    Measure("cash_gamma", NAMED["gamma"], 2, 0.01),
)
"""Delta times the spot, and gamma times the squared spot over 100: the change of the cash delta by 1% of the spot."""
_CASH_UNITS = {"cash_delta": "currency", "cash_gamma": "currency per 1% of the spot"}


@dataclass(frozen=True, slots=True)
class Sum:
    """Sum of a measure over trades; ``stderr`` is the standard error of the sum, ``bias`` bounds its bias."""

    measure: Measure
    value: float
    stderr: float
    bias: float


@dataclass(frozen=True)
class Total:
    """Trades that are added up; ``members`` are their places in the book, ``weights`` the units of each."""

    by: Mapping[str, str | None]
    """The fields that the trades have in common."""
    members: tuple[int, ...]
    weights: tuple[float, ...]
    measures: tuple[Measure, ...]
    is_only: bool = False
    """True if the book has no other total."""

    @property
    def id(self) -> str:
        """The name of the row."""
        named = [f"{name}={_quoted(value)}" for name, value in self.by.items() if value or name != "currency"]
        return TOTAL if self.is_only or not named else f"{TOTAL}[{','.join(named)}]"


def totals_of(trades: Sequence[Trade], by: Sequence[str] = (), rates: "Rates | None" = None) -> list[Total]:
    """The totals of a book: of each underlying and currency, of each currency, and of all in the base of the rates.

    ``by`` are fields in place of underlying and currency; the currencies of a group stay apart. Raises InvalidInput
    where no trade has a field, or a rate is missing.
    """
    if unknown := [name for name in by if not any(_get(trade, name) for trade in trades)]:
        raise InvalidInput([Problem(("--total-by",), "no trade has this field", name) for name in unknown])
    if not trades:
        return [Total({}, (), (), (), is_only=True)]
    everywhere = range(len(trades))
    groups = _grouped(trades, everywhere, dict.fromkeys((*(by or _USUAL), "currency")))
    if len(groups) > 1:
        wider = _grouped(trades, everywhere, ["currency"])
        groups |= {key: members for key, members in wider.items() if members not in groups.values()}
    found = [_total(trades, dict(key), members) for key, members in groups.items()]
    if rates and {trade.position.currency for trade in trades} != {rates.base}:
        found.append(_in_base(trades, rates))
    return [replace(found[0], is_only=True)] if len(found) == 1 else found


def _quoted(value: str | None) -> str:
    """A value of a field, in quotes where it holds a sign that divides fields; nothing where there is none."""
    if value is None:
        return ""
    return json.dumps(value) if set(value) & set('",=[]') else value


@dataclass(frozen=True)
class Rates:
    """Rates of exchange: the value of one unit of each currency in the base currency."""

    base: str
    values: Mapping[str, float]

    def of(self, currency: str | None) -> float:
        """The value of one unit. Raises InvalidInput where there is no rate."""
        if currency == self.base:
            return 1.0
        if currency is None or currency not in self.values:
            name = "none" if currency is None else currency
            message = f"a trade has this currency, and [fx] no rate from it to {self.base}; add one"
            raise InvalidInput([Problem(("[fx]",), message, name)])
        return self.values[currency]


def _get(trade: Trade, name: str) -> str | None:
    if name in _USUAL or name.startswith(TAG):
        return trade.position.get(name)
    choices = f"{', '.join(_USUAL)}, or {TAG}NAME"
    raise InvalidInput([Problem(("--total-by",), f"is no field to add up by; use {choices}", name)])


def _grouped(
    trades: Sequence[Trade], places: Sequence[int], names: Sequence[str] | Mapping[str, None]
) -> dict[tuple[tuple[str, str | None], ...], list[int]]:
    """The places of the trades by their values of some fields, in order of appearance."""
    found: dict[tuple[tuple[str, str | None], ...], list[int]] = {}
    for place in places:
        key = tuple((name, _get(trades[place], name)) for name in names)
        found.setdefault(key, []).append(place)
    return found


def _total(trades: Sequence[Trade], by: Mapping[str, str | None], members: Sequence[int]) -> Total:
    weights = tuple(trades[place].position.scale for place in members)
    return Total(by, tuple(members), weights, _measures([trades[place] for place in members]))


def _in_base(trades: Sequence[Trade], rates: Rates) -> Total:
    weights = tuple(trade.position.scale * rates.of(trade.position.currency) for trade in trades)
    return Total({"in": rates.base}, tuple(range(len(trades))), weights, _measures(trades, money=True))


def _measures(trades: Sequence[Trade], money: bool = False) -> tuple[Measure, ...]:
    """The measures of trades: the Greeks that all have, or those that are money where the underlyings differ."""
    every = [{greek.name for greek in trade.request.greeks} for trade in trades]
    common = [greek for greek in trades[0].request.greeks if all(greek.name in names for names in every)]
    names = {greek.name for greek in common}
    cash = [measure for measure in CASH if measure.greek.name in names]
    has_names = any(trade.position.underlying for trade in trades)
    if money or len({trade.position.underlying for trade in trades}) > 1:
        return (*(Measure(greek.name, greek) for greek in common if _is_money(greek)), *cash)
    return (*(Measure(greek.name, greek) for greek in common), *(cash if has_names else ()))


def _is_money(greek: Greek) -> bool:
    return curve_of(greek.name) in _MONEY
