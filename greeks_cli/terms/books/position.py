"""Positions: the underlying, the quantity and the currency of a trade of a book, and tags that describe the trade."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.fields import Number, Term
from greeks_cli.terms.validation import validated


def _word(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("a word on one line is wanted")
    return text.strip()


def _text(value: object) -> object:
    is_text = isinstance(value, str | int | float | date) and not isinstance(value, bool)
    return str(value) if is_text else value


def _described(text: str) -> str:
    if len(text) > _LONGEST_TAG:
        raise ValueError(f"a text of {len(text):,} characters; at most {_LONGEST_TAG:,} are carried")
    return _word(text)


_LONGEST_TAG = 1_000
Word = Annotated[str, BeforeValidator(_text), Field(max_length=100), AfterValidator(_word)]
Description = Annotated[str, BeforeValidator(_text), AfterValidator(_described)]


class Position(Term):
    """A number of contracts on an underlying.

    Values, errors and biases of a row are those of the position: per unit times ``quantity`` times ``multiplier``.
    """

    underlying: Word | None = Field(None, description="name of the underlying, such as SX5E; chooses its market")
    quantity: Number = Field(1.0, ge=-1e12, le=1e12, description="number of contracts; negative is short")
    multiplier: Number = Field(1.0, gt=0, le=1e12, description="units of the underlying in one contract")
    currency: Word | None = Field(None, description="currency of the payments, such as EUR")
    tags: Mapping[Word, Description] = Field(default_factory=dict, description="descriptions that every output carries")

    @property
    def scale(self) -> float:
        """Units of the position: quantity times multiplier."""
        return self.quantity * self.multiplier

    def get(self, name: str) -> str | None:
        """The underlying, the currency, or the tag of a name such as ``tags.book``; None where there is none."""
        if name.startswith(TAG):
            return self.tags.get(name.removeprefix(TAG))
        found: str | None = getattr(self, name)
        return found


def positions_in(position: Position, names: Sequence[str]) -> tuple[Position, ...]:
    """The position in each of several underlyings; the position itself where there are no names."""
    return tuple(position.model_copy(update={"underlying": name}) for name in names) or (position,)


TAG = "tags."
"""Prefix of the name of a tag."""
UNIT_POSITION = Position()
"""Position of a trade that states none."""


def build_position(position: Mapping[str, Any]) -> Position:
    """A Position from a plain mapping. Raises InvalidInput with every problem at once."""
    problems: list[Problem] = []
    found = validated(Position, "position", position, problems)
    if found is None:
        raise InvalidInput(problems)
    return found


def currency_of(name: object, place: str) -> str | None:
    """The name of a currency, as positions have it. Raises InvalidInput at ``place``."""
    try:
        return build_position({"currency": name}).currency
    except InvalidInput as error:
        raise InvalidInput([replace(problem, path=(place,)) for problem in error.problems]) from None
