"""Values that are a number times an array, and programs whose results are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple

from greeks_cli.engine.compiler.ir import Name, Program


class Factored(NamedTuple, Generic[Name]):
    """A program, and the factors by which its results are multiplied."""

    program: Program[Name]
    factors: Mapping[Name, Any]


@dataclass(frozen=True, slots=True)
class Scaled:
    """A factor times the array in a slot."""

    factor: Any
    slot: int

    def times(self, number: Any) -> "Scaled":
        """The value times a number."""
        return Scaled(self.factor * number, self.slot)
