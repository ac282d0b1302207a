"""Tolerances, and the limits of paths and seconds at which to give up on them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from greeks_cli.terms.fields import Count, Number, Term
from greeks_cli.terms.greek import Greek, parse_greek


@dataclass(frozen=True, slots=True)
class Target:
    """A tolerance for one Greek's standard error and bias together, absolute or as a share of its value."""

    greek: Greek
    tolerance: float
    relative: bool

    def allowed(self, value: float) -> float:
        """The tolerance for an estimate of this value, in the Greek's unit."""
        return self.tolerance * abs(value) if self.relative else self.tolerance

    def is_met(self, value: float, error: float) -> bool:
        """True for an error within the tolerance. A share of a price of 0 is never met; a Greek may well be 0."""
        is_worthless = value == 0 and not self.greek.order
        return error <= self.allowed(value) and not (self.relative and is_worthless)

    def __str__(self) -> str:
        return (
            f"{self.greek.name}={self.tolerance * 100:g}%" if self.relative else f"{self.greek.name}={self.tolerance:g}"
        )


def parse_target(text: object) -> Target:
    """A target from ``gamma=1%`` or ``price=0.001``. Raises ValueError."""
    name, _, amount = str(text).rpartition("=")
    number = re.fullmatch(r"\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(%?)\s*", amount)
    if not name or number is None or not 0 < float(number[1]) < inf:
        raise ValueError(f"'{text}' is not a tolerance; write gamma=1% or price=0.001")
    relative = number[2] == "%"
    return Target(parse_greek(name), float(number[1]) / (100 if relative else 1), relative)


def _read_targets(value: object) -> object:
    if isinstance(value, str):
        value = [value]
    return tuple(parse_target(item) for item in value) if isinstance(value, Iterable) else value


_TEXT = {"type": "string", "pattern": r"^.+=\s*[0-9.]+([eE][-+]?[0-9]+)?\s*%?\s*$"}
_WRITTEN = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
"""The JSON Schema of targets as they are written."""


class Accuracy(Term):
    """The stopping rule: tolerances and limits. Without tolerances exactly ``paths`` paths are run."""

    tol: Annotated[tuple[Target, ...], BeforeValidator(_read_targets), WithJsonSchema(_WRITTEN)] = Field(
        (), description="tolerance for standard error plus bias, such as gamma=1% or price=0.001; repeatable"
    )
    max_paths: Count = Field(10**9, ge=16, description="paths after which to give up on a tolerance")
    max_seconds: Number | None = Field(None, gt=0, description="seconds after which to give up on a tolerance")

    @model_validator(mode="after")
    def _limits_need_targets(self) -> Self:
        if self.max_seconds is not None and not self.tol:
            raise ValueError("max-seconds limits a tolerance; give --tol as well")
        return self
