"""Contracts on the underlying at expiry, or at expiry and one earlier date."""

import enum
from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import Contract, OptionType
from greeks_cli.terms.contracts.exercise import Exercisable
from greeks_cli.terms.contracts.fixings import Prices
from greeks_cli.terms.fields import Number, Price, Time

TYPE = Field(OptionType.CALL, description="right to buy or to sell")
STRIKE = Field(description="price at which the option is exercised")


class European(Exercisable):
    """Pays max(S(T) - K, 0) for a call or max(K - S(T), 0) for a put, at expiry or on exercise before."""

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 100}

    kind: Literal["european"] = "european"
    type: OptionType = TYPE
    strike: Price = STRIKE

    def describe(self) -> str:
        return self.with_rights(f"European {self.type}, strike {self.strike:g}")

    @property
    def needs_path(self) -> bool:
        return False


class Payout(enum.StrEnum):
    """Payment of a digital: an amount of cash, or the underlying."""

    CASH = "cash"
    ASSET = "asset"


class Digital(Exercisable):
    """Pays cash, or the underlying, if S(T) ends above the strike (call) or below it (put)."""

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 100}

    kind: Literal["digital"] = "digital"
    type: OptionType = TYPE
    strike: Price = STRIKE
    payout: Payout = Field(Payout.CASH, description="what a digital pays")
    cash: Price = Field(1.0, description="cash that a digital pays")

    @property
    def jumps(self) -> bool:
        return True

    def describe(self) -> str:
        paid = f"{self.cash:g}" if self.payout is Payout.CASH else "the asset"
        return self.with_rights(f"digital {self.type} paying {paid}, strike {self.strike:g}")

    @property
    def needs_path(self) -> bool:
        return False


class ForwardStart(Contract):
    """Pays like a European whose strike is set at ``start``, to ``moneyness`` times the underlying."""

    example: ClassVar[Mapping[str, object]] = {"start": 0.5}

    kind: Literal["forward-start"] = "forward-start"
    type: OptionType = TYPE
    schedule: ClassVar[frozenset[str]] = frozenset({"expiry", "start"})

    observations: ClassVar[tuple[str, ...]] = ("start", "past_fixings")

    start: Time = Field(description="time in years, date or tenor at which the strike is set; 0 if it is set")
    moneyness: Number = Field(1.0, gt=0, le=100, description="strike over the underlying at the start")
    past_fixings: Prices = Field((), max_length=1, description="price at the start, if the strike is set")
    recorded: ClassVar[frozenset[str]] = frozenset({"past_fixings"})

    @model_validator(mode="after")
    def _starts_before_expiry(self) -> Self:
        if self.start >= self.expiry:
            end = "the contract has expired: give start 0" if self.has_expired else f"expiry is {self.expiry:g}"
            raise ValueError(f"start {self.start:g} must come before expiry; {end}")
        if self.start > 0 and self.past_fixings:
            raise ValueError(f"start {self.start:g} is to come; leave out past_fixings, or give start 0")
        if self.start == 0 and not self.past_fixings:
            raise ValueError("start 0 is today or before; give the price at the start as past_fixings")
        return self

    @property
    def strike(self) -> float | None:
        """The strike where it is set."""
        return self.moneyness * self.past_fixings[0] if self.past_fixings else None

    @property
    def observed(self) -> Mapping[str, float]:
        return {} if self.strike is None else {"set_strike": self.strike}

    @property
    def dates(self) -> tuple[float, ...]:
        return (self.start, self.expiry) if self.start > 0 else (self.expiry,)

    @property
    def needs_path(self) -> bool:
        return not self.past_fixings

    def describe(self) -> str:
        if self.strike is not None:
            return f"forward-start {self.type}, begun, strike {self.strike:g}"
        return f"forward-start {self.type}, start {self.start:g}y, moneyness {self.moneyness:g}"


class Straddle(Exercisable):
    """A call and a put of one strike: pays |S(T) - K|."""

    parameters: ClassVar[tuple[str, ...]] = ("strike",)
    example: ClassVar[Mapping[str, object]] = {"strike": 100}

    kind: Literal["straddle"] = "straddle"
    strike: Price = STRIKE

    def describe(self) -> str:
        return self.with_rights(f"straddle, strike {self.strike:g}")

    @property
    def needs_path(self) -> bool:
        return False


class _TwoStrikes(Exercisable):
    """A contract with two strikes, the lower one first."""

    low_strike: Price = Field(description="lower strike")
    high_strike: Price = Field(description="higher strike")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low_strike >= self.high_strike:
            raise ValueError(f"low_strike {self.low_strike:g} must be below high_strike {self.high_strike:g}")
        return self

    @property
    def needs_path(self) -> bool:
        return False


class Strangle(_TwoStrikes):
    """A put at the lower strike and a call at the higher."""

    parameters: ClassVar[tuple[str, ...]] = ("low_strike", "high_strike")
    example: ClassVar[Mapping[str, object]] = {"low_strike": 90, "high_strike": 110}

    kind: Literal["strangle"] = "strangle"

    def describe(self) -> str:
        return self.with_rights(f"strangle, strikes {self.low_strike:g} and {self.high_strike:g}")


class CallSpread(_TwoStrikes):
    """A call bought at the lower strike and one sold at the higher."""

    parameters: ClassVar[tuple[str, ...]] = ("low_strike", "high_strike")
    example: ClassVar[Mapping[str, object]] = {"low_strike": 90, "high_strike": 110}

    kind: Literal["call-spread"] = "call-spread"

    def describe(self) -> str:
        return self.with_rights(f"call spread, strikes {self.low_strike:g} and {self.high_strike:g}")


class PutSpread(_TwoStrikes):
    """A put bought at the higher strike and one sold at the lower."""

    parameters: ClassVar[tuple[str, ...]] = ("low_strike", "high_strike")
    example: ClassVar[Mapping[str, object]] = {"low_strike": 90, "high_strike": 110}

    kind: Literal["put-spread"] = "put-spread"

    def describe(self) -> str:
        return self.with_rights(f"put spread, strikes {self.low_strike:g} and {self.high_strike:g}")


class Butterfly(_TwoStrikes):
    """Calls bought at the outer strikes, two sold at the one between."""

    parameters: ClassVar[tuple[str, ...]] = ("low_strike", "strike", "high_strike")
    example: ClassVar[Mapping[str, object]] = {"low_strike": 90, "strike": 100, "high_strike": 110}

    kind: Literal["butterfly"] = "butterfly"
    strike: Price = STRIKE

    @model_validator(mode="after")
    def _strike_between(self) -> Self:
        if not self.low_strike < self.strike < self.high_strike:
            raise ValueError(f"strike {self.strike:g} must lie between {self.low_strike:g} and {self.high_strike:g}")
        return self

    def describe(self) -> str:
        return self.with_rights(f"butterfly, strikes {self.low_strike:g}, {self.strike:g} and {self.high_strike:g}")
