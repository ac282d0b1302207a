"""Quanto options: an underlying of another currency, paid at a fixed exchange rate."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from greeks_cli.terms.contract import Contract, OptionType
from greeks_cli.terms.errors import Problem
from greeks_cli.terms.fields import Fraction, PerYear, Price
from greeks_cli.terms.vanillas import STRIKE, TYPE

if TYPE_CHECKING:
    from greeks_cli.terms.market import Market

_DRIFT = ("vol", "rate", "time")
"""Market parameters by which the underlying's drift under the payment's currency differs from the path's."""


class Quanto(Contract):
    """Pays fx_rate max(S(T) - K, 0) for a call, for an underlying and a strike in another currency.

    The underlying drifts at foreign_rate - dividend_yield - fx_correlation vol fx_vol, and the market's rate discounts
    (E. Reiner, Quanto mechanics, Risk 5, 1992).
    """

    parameters: ClassVar[tuple[str, ...]] = ("strike", "foreign_rate", "fx_vol", "fx_correlation", "fx_rate")
    example: ClassVar[Mapping[str, object]] = {
        "strike": 100,
        "foreign_rate": 0.05,
        "fx_vol": 0.1,
        "fx_correlation": 0.3,
    }

    kind: Literal["quanto"] = "quanto"
    type: OptionType = TYPE
    strike: Price = STRIKE
    foreign_rate: Annotated[PerYear, Field(ge=-10, le=10)] = Field(
        description="risk-free rate per year of the underlying's currency, continuous, a fraction"
    )
    fx_vol: Annotated[PerYear, Field(ge=0, le=10)] = Field(
        description="volatility per year of the exchange rate, a fraction"
    )
    fx_correlation: Annotated[Fraction, Field(ge=-1, le=1)] = Field(
        description="correlation of the underlying and the exchange rate, which is the price of its currency, -1 to 1"
    )
    fx_rate: Price = Field(1.0, description="fixed exchange rate by which the payment is multiplied")

    def describe(self) -> str:
        terms = f"foreign rate {self.foreign_rate:g}, fx vol {self.fx_vol:g}, fx correlation {self.fx_correlation:g}"
        rate = "" if self.fx_rate == 1 else f", fx rate {self.fx_rate:g}"
        return f"quanto {self.type}, strike {self.strike:g}, {terms}{rate}"

    @property
    def needs_path(self) -> bool:
        return False

    def reads(self, parameter: str) -> bool:
        return parameter in _DRIFT

    def added_drift(self, values: Mapping[str, float]) -> float:
        return self.foreign_rate - self.fx_correlation * values["vol"] * self.fx_vol - values["rate"]

    def objections(self, market: "Market") -> Iterator[Problem]:
        """The reasons why the option cannot be priced in a market."""
        if market.model != "gbm":
            yield Problem(("market", "model"), "the quanto contract wants model gbm", str(market.model))
        elif "vol" in market.curves:
            yield Problem(("market", "vol"), "the quanto contract wants a vol that is a number", str(market.vol))
        if market.future is not None:
            message = "the quanto contract wants spot and dividend_yield; give these"
            yield Problem(("market", "future"), message, market.future)
        if market.cash_dividends(self.dates):
            message = "the quanto contract wants no dividends in cash before expiry; give shares, such as 0.3:2%"
            yield Problem(("market", "dividends"), message, str(market.dividends))
