"""Surfaces of quoted implied volatilities, by expiry and strike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from greeks_cli.terms.markets.curve import number_from
from greeks_cli.terms.nodes import label_of, node_name

_MOST_QUOTES = 400
_LEAST_STRIKES = 3
_LEAST_VOL, _LARGEST_VOL = 1e-3, 10.0
_EXAMPLE = "[[0.25, 90, 0.22], [0.25, 100, 0.2], ...]"

Quotes = tuple[tuple[object, object, object], ...]
"""Expiry, strike and vol of each quote, as given."""


@dataclass(frozen=True)
class VolSurface:
    """Quoted vols: the expiries in years with their names, and the strikes and vols of each expiry.

    Raises ValueError where quotes are not sorted, are out of range, or too few or too many.
    """

    expiries: tuple[float, ...]
    labels: tuple[str, ...]
    strikes: tuple[tuple[float, ...], ...]
    vols: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        for name, strike, vol in zip(self._flat_labels, self._flat(self.strikes), self._flat(self.vols), strict=True):
            if not 1e-12 <= strike <= 1e12:
                raise ValueError(f"quote {name}: its strike should be 1e-12 to 1e12")
            if not _LEAST_VOL <= vol <= _LARGEST_VOL:
                message = f"its vol {vol:g} should be {_LEAST_VOL:g} to {_LARGEST_VOL:g}; correct it"
                raise ValueError(f"quote {name}: {message}")
        for label, expiry in zip(self.labels, self.expiries, strict=True):
            if not 0 < expiry <= 100:
                raise ValueError(f"expiry {label}: should be above 0 and at most 100 years")
        self._check_order()
        self._check_counts()

    def _check_order(self) -> None:
        ends = pairwise(zip(self.labels, self.expiries, strict=True))
        if wrong := next((after for (_, one), (after, other) in ends if other <= one), None):
            raise ValueError(f"expiry {wrong}: comes after a later one, or after itself; sort the quotes by expiry")
        for label, strikes in zip(self.labels, self.strikes, strict=True):
            for one, other in pairwise(strikes):
                if one == other:
                    raise ValueError(f"quote {quote_label(label, one)}: is there twice; keep one")
                if one > other:
                    message = f"follows strike {one:.12g}; sort the quotes of an expiry by strike"
                    raise ValueError(f"quote {quote_label(label, other)}: {message}")

    def _check_counts(self) -> None:
        n = sum(map(len, self.strikes))
        if n > _MOST_QUOTES:
            raise ValueError(f"{n} quotes, and {_MOST_QUOTES} are the most; leave out expiries or strikes")
        if len(self.expiries) < 2:
            only = f", and there is {self.labels[0]} alone" if self.labels else ""
            raise ValueError(f"a surface has two expiries or more{only}; add one, or use model gbm with its vol")
        for label, strikes in zip(self.labels, self.strikes, strict=True):
            if len(strikes) < _LEAST_STRIKES:
                message = f"has {len(strikes)} of the {_LEAST_STRIKES} strikes that a smile needs; add some"
                raise ValueError(f"expiry {label}: {message}, or leave the expiry out")

    @classmethod
    def of(cls, quotes: Sequence[tuple[object, object, object]], labels: Sequence[str] = ()) -> Self:
        """A surface from expiry, strike and vol of each quote; ``labels`` name their expiries, the times where empty.

        Raises ValueError.
        """
        names = labels or [str(expiry).strip() for expiry, _, _ in quotes]
        rows = []
        for name, (expiry, strike, vol) in zip(names, quotes, strict=True):
            time = number_from(expiry, f"quote {name}: its expiry should be a number of years")
            level = number_from(strike, f"quote {name}: its strike should be a number")
            label = name if labels else label_of(time)
            rows.append((label, time, level, number_from(vol, f"quote {name}@{level:g}: its vol should be a number")))
        groups = [(label, list(group)) for label, group in groupby(rows, itemgetter(0))]
        return cls(
            tuple(group[0][1] for _, group in groups),
            tuple(label for label, _ in groups),
            tuple(tuple(row[2] for row in group) for _, group in groups),
            tuple(tuple(row[3] for row in group) for _, group in groups),
        )

    @cached_property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The parameters of the quotes of each expiry, such as ``vol[0.25@90]``."""
        return tuple(
            tuple(node_name("vol", quote_label(label, strike)) for strike in strikes)
            for label, strikes in zip(self.labels, self.strikes, strict=True)
        )

    @cached_property
    def values(self) -> dict[str, float]:
        """The quoted vols by parameter."""
        return dict(zip(self._flat(self.names), self._flat(self.vols), strict=True))

    def idle(self, last_date: float) -> frozenset[str]:
        """The quotes that no date until the last one knows: those of expiries after the next one."""
        later = [names for before, names in zip(self.expiries, self.names[1:], strict=False) if before >= last_date]
        return frozenset(self._flat(later))

    def with_value(self, label: str, value: float) -> Self:
        """The surface with another vol of the quote ``0.25@90``. Raises ValueError."""
        vols = tuple(
            tuple(value if name == node_name("vol", label) else vol for name, vol in zip(names, row, strict=True))
            for names, row in zip(self.names, self.vols, strict=True)
        )
        return type(self)(self.expiries, self.labels, self.strikes, vols)

    @cached_property
    def _flat_labels(self) -> list[str]:
        labels = zip(self.labels, self.strikes, strict=True)
        return [quote_label(label, strike) for label, strikes in labels for strike in strikes]

    @staticmethod
    def _flat(rows: Sequence[Sequence[Any]]) -> list[Any]:
        return [one for row in rows for one in row]

    def __str__(self) -> str:
        quotes = zip(self._flat_labels, self._flat(self.vols), strict=True)
        return ",".join(f"{label}:{vol:.15g}" for label, vol in quotes)

    def __format__(self, spec: str) -> str:
        vols = self._flat(self.vols)
        return f"{min(vols):{spec}} to {max(vols):{spec}} ({len(vols)} quotes)"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(cls._triples)
        return core_schema.is_instance_schema(cls, serialization=shown)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        of = [{"type": ["number", "string"]}, {"type": "number"}, {"type": "number"}]
        triple = {"type": "array", "prefixItems": of}
        return {"anyOf": [{"type": "array", "items": triple, "minItems": 6}, {"type": "string"}]}

    @staticmethod
    def _triples(surface: "VolSurface") -> list[list[float | str]]:
        rows = zip(surface.expiries, surface.labels, surface.strikes, surface.vols, strict=True)
        return [
            [expiry if label == label_of(expiry) else label, strike, vol]
            for expiry, label, strikes, vols in rows
            for strike, vol in zip(strikes, vols, strict=True)
        ]


def quote_label(expiry: str, strike: float) -> str:
    """The name of a quote within the surface: ``0.25@90``."""
    return f"{expiry}@{label_of(strike)}"


def quotes_of(value: object) -> Quotes:
    """Expiry, strike and vol of the quotes of ``0.25@90:0.22;0.25@100:0.2``, a list of triples or a surface.

    A text may have colons alone, as cells of CSV do.

    Raises ValueError.
    """
    if isinstance(value, VolSurface):
        return tuple((expiry, strike, vol) for expiry, strike, vol in VolSurface._triples(value))
    if isinstance(value, str):
        found = [re.split("[@:]", item) for item in re.split("[,;]", value) if item.strip()]
        if not found or any(len(quote) != 3 for quote in found):
            raise ValueError(f"{value}: is no surface; give a CSV file with columns expiry, strike and vol")
        value = found
    if not isinstance(value, list | tuple):
        raise ValueError(f"{value}: is no surface; give a CSV file, or quotes such as {_EXAMPLE}")
    for quote in value:
        if not isinstance(quote, list | tuple) or len(quote) != 3:
            raise ValueError(f"{quote} is no quote; give expiry, strike and vol, such as {_EXAMPLE}")
    return tuple((expiry, strike, vol) for expiry, strike, vol in value)


def _read(value: object) -> object:
    if value is None or isinstance(value, VolSurface):
        return value
    return VolSurface.of(quotes_of(value))


QuotedVols = Annotated[
    VolSurface | None,
    BeforeValidator(_read),
    Field(description="implied vols by expiry and strike: a CSV file with columns expiry, strike and vol"),
]
"""A surface of implied vols, from a list of triples."""
