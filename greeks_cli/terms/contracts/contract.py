"""The base class of contracts, and enumerations that several contracts share."""

import enum
from abc import abstractmethod
from collections.abc import Collection, Hashable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from greeks_cli.terms.fields import TODAY, Term, Years


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

    kind: str
    expiry: Years = Field(1.0, description="time to expiry in years, a date such as 2027-06-18, or a tenor such as 6M")

    @property
    def dates(self) -> tuple[float, ...]:
        """Increasing positive times in years at which the payoff needs the underlying."""
        return (self.expiry,)

    @property
    def values(self) -> Mapping[str, float]:
        """The values of ``parameters``."""
        return {name: getattr(self, name) for name in self.parameters}

    @property
    def has_expired(self) -> bool:
        """True for a contract that is worth its payoff."""
        return self.expiry <= TODAY

    schedule: ClassVar[frozenset[str]] = frozenset({"expiry"})
    """Fields that say when the contract looks at the underlying, and nothing else."""
    observations: ClassVar[tuple[str, ...]] = ()
    """Fields that tell the payment of an expired contract, besides the spot."""

    recorded: ClassVar[frozenset[str]] = frozenset()
    """Fields that enter the payoff by the numbers of ``observed`` alone, or by their count."""

    @property
    def observed(self) -> Mapping[str, float]:
        """Numbers that follow from what has been observed; they are inputs of a program, and no Greek moves them."""
        return {}

    @property
    def open_values(self) -> Mapping[str, float]:
        """The parameters that are inputs of a program; the others are part of its structure."""
        return self.values

    def structure(self, spot: float) -> Hashable:
        """The contract but for the numbers that are inputs of its programs: equal where the programs are.

        Those are its open parameters, what has been observed, and its schedule, of which the number of dates remains.
        """
        closed = self.but_for({*self.open_values, *self.schedule, *self.recorded})
        return closed, len(self.dates), tuple(self.observed), self.case(spot)

    def case(self, spot: float) -> Hashable:
        """The choice among formulas that depends on how the spot and the contract's numbers compare."""
        return None

    def series(self, market: Mapping[str, float]) -> Hashable:
        """The choice among formulas that depends on the market's parameters."""
        return None

    def has_small_carry(self, market: Mapping[str, float]) -> bool:
        """True if the closed form takes a quotient by the carry as an integral, which does not cancel."""
        return False

    @property
    def past_structure(self) -> Hashable:
        """The part of what has been observed that is structure of a closed form."""
        return tuple(self.observed)

    @property
    def control(self) -> "Contract | None":
        """The contract with a closed form whose payoff correlates most; None where that is the underlying."""
        return None

    @classmethod
    def completed(cls, terms: Mapping[str, Any], spots: Mapping[str, float]) -> Mapping[str, Any]:
        """The fields of a contract, with those that follow from today's spots where they are not given."""
        return terms

    def but_for(self, names: Collection[str]) -> str:
        """The contract without some of its fields, for comparison."""
        return repr([(name, getattr(self, name)) for name in type(self).model_fields if name not in names])

    @property
    def is_early(self) -> bool:
        """True if the holder may exercise before expiry."""
        return False

    @property
    def halved_dates(self) -> tuple[float, ...]:
        """The exercise dates, with every second one of those that stand for exercise at any time."""
        return self.dates

    @property
    def exercises_today(self) -> bool:
        """True if the holder may exercise now."""
        return False

    @property
    def needs_path(self) -> bool:
        """False if the spot and what the contract states as observed tell its payment once it has expired."""
        return True

    @property
    def fixes_today(self) -> bool:
        """True if today's spot is a fixing: then the pricing equation does not hold today.

        The equation needs the change of the price with the spot while the fixings stay; delta moves both.
        """
        return False

    def bends_at(self, spot: float) -> bool:
        """True if the first derivative of the price has a kink at this spot: there is no second derivative."""
        return False

    @property
    def jumps(self) -> bool:
        """True if the payoff jumps: then even a first derivative needs smoothing or a density."""
        return False

    @property
    def explicit_kinks(self) -> bool:
        """True if market parameters move a kink while the path is held fixed: then only pathwise estimates apply."""
        return False

    @property
    def tangled_kinks(self) -> bool:
        """True if a kink decides another kink, or enters the payoff by a function that is not linear.

        Then the derivatives of sharp kinks, each smoothed by itself, do not add up to those of the payoff.
        """
        return False

    def moves_one_level(self, index: tuple[str, ...]) -> bool:
        """True for a first derivative in a level that steps alone compare with prices, whatever else decides them.

        It meets one kernel at a time beside payoffs that stay sharp, and so is not tangled.
        """
        return False

    @property
    def tangent_kinks(self) -> bool:
        """True if the payoff is smooth but for derivatives of second order and higher."""
        return False

    @property
    def bridged_span(self) -> tuple[float, float] | None:
        """The times in years between which a path under a model of smiles is watched along bridges; None if none is."""
        return None

    @property
    def seeks_extreme(self) -> bool:
        """True if the payment depends on the extreme price, and not only on whether a level is touched."""
        return False

    @property
    def anchors(self) -> tuple[int, ...]:
        """The dates at which likelihood ratios hold a path fixed, where the payoff jumps; () for all."""
        return ()

    @property
    def usual_payment(self) -> float:
        """A number near most payments; 0 where there is none, as for options."""
        return 0.0

    @property
    def rounds_by_batch(self) -> bool:
        """True if single precision rounds the contract's numbers otherwise in a batch of trades than alone."""
        return self.tangent_kinks

    @property
    def several_kinks(self) -> bool:
        """True if kinks may lie closer together than the width of their kernels."""
        return False

    @property
    def guards(self) -> bool:
        """True if a condition keeps the payoff from what has no value, such as the logarithm of a negative number."""
        return False

    @property
    def folds_parameters(self) -> bool:
        """True if the parameters are folded with the market's numbers, before the program is linked."""
        return False

    @property
    def always_defined(self) -> bool:
        """True if the payoff is a number on every path: no logarithm or root can fail."""
        return True

    def remark(self, spot: float) -> str | None:
        """A remark on the contract at this spot, such as a barrier that is touched already."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """A few words for headers, e.g. ``European call, strike 100``."""


def module_of(contract: Contract) -> str:
    """The name of the module that defines a contract, in its package."""
    return type(contract).__module__.rpartition(".")[2]


def equal_dates(expiry: float, count: int) -> tuple[float, ...]:
    """``count`` equally spaced dates, the last at expiry."""
    return (*(expiry * (i + 1) / count for i in range(count - 1)), expiry)


NEXT_TO = 1e-6
"""The distance below which numbers may be equal in single precision."""


def order(one: float, other: float) -> Hashable:
    """The sign of the difference; the two numbers where float32 may see them equal."""
    if one != other and abs(one / other - 1) < NEXT_TO:
        return one, other
    return (one > other) - (one < other)
