"""Quotes of a smile, and the model that is fitted to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from greeks_cli.terms.contracts.contract import OptionType
from greeks_cli.terms.markets.market import Market


@dataclass(frozen=True, slots=True)
class SmileQuote:
    """A quote of a European option: a vol, or a price of a call or put."""

    place: str
    """The file and the line."""
    expiry: float
    strike: float
    type: OptionType | None
    """None for a vol, which calls and puts share."""
    vol: float | None = None
    price: float | None = None
    weight: float | None = None
    spread: float | None = None
    """The ask less the bid, in the unit of the quote."""


@dataclass(frozen=True, slots=True)
class FittedQuote:
    """A quote with the vol of the fitted model, None where the model's price implies none."""

    quote: SmileQuote
    vol: float
    """The vol that is quoted, or that the quoted price implies."""
    weight: float
    model_vol: float | None
    model_price: float
    """The price of the call, or of the option that is quoted."""

    @property
    def error(self) -> float | None:
        """The model's vol less the quoted one, in vol points."""
        return None if self.model_vol is None else 100 * (self.model_vol - self.vol)


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """A parameter of the model."""

    name: str
    value: float
    stderr: float | None
    """The standard error; None where the parameter is held, or as many quotes as parameters leave none."""
    is_held: bool = False


@dataclass(frozen=True)
class Calibration:
    """A market whose model is fitted to quotes, and the judgement of the fit."""

    market: Market
    parameters: Sequence[FittedParameter]
    quotes: Sequence[FittedQuote]
    remarks: Sequence[str]
    """Remarks on parameters that the quotes do not tell."""
    failures: Sequence[str]
    """Reasons why the fit is not to be used; none where it is."""
    n_starts: int
    n_alike: int
    """The number of starting points, and of those that end at this fit."""

    @property
    def rms(self) -> float:
        """The root of the mean squared error, in vol points, over the quotes for which the model has a vol."""
        errors = [one.error for one in self.quotes if one.error is not None]
        return sqrt(sum(error * error for error in errors) / len(errors)) if errors else float("inf")

    @property
    def worst(self) -> float:
        """The largest error, in vol points."""
        return max((abs(one.error) for one in self.quotes if one.error is not None), default=float("inf"))
