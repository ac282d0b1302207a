"""Curves: parameters of the market that depend on time, by their values at nodes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from greeks_cli.terms.fields import PerYear

Nodes = tuple[tuple[str, tuple[str, ...]], ...]
"""The parameters that are curves, each with the names of its nodes."""

_MOST_NODES = 200
_NODE = re.compile(r"(\w+)\[([^\[\]]+)\]")


def label_of(time: float) -> str:
    """The name of a node by its time in years."""
    return f"{time:.12g}"


def node_name(parameter: str, label: str) -> str:
    """The name of a node's value, such as ``rate[0.25]``."""
    return f"{parameter}[{label}]"


def curve_of(name: str) -> str:
    """The parameter that a node belongs to; any other name as it is."""
    found = _NODE.fullmatch(name)
    return found[1] if found else name


def label_of_node(name: str) -> str:
    """The name of a node within its curve: ``0.25`` of ``rate[0.25]``."""
    return name[len(curve_of(name)) + 1 : -1]


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
    continues: ClassVar[bool] = True
    """True if the last forward value goes on beyond the last node; False if the last mean does."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.times) <= _MOST_NODES:
            raise ValueError(f"a curve has 1 to {_MOST_NODES} nodes, and this one has {len(self.times)}")
        for label, time, value in zip(self.labels, self.times, self.values, strict=True):
            if not 0 < time <= 100:
                raise ValueError(f"node {label}: its time should be above 0 and at most 100 years")
            if not self.least <= value <= self.most:
                raise ValueError(f"node {label}: {value:g} should be {self.least:g} to {self.most:g}")
        for (one, at), (other, then) in pairwise(zip(self.labels, self.times, strict=True)):
            if at >= then:
                raise ValueError(f"node {other} must come after node {one}; sort the nodes by time, each once")

    @classmethod
    def of(cls, nodes: Sequence[tuple[object, object]]) -> Self:
        """A curve from pairs of time and value. Raises ValueError."""
        times, values, labels = [], [], []
        for time, value in nodes:
            label = str(time).strip()
            times.append(number_from(time, f"node {label}: its time should be a number of years"))
            label = label_of(times[-1])
            values.append(number_from(value, f"node {label}: its value should be a number"))
            labels.append(label)
        return cls(tuple(times), tuple(values), tuple(labels))

    def renamed(self, labels: Sequence[str]) -> Self:
        """The curve with other names of its nodes."""
        return type(self)(self.times, self.values, tuple(labels))

    def weights(self, dates: tuple[float, ...]) -> NDArray[np.float64]:
        """The weight of every node in the integral to some dates, shape (n_nodes, n_dates).

        The integral of a rate is the sum of weight times value, that of a variance of weight times squared value. It is
        linear between the nodes. The weights of a date add up to its time.
        """
        return _weights(self.times, self.continues, dates)

    def mean(self, date: float) -> float:
        """The mean value from today to a date."""
        return float(self._integral(date) / date)

    def _integral(self, date: float) -> float:
        return float(np.array(self.values) @ self.weights((date,))[:, 0])

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
def _weights(times: tuple[float, ...], continues: bool, dates: tuple[float, ...]) -> NDArray[np.float64]:
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
    continues: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        totals = [vol * vol * time for vol, time in zip(self.values, self.times, strict=True)]
        for (one, total), (other, then) in pairwise(zip(self.labels, totals, strict=True)):
            if then <= total:
                raise ValueError(
                    f"calendar arbitrage: total variance vol^2 t must rise, and is {total:g} at node {one} "
                    f"and {then:g} at node {other}; raise the volatility of {other}"
                )

    def mean(self, date: float) -> float:
        return float(np.sqrt(np.square(self.values) @ self.weights((date,))[:, 0] / date))


def number_from(value: object, message: str) -> float:
    try:
        if isinstance(value, bool) or (isinstance(value, str) and not value.isascii()):
            raise ValueError
        return float(value)  # type: ignore[arg-type]  # what is no number fails
    except (TypeError, ValueError):
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
        return value if pairs is None else kind.of(pairs)

    return BeforeValidator(read)


Rate = Annotated[Curve | Annotated[PerYear, Field(ge=Curve.least, le=Curve.most)], _reader(Curve)]
"""A rate per year, a fraction, or a curve of zero rates."""
Vol = Annotated[VolCurve | Annotated[PerYear, Field(ge=VolCurve.least, le=VolCurve.most)], _reader(VolCurve)]
"""A volatility per year, a fraction, or a curve of volatilities."""
