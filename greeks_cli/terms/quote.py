"""Quotes: prices seen in the market, from which the vol or the dividend yield follows."""

from typing import Annotated, Literal

from pydantic import Field

from greeks_cli.terms.fields import Number, Price, Term, Unit

PARITY = "parity"
"""The forward that put-call parity gives."""


class Quote(Term):
    """Prices that stand in place of parameters of the market."""

    market_price: Annotated[Number, Field(ge=0, le=1e12), Unit("currency")] | None = Field(
        None, description="price of a European per unit of the underlying; vol is implied from it, and not given"
    )
    forward: Literal["parity"] | Price | None = Field(
        None,
        description="forward price of the underlying at expiry, in place of dividend_yield; "
        "or parity: from the calls and puts of a book with market prices",
    )


GIVES = {"market_price": "vol", "forward": "dividend_yield"}
"""The parameter of the market that each price gives."""
