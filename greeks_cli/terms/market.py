"""The market: one underlying that follows geometric Brownian motion."""

from pydantic import Field

from greeks_cli.terms.fields import PerYear, Price, Term


class Market(Term):
    """Constant parameters of dS/S = (rate - dividend_yield) dt + vol dW, per year."""

    spot: Price = Field(100.0, description="price of the underlying today")
    vol: PerYear = Field(ge=1e-6, le=10, description="volatility per year, a fraction: 0.2 is 20%")
    rate: PerYear = Field(0.01, ge=-1, le=1, description="risk-free rate per year, continuous, a fraction: 0.01 is 1%")
    dividend_yield: PerYear = Field(
        0.0, ge=-1, le=1, description="dividend yield per year, continuous, a fraction: 0.01 is 1%"
    )
