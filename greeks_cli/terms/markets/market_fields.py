"""Fields of a market as a user gives them, and what they exclude of each other."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_validator
from pydantic.functional_serializers import model_serializer

from greeks_cli.terms.fields import Keyed, Price
from greeks_cli.terms.markets import models, quanto
from greeks_cli.terms.markets.curve import Rate, Vol
from greeks_cli.terms.markets.dividends import DividendList, DividendModel
from greeks_cli.terms.markets.models import OF_MODELS, Foreign, Model, only_own
from greeks_cli.terms.markets.vol_surface import QuotedVols


class MarketFields(Keyed):
    """Fields of one underlying, of its model and of the rates."""

    spot: Price = Field(100.0, description="price of the underlying today")
    vol: Vol | None = Field(
        description="volatility per year, a fraction: 0.2 is 20%; or nodes of a curve, such as 0.25:0.2,1:0.22"
    )
    rate: Rate = Field(
        0.01,
        description="risk-free rate per year, continuous, a fraction: 0.01 is 1%; or nodes, such as 0.25:0.021,1:0.025",
    )
    dividend_yield: Rate = Field(
        0.0,
        description="dividend yield per year, continuous, a fraction: 0.01 is 1%; or nodes, such as 0.5:0.01,1:0.02",
    )

    borrow: Rate | None = Field(
        None, description="cost per year of borrowing the underlying, continuous, beside the dividend yield; or nodes"
    )
    dividends: DividendList = Field(
        None, description="discrete dividends by ex-date, in cash or as a share of the price, such as 0.3:1.50,0.8:2%"
    )
    dividend_model: DividendModel = Field(
        DividendModel.JUMP,
        description="jump: cash lowers the price at the ex-date; escrowed: its value is taken off the spot today",
    )
    future: Price | None = Field(None, description="price of a future instead of the spot: it grows at no rate")
    foreign_rate: quanto.ForeignRate = None
    fx_vol: quanto.FxVol = None
    fx_correlation: quanto.FxCorrelation = None

    model: Model = Field(
        Model.GBM,
        description="law of the underlying: gbm, merton (jumps), heston (variance is random), bates (both), "
        "local-vol (vol is a function of price and time, by vol_surface)",
    )
    initial_variance: models.InitialVariance
    mean_reversion: models.MeanReversion
    long_run_variance: models.LongRunVariance
    vol_of_vol: models.VolOfVol
    spot_vol_correlation: models.SpotVolCorrelation
    jump_intensity: models.JumpIntensity
    jump_mean: models.JumpMean
    jump_vol: models.JumpVol
    vol_surface: QuotedVols

    @model_validator(mode="before")
    @classmethod
    def _future_is_the_spot(cls, fields: Any) -> Any:
        if not isinstance(fields, Mapping):
            return fields
        fields = only_own(fields)
        if fields.get("future") is None:
            return fields
        if fields.get("spot") not in (None, fields["future"]):
            raise ValueError("future and spot exclude each other; give one of them")
        return {**fields, "spot": fields["future"]}

    @model_validator(mode="after")
    def _future_has_no_carry(self) -> Self:
        for name in ("dividend_yield", "borrow", "dividends") if self.future is not None else ():
            if getattr(self, name):
                message = "a future's price has no carry; give one of them"
                raise ValueError(f"future and {name} exclude each other: {message}")
        return self

    @model_validator(mode="after")
    def _is_whole_as_quanto(self) -> Self:
        for message in quanto.objections({name: getattr(self, name) for name in type(self).model_fields}):
            raise ValueError(message)
        return self

    @field_validator(*OF_MODELS, mode="before")
    @classmethod
    def _of_the_model(cls, value: object) -> object:
        if isinstance(value, Foreign):
            raise ValueError(value.message)
        return value

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The fields but those that say nothing: None, the model gbm, and a model of no dividends in cash."""
        fields: dict[str, Any] = handler(self)
        shown = {name: value for name, value in fields.items() if value is not None}
        if not self.dividends or all(self.dividends.are_shares):
            del shown["dividend_model"]
        if self.model is Model.GBM:
            del shown["model"]
        return shown
