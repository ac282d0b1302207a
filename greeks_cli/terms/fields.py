"""The base model of a request's sections, and the types of their numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.validation import problems_of_fields


def plain_digits(value: object) -> object:
    """The value, unless it is a text with characters that no number has. Raises ValueError.

    Python's ``int`` and ``float`` read the digits of every script, other readers of numbers do not.
    """
    if isinstance(value, str) and not value.isascii():
        raise ValueError("a number is wanted, in the digits 0 to 9")
    return value


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is wanted, not true or false")
    return plain_digits(value)


Number = Annotated[float, BeforeValidator(_no_boolean)]


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, as part of its type."""

    name: str


class Term(BaseModel):
    """A frozen model that refuses unknown keys, infinities and NaN. Its validator is built for the first value.

    The constructor raises InvalidInput, ``model_validate`` Pydantic's ValidationError.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    def __init__(self, /, **values: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(values, self_instance=self)
        except ValidationError as error:
            raise InvalidInput(problems_of_fields(type(self), error)) from None

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # model_validate goes without the constructor


class Keyed(Term):
    """A term that is compared by a key, whose hash is computed once: a key of caches, with hundreds of numbers."""

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in type(self).model_fields)

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, type(self)) and self._key == other._key)

    def __hash__(self) -> int:
        return self._hash


def _read_count(value: object) -> object:
    """Accept ``1e6``, ``"1e6"`` and ``"1_000_000"`` where a whole number is meant."""
    _no_boolean(value)
    if isinstance(value, str):
        try:
            value = float(value) if not value.strip().lstrip("+-").replace("_", "").isdigit() else int(value)
        except ValueError:
            return value
    return int(value) if isinstance(value, float) and value.is_integer() else value


TODAY = 1e-30
"""The time in years to the expiry of a contract that has expired."""
SOONEST = 1e-9
"""The shortest time to come in years: what a random variance changes until a sooner one is lost to rounding."""


def _to_come(time: float) -> float:
    """The time in years. Raises ValueError for one after today that is too soon."""
    if 0 < time < SOONEST and time != TODAY:
        raise ValueError(f"a time after today is {SOONEST:g} years or more")
    return time


Count = Annotated[int, BeforeValidator(_read_count)]
Price = Annotated[Number, Field(ge=1e-12, le=1e12), Unit("currency")]
Time = Annotated[Number, Field(ge=0, le=100), AfterValidator(_to_come), Unit("years")]
Years = Annotated[Number, Field(gt=0, le=100), AfterValidator(_to_come), Unit("years")]
Cash = Annotated[Number, Unit("currency")]
Fraction = Annotated[Number, Unit("fraction")]
PerYear = Annotated[Number, Unit("fraction per year")]


@cache
def numeric_fields(model: type[BaseModel]) -> Mapping[str, str]:
    """Units of a model's numeric fields, by name; empty for a count."""
    found = {name: _number_unit(info.annotation, info.metadata) for name, info in model.model_fields.items()}
    return {name: unit for name, unit in found.items() if unit is not None}


def _number_unit(annotation: object, metadata: Iterable[object] = ()) -> str | None:
    """The unit in the annotation of a number, empty where it has none; None for other annotations."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _number_unit(inner, metadata)
    if get_origin(annotation) in (Union, UnionType):
        members = (_number_unit(member) for member in get_args(annotation))
        return next((unit for unit in members if unit is not None), None)
    if annotation not in (int, float):
        return None
    return next((mark.name for mark in metadata if isinstance(mark, Unit)), "")
