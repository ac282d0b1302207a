"""Discrete dividends: amounts of cash, or shares of the price, at their ex-dates."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from greeks_cli.terms.fields import SOONEST
from greeks_cli.terms.markets.curve import number_from, pairs_of
from greeks_cli.terms.nodes import label_of, node_name

_MOST_DIVIDENDS = 200
_LARGEST_SHARE, _LARGEST_CASH = 0.99, 1e12
_PARAMETER = "dividend"
_ROUNDING = 1e-9
"""The share of a time below which two dates are one."""


class DividendModel(enum.StrEnum):
    """Effect of a dividend in cash on the underlying.

    Under ``jump`` the price falls by the amount at the ex-date, to 0 at least, and moves as a lognormal between.
    Under ``escrowed`` the price less the value of the dividends until expiry is the lognormal.
    """

    JUMP = "jump"
    ESCROWED = "escrowed"


@dataclass(frozen=True)
class Dividends:
    """Ex-dates in years, the names of the dividends, and their amounts: cash, or shares of the price.

    On its ex-date the underlying is without the dividend. Raises ValueError where dates do not increase or amounts are
    out of range.
    """

    times: tuple[float, ...]
    labels: tuple[str, ...]
    amounts: tuple[float, ...]
    are_shares: tuple[bool, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= _MOST_DIVIDENDS:
            raise ValueError(f"1 to {_MOST_DIVIDENDS} dividends are wanted, and these are {len(self.times)}")
        for label, time, amount, is_share in zip(self.labels, self.times, self.amounts, self.are_shares, strict=True):
            if not 0 < time <= 100:
                raise ValueError(f"dividend {label}: its ex-date should be above 0 and at most 100 years")
            if time < SOONEST:
                raise ValueError(f"dividend {label}: its ex-date should be {SOONEST:g} years from now or more")
            if is_share and not 0 <= amount <= _LARGEST_SHARE:
                raise ValueError(f"dividend {label}: its share should be 0 to 99%, and is {100 * amount:g}%")
            if not 0 <= amount <= _LARGEST_CASH:
                raise ValueError(f"dividend {label}: its cash should be 0 to {_LARGEST_CASH:g}, and is {amount:g}")
        for (one, at), (other, then) in pairwise(zip(self.labels, self.times, strict=True)):
            if at >= then:
                raise ValueError(f"dividend {other} must come after dividend {one}; sort them by ex-date, each once")

    @classmethod
    def of(cls, pairs: Sequence[tuple[object, object]], labels: Sequence[str] = ()) -> Self:
        """Dividends from pairs of ex-date and amount, such as 1.5 or 2%; ``labels`` name them, their times where empty.

        Raises ValueError.
        """
        names = labels or [str(time).strip() for time, _ in pairs]
        times, amounts, are_shares = [], [], []
        for label, (time, amount) in zip(names, pairs, strict=True):
            times.append(number_from(time, f"dividend {label}: its ex-date should be a number of years"))
            is_share = isinstance(amount, str) and amount.strip().endswith("%")
            message = f"dividend {label}: its amount should be cash such as 1.50, or a share such as 2%"
            amounts.append(number_from(amount, message))
            are_shares.append(is_share)
        return cls(tuple(times), tuple(labels or map(label_of, times)), tuple(amounts), tuple(are_shares))

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of the dividends, such as ``dividend[0.3]``."""
        return tuple(node_name(_PARAMETER, label) for label in self.labels)

    @property
    def values(self) -> Mapping[str, float]:
        """The amounts by parameter."""
        return dict(zip(self.names, self.amounts, strict=True))

    @property
    def shares(self) -> tuple[str, ...]:
        """The parameters of the dividends that are shares of the price."""
        return tuple(name for name, is_share in zip(self.names, self.are_shares, strict=True) if is_share)

    @property
    def cash(self) -> tuple[str, ...]:
        """The parameters of the dividends in cash."""
        return tuple(name for name in self.names if name not in self.shares)

    def until(self, dates: Sequence[float]) -> tuple[tuple[str, float], ...]:
        """The parameter and ex-date of each dividend until the last of some dates.

        An ex-date that differs from one of the dates by rounding is that date.
        """
        found = zip(self.names, (on_date(time, dates) for time in self.times), strict=True)
        return tuple((name, time) for name, time in found if time <= dates[-1])

    def cash_until(self, dates: Sequence[float]) -> tuple[tuple[str, float], ...]:
        """The parameter and ex-date of each dividend in cash until the last of some dates."""
        return tuple((name, time) for name, time in self.until(dates) if name not in self.shares)

    def __str__(self) -> str:
        return ",".join(f"{label}:{self._amount(k)}" for k, label in enumerate(self.labels))

    def __format__(self, spec: str) -> str:
        return str(self)

    def _amount(self, k: int) -> str:
        """The amount as it is written, to the last bit."""
        amount = Decimal(repr(self.amounts[k]))
        return f"{(100 * amount).normalize():f}%" if self.are_shares[k] else f"{amount.normalize():f}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(cls._pairs)
        return core_schema.is_instance_schema(cls, serialization=shown)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        pair = {"type": "array", "prefixItems": [{"type": ["number", "string"]}, {"type": ["number", "string"]}]}
        return {"anyOf": [{"type": "array", "items": pair, "minItems": 1}, {"type": "string"}]}

    @staticmethod
    def _pairs(dividends: "Dividends") -> list[list[float | str]]:
        return [
            [time if label == label_of(time) else label, dividends._amount(k) if is_share else dividends.amounts[k]]
            for k, (time, label, is_share) in enumerate(
                zip(dividends.times, dividends.labels, dividends.are_shares, strict=True)
            )
        ]


def _read(value: object) -> object:
    if value is None or isinstance(value, Dividends):
        return value
    try:
        pairs = pairs_of(value)
    except ValueError:
        pairs = None
    if pairs == []:
        return None
    if pairs is None:
        raise ValueError(f"{value} is no list of dividends; give ex-dates and amounts, such as 0.3:1.50,0.8:2%")
    return Dividends.of(pairs)


DividendList = Annotated[Dividends | None, BeforeValidator(_read)]
"""Discrete dividends, from ``0.3:1.50,0.8:2%`` or a list of pairs."""


def on_date(time: float, dates: Sequence[float]) -> float:
    """The time, or the date from which it differs by rounding."""
    nearest = min(dates, key=lambda date: abs(date - time))
    return nearest if abs(nearest - time) <= _ROUNDING * time else time


@dataclass(frozen=True)
class CashDividends:
    """Dividends in cash until the last date of a contract, as part of the structure of its paths.

    Of each, ``after`` counts the contract's dates before its ex-date.
    """

    model: DividendModel
    names: tuple[str, ...]
    after: tuple[int, ...]
    on_date: tuple[bool, ...]
    """True where the ex-date is a date of the contract."""

    @classmethod
    def of(cls, model: DividendModel, cash: Sequence[tuple[str, float]], dates: Sequence[float]) -> "CashDividends":
        """The structure of some dividends and a contract's dates."""
        return cls(
            model,
            tuple(name for name, _ in cash),
            tuple(sum(date < time for date in dates) for _, time in cash),
            tuple(time in dates for _, time in cash),
        )

    @property
    def jumps(self) -> bool:
        """True if the ex-dates are dates of the simulation."""
        return self.model is DividendModel.JUMP

    @property
    def moves_dates(self) -> bool:
        """True if an escrowed dividend is still to come at a date of the contract."""
        return self.model is DividendModel.ESCROWED and any(self.after)
