"""Curves: parameters of the market that depend on time, by their values at nodes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise
from math import log, sqrt
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from greeks_cli.terms.fields import PerYear
from greeks_cli.terms.nodes import label_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_NODES = 200


class DiscountFactor(float):
    """The discount factor of a node, given in place of its zero rate."""


@dataclass(frozen=True)
class Curve:
    """Values at increasing times in years, and the names of the nodes.

    A value is the mean from today to its node: a zero rate, continuous, or a volatility. Raises ValueError where times
    do not increase or values are out of range.
    """

    times: tuple[float, ...]
    values: tuple[float, ...]
    labels: tuple[str, ...]

    least: ClassVar[float] = -1.0
    most: ClassVar[float] = 1.0
    largest_forward: ClassVar[float] = 10.0
    continues: ClassVar[bool] = True
    """True if the last forward value goes on beyond the last node; False if the last mean does."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= _MOST_NODES:
            raise ValueError(f"a curve has 1 to {_MOST_NODES} nodes, and this one has {len(self.times)}")
        for label, time, value in zip(self.labels, self.times, self.values, strict=True):
            if not 0 < time <= 100:
                raise ValueError(f"node {label}: its time should be above 0 and at most 100 years")
            if not self.least <= value <= self.most:
                allowed = f"{self.least:g} to {self.most:g}"
                raise ValueError(f"node {label}: {value:g} should be {allowed}, a fraction: 2% is 0.02")
        for (one, at), (other, then) in pairwise(zip(self.labels, self.times, strict=True)):
            if at >= then:
                raise ValueError(f"node {other} must come after node {one}; sort the nodes by time, each once")
        totals = self._totals()
        ends = zip(self.labels, self.times, totals, strict=True)
        for (one, at, total), (other, then, total_then) in pairwise(ends):
            forward = (total_then - total) / (then - at)
            if abs(forward) > self.largest_forward:
                message = f"from node {one} to {other} a forward value of {forward:.3g} a year follows"
                raise ValueError(f"{message}; leave one of them out, or correct it")

    def _totals(self) -> list[float]:
        """The integrals to the nodes."""
        return [value * time for value, time in zip(self.values, self.times, strict=True)]

    @classmethod
    def of(cls, nodes: Sequence[tuple[object, object]], labels: Sequence[str] = ()) -> Self:
        """A curve from pairs of time and value; ``labels`` name the nodes, their times where empty. Raises ValueError.

        A DiscountFactor in place of a value becomes the zero rate.
        """
        names = labels or [str(time).strip() for time, _ in nodes]
        times, values = [], []
        for name, (time, value) in zip(names, nodes, strict=True):
            times.append(number_from(time, f"node {name}: its time should be a number of years"))
            found = number_from(value, f"node {name}: its value should be a number")
            values.append(-log(found) / times[-1] if isinstance(value, DiscountFactor) and times[-1] > 0 else found)
        return cls(tuple(times), tuple(values), tuple(labels or map(label_of, times)))

    def with_value(self, label: str, value: float) -> Self:
        """The curve with another value at one node. Raises ValueError."""
        values = (value if one == label else own for one, own in zip(self.labels, self.values, strict=True))
        return type(self)(self.times, tuple(values), self.labels)

    def weights(self, dates: tuple[float, ...]) -> "NDArray[np.float64]":
        """The weight of every node in the integral to some dates, shape (n_nodes, n_dates).

        The integral of a rate is the sum of weight times value, that of a variance of weight times squared value. It is
        linear between the nodes. The weights of a date add up to its time.
        """
        return _weights(self.times, self.continues, dates)

    def mean(self, date: float) -> float:
        """The mean value from today to a date."""
        return self._integral(date, self.values) / date

    def _integral(self, date: float, values: Sequence[float]) -> float:
        return float(self.weights((date,))[:, 0] @ values)

    def __str__(self) -> str:
        return ",".join(f"{label}:{value:.15g}" for label, value in zip(self.labels, self.values, strict=True))

    def __format__(self, spec: str) -> str:
        first, last, n = self.values[0], self.values[-1], len(self.values)
        return f"{first:{spec}} to {last:{spec}} ({n} nodes)" if n > 1 else f"{first:{spec}} (1 node)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(cls._pairs)
        return core_schema.is_instance_schema(cls, serialization=shown)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        pair = {"type": "array", "prefixItems": [{"type": ["number", "string"]}, {"type": "number"}]}
        return {"anyOf": [{"type": "array", "items": pair, "minItems": 1}, {"type": "string"}]}

    @staticmethod
    def _pairs(curve: "Curve") -> list[list[float | str]]:
        return [
            [time if label == label_of(time) else label, value]
            for time, value, label in zip(curve.times, curve.values, curve.labels, strict=True)
        ]


@lru_cache(maxsize=1024)
def _weights(times: tuple[float, ...], continues: bool, dates: tuple[float, ...]) -> "NDArray[np.float64]":
    import numpy as np  # numbers are wanted from here on, and commands without numbers start faster

    found = np.zeros((len(times), len(dates)))
    for i, date in enumerate(dates):
        after = int(np.searchsorted(times, date))
        if after == 0:
            found[0, i] = date
        elif after < len(times):
            before, here = times[after - 1], times[after]
            share = (date - before) / (here - before)
            found[after - 1, i], found[after, i] = (1 - share) * before, share * here
        elif continues and len(times) > 1:
            before, last = times[-2:]
            share = (date - last) / (last - before)
            found[-2, i], found[-1, i] = -share * before, (1 + share) * last
        else:
            found[-1, i] = date
    return found


class VolCurve(Curve):
    """Volatilities for expiries: total variance is linear between the nodes, the last volatility goes on beyond them.

    Raises ValueError where total variance falls from a node to the next.
    """

    least: ClassVar[float] = 1e-6
    most: ClassVar[float] = 10.0
    largest_forward: ClassVar[float] = 100.0  # of variance
    continues: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        totals = self._totals()
        for (one, total), (other, then) in pairwise(zip(self.labels, totals, strict=True)):
            if then <= total:
                raise ValueError(
                    f"calendar arbitrage: total variance vol^2 t must rise, and is {total:g} at node {one} "
                    f"and {then:g} at node {other}; raise the volatility of {other}"
                )

    def _totals(self) -> list[float]:
        """The total variances of the nodes."""
        return [vol * vol * time for vol, time in zip(self.values, self.times, strict=True)]

    def mean(self, date: float) -> float:
        return sqrt(self._integral(date, [vol * vol for vol in self.values]) / date)


def number_from(value: object, message: str) -> float:
    try:
        if isinstance(value, bool) or (isinstance(value, str) and not value.isascii()):
            raise ValueError
        if isinstance(value, str) and value.strip().endswith("%"):
            return float(Decimal(value.strip().removesuffix("%")) / 100)
        return float(value)  # type: ignore[arg-type]  # what is no number fails
    except (TypeError, ValueError, InvalidOperation):
        raise ValueError(f"{message}, not '{value}'") from None


def pairs_of(value: object) -> list[tuple[object, object]] | None:
    """Pairs of node and value from ``0.25:0.021,1:0.025``, a list of pairs or a curve; None for any other value.

    Raises ValueError for a list that is no list of pairs.
    """
    if isinstance(value, Curve):
        return list(zip(value.labels, value.values, strict=True))
    if isinstance(value, str):
        if ":" not in value:
            return None
        value = [item.rsplit(":", 1) for item in re.split("[,;]", value) if item.strip()]
    if isinstance(value, Mapping):
        value = list(value.items())
    if not isinstance(value, list | tuple):
        return None
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(f"{pair} is no node; give time and value, such as 0.25:0.021,1:0.025")
    return [(time, value) for time, value in value]


def _reader(kind: type[Curve]) -> BeforeValidator:
    def read(value: object) -> object:
        if isinstance(value, Curve):
            return value
        pairs = pairs_of(value)
        if pairs is None and isinstance(value, str) and value.strip().endswith("%"):
            return number_from(value, "a number of per cent is wanted, such as 2%")
        if pairs is None:
            return value
        types = tuple((type(time), type(number)) for time, number in pairs)  # True is no 1, though they are equal
        try:
            return _made(kind, tuple(pairs), types)  # type: ignore[arg-type]  # what is no number may have no hash
        except TypeError:
            return kind.of(pairs)

    return BeforeValidator(read)


@lru_cache(maxsize=1024)  # the trades of a book share their curves
def _made(kind: type[Curve], pairs: tuple[tuple[object, object], ...], types: tuple[tuple[type, type], ...]) -> Curve:
    return kind.of(pairs)


Rate = Annotated[Curve | Annotated[PerYear, Field(ge=Curve.least, le=Curve.most)], _reader(Curve)]
"""A rate per year, a fraction, or a curve of zero rates."""
Vol = Annotated[VolCurve | Annotated[PerYear, Field(ge=VolCurve.least, le=VolCurve.most)], _reader(VolCurve)]
"""A volatility per year, a fraction, or a curve of volatilities."""
