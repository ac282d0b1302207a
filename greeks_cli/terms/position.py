"""Positions: the underlying, the quantity and the currency of a trade of a book, and tags that describe the trade."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from greeks_cli.terms.fields import Number, Term


def _word(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("a word on one line is wanted")
    return text.strip()


def _text(value: object) -> object:
    return str(value) if isinstance(value, str | int | float) else value


Word = Annotated[str, BeforeValidator(_text), Field(max_length=100), AfterValidator(_word)]


class Position(Term):
    """A number of contracts on an underlying.

    Values, errors and biases of a row are those of the position: per unit times ``quantity`` times ``multiplier``.
    """

    underlying: Word | None = Field(None, description="name of the underlying, such as SX5E; chooses its market")
    quantity: Number = Field(1.0, ge=-1e12, le=1e12, description="number of contracts; negative is short")
    multiplier: Number = Field(1.0, gt=0, le=1e12, description="units of the underlying in one contract")
    currency: Word | None = Field(None, description="currency of the payments, such as EUR")
    tags: Mapping[Word, Word] = Field(default_factory=dict, description="descriptions that every output carries")

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


TAG = "tags."
"""Prefix of the name of a tag."""
UNIT_POSITION = Position()
"""Position of a trade that states none."""
