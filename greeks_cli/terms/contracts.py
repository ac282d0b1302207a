"""Contracts: what is paid, as a function of the underlying at a few dates."""

import enum
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from greeks_cli.terms.fields import Price, Term, Years


class OptionType(enum.StrEnum):
    """The right to buy or to sell."""

    CALL = "call"
    PUT = "put"

    @property
    def sign(self) -> float:
        return 1.0 if self is OptionType.CALL else -1.0


class Contract(Term):
    """What every contract has: a kind, an expiry in years, and the dates it looks at."""

    parameters: ClassVar[tuple[str, ...]] = ()
    """Numeric fields that a Greek may differentiate, besides the market's and ``time``."""
    example: ClassVar[Mapping[str, object]] = {}
    """Fields of a typical contract on an underlying near 100, for ``greeks check --all`` and the tests."""

    kind: str
    expiry: Years = Field(1.0, description="time to expiry in years")

    @property
    @abstractmethod
    def dates(self) -> tuple[float, ...]:
        """The increasing times in years at which the contract looks at the underlying."""

    @abstractmethod
    def describe(self) -> str:
        """A few words for headers, e.g. ``European call, strike 100``."""


class European(Contract):
    """Pays max(S(T) - K, 0) for a call or max(K - S(T), 0) for a put, at expiry."""

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 100}

    kind: Literal["european"] = "european"
    type: OptionType = Field(OptionType.CALL, description="right to buy or to sell")
    strike: Price = Field(description="price at which the option is exercised")

    @property
    def dates(self) -> tuple[float, ...]:
        return (self.expiry,)

    def describe(self) -> str:
        return f"European {self.type}, strike {self.strike:g}"


CONTRACTS: dict[str, type[Contract]] = {"european": European}
