"""What every contract has, and the words that several share."""

import enum
from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar

from pydantic import Field

from greeks_cli.terms.fields import Term, Years


class OptionType(enum.StrEnum):
    """The right to buy or to sell."""

    CALL = "call"
    PUT = "put"

    @property
    def sign(self) -> float:
        return 1.0 if self is OptionType.CALL else -1.0


class StrikeKind(enum.StrEnum):
    """Against what the average or extreme is paid: a fixed strike, or the underlying at expiry."""

    FIXED = "fixed"
    FLOATING = "floating"


class Contract(Term):
    """A payment at expiry that depends on the underlying at a few dates."""

    parameters: ClassVar[tuple[str, ...]] = ()
    """Numeric fields that a Greek may differentiate, besides the market's and ``time``."""
    example: ClassVar[Mapping[str, object]] = {}
    """Fields of a typical contract on an underlying near 100, for ``greeks check --all`` and the tests."""
    extra_normals: ClassVar[int] = 0
    """Normals per path that the payoff wants beside the path."""

    kind: str
    expiry: Years = Field(1.0, description="time to expiry in years")

    @property
    def dates(self) -> tuple[float, ...]:
        """The increasing positive times in years at which the contract looks at the underlying."""
        return (self.expiry,)

    @property
    def values(self) -> Mapping[str, float]:
        """The values of ``parameters``."""
        return {name: getattr(self, name) for name in self.parameters}

    def but_for(self, names: Collection[str]) -> str:
        """All that the contract is but some of its fields, for comparison."""
        return repr(self.model_dump(exclude=set(names)))

    @property
    def fixes_today(self) -> bool:
        """Whether today's spot is itself a fixing: then the pricing equation does not hold today.

        It asks how the price moves with the spot while the fixings stay; delta moves both.
        """
        return False

    def bends_at(self, spot: float) -> bool:
        """Whether the price itself has a kink in its first derivative at this spot: no second derivative there."""
        return False

    @property
    def jumps(self) -> bool:
        """Whether the payment jumps somewhere: then even a first derivative needs smoothing or a density."""
        return False

    @property
    def explicit_kinks(self) -> bool:
        """Whether the market's parameters move a kink at a path held fixed: then only pathwise estimates apply."""
        return False

    @property
    def decides_by_value(self) -> bool:
        """Whether what is computed depends on the values of the parameters, and not its result alone."""
        return False

    @property
    def always_defined(self) -> bool:
        """Whether the payoff is a number on every path, and no logarithm or root may fail."""
        return True

    @abstractmethod
    def describe(self) -> str:
        """A few words for headers, e.g. ``European call, strike 100``."""


def equal_dates(expiry: float, count: int) -> tuple[float, ...]:
    """``count`` equally spaced dates, the last at expiry."""
    return tuple(expiry * (i + 1) / count for i in range(count))
