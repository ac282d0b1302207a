"""The market: one underlying and the model that it follows, its parameters constant or curves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import exp, log, log1p, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

from pydantic import ValidationInfo, field_validator

from greeks_cli.terms.greek import CURVES, MODEL_PARAMETERS, QUANTO_PARAMETERS
from greeks_cli.terms.markets.carry import FUTURE, QUANTO, SHARES, carry
from greeks_cli.terms.markets.curve import Curve, Vol
from greeks_cli.terms.markets.dividends import CashDividends, DividendModel, Dividends
from greeks_cli.terms.markets.flat_market import FlatMarket
from greeks_cli.terms.markets.forward_vols import integral_of_vol
from greeks_cli.terms.markets.market_fields import MarketFields
from greeks_cli.terms.markets.models import Model, mean_variance
from greeks_cli.terms.markets.vol_surface import VolSurface
from greeks_cli.terms.nodes import Nodes, node_name, places

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from greeks_cli.terms.markets.smiles import Smiles


class Market(MarketFields):
    """Parameters of dS/S = (rate - dividend_yield) dt + vol dW, per year, or of another model.

    A curve of ``rate`` or ``dividend_yield`` has zero rates at its nodes: the logarithm of the discount factor is
    linear between them. A curve of ``vol`` has volatilities for expiries: total variance is linear between them. A
    ``vol_surface`` has volatilities for expiries and strikes, which the forward's carry relates to each other.
    """

    @field_validator("vol_surface")
    @classmethod
    def _without_arbitrage(cls, surface: VolSurface | None, info: ValidationInfo) -> VolSurface | None:
        if surface is None or not info.data.keys() >= cls.model_fields.keys() - {"vol_surface"}:
            return surface  # an error of another field
        if (dividends := info.data[SHARES]) and dividends.cash:
            message = "of a surface have no dividends in cash; give shares of the price, such as 0.3:1.5%"
            raise ValueError(f"the forwards {message}")
        return cls.model_construct(**info.data, vol_surface=surface).smiles.surface

    @property
    def diffusion(self) -> float:
        """The variance per year today, but for jumps, where it is no parameter."""
        return self._mean("vol", lambda curve: curve.values[0]) ** 2

    @property
    def models(self) -> tuple[Model, ...]:
        """The model of each underlying: of the one underlying."""
        return (self.model,)

    @property
    def is_lognormal(self) -> bool:
        """True if the price is lognormal."""
        return self.model is Model.GBM

    @property
    def shown_vol(self) -> Vol:
        """The volatility for a table: under a model without one, that of the variance today."""
        return self.today.vol if self.vol is None else self.vol

    @cached_property
    def smiles(self) -> "Smiles":
        """The smiles of the surface of quoted vols. Raises ValueError for arbitrage."""
        from greeks_cli.terms.markets.smiles import smiles_of  # commands without numbers start faster

        assert self.vol_surface is not None
        return smiles_of(self.vol_surface, tuple(map(self.forward, self.vol_surface.expiries)))

    def changed(self, parameter: str, value: float | VolSurface) -> "Market":
        """The market with another value of a parameter."""
        fields = {name: getattr(self, name) for name in Market.model_fields}
        return Market.model_validate({**fields, parameter: value})

    def describe(self) -> str:
        """The market in words, for headers."""
        names = self.model_dump()
        given = {name: getattr(self, name) for name in names if name != "spot" or self.future is None}
        words = (f"{value:g}" if isinstance(value, float | Curve) else f"{value}" for value in given.values())
        return ", ".join(f"{name.replace('_', ' ')} {word}" for name, word in zip(given, words, strict=True))

    @cached_property
    def curves(self) -> Mapping[str, Curve]:
        """The parameters that are curves."""
        found = {name: getattr(self, name) for name in CURVES}
        return {name: curve for name, curve in found.items() if isinstance(curve, Curve)}

    @cached_property
    def nodes(self) -> Nodes:
        """The names of curves, each with those of its nodes, and what else the four constant parameters leave out."""
        found = {name: tuple(node_name(name, label) for label in c.labels) for name, c in self.curves.items()}
        if self.vol_surface:
            found["vol"] = tuple(self.vol_surface.values)
        if self.borrow is not None:
            found.setdefault("borrow", ())
        if self.dividends and self.dividends.shares:
            found[SHARES] = self.dividends.shares
        if self.future is not None:
            found[FUTURE] = ()
        if self.foreign_rate is not None:
            found[QUANTO] = QUANTO_PARAMETERS
        if self.model is not Model.GBM:
            found[self.model] = tuple(name for name in self.model.parameters if name in MODEL_PARAMETERS)
        return tuple(found.items())

    @property
    def structure(self) -> object:
        """The market but for its numbers: equal where the programs of a contract are."""
        return self.nodes

    @cached_property
    def values(self) -> Mapping[str, float]:
        """The value of every parameter; a curve has one for each node, and 0 for the shift of all nodes."""
        found = {"spot": self.spot}
        for name in (*CURVES, *MODEL_PARAMETERS, *QUANTO_PARAMETERS):
            value = getattr(self, name)
            if value is not None:
                found[name] = 0.0 if isinstance(value, Curve) else value
        for name, curve in self.curves.items():
            found |= {node_name(name, label): value for label, value in zip(curve.labels, curve.values, strict=True)}
        if self.vol_surface:
            found |= {"vol": 0.0, **self.vol_surface.values}
        return found | (dict(self.dividends.values) if self.dividends else {})

    @cached_property
    def by_place(self) -> "Market":
        """The market with the nodes of curves and dividends named by their places; quotes of vols keep their names."""
        nodes: dict[str, Curve | Dividends] = {**self.curves}
        if self.dividends:
            nodes["dividends"] = self.dividends
        named = {name: replace(one, labels=places(len(one.labels))) for name, one in nodes.items()}
        if self.vol_surface or named == nodes:
            return self
        return self.model_construct(**{name: getattr(self, name) for name in Market.model_fields} | named)

    def weights(self, dates: tuple[float, ...]) -> "Mapping[str, NDArray[np.float64]]":
        """The weight of every node in the integrals to some dates, and 1 from its ex-date for a share of the price."""
        if dates not in self._kept_weights:
            from greeks_cli.terms.markets.node_weights import weights_of  # as for smiles

            self._kept_weights[dates] = weights_of(self, dates)
        return self._kept_weights[dates]

    @cached_property
    def _kept_weights(self) -> "dict[tuple[float, ...], Mapping[str, NDArray[np.float64]]]":
        return {}

    def ex_dates(self, dates: Sequence[float]) -> tuple[float, ...]:
        """The ex-dates of dividends in cash until the last of a contract's dates."""
        return tuple(time for _, time in self.dividends.cash_until(dates)) if self.dividends else ()

    def cash_dividends(self, dates: Sequence[float]) -> CashDividends | None:
        """The dividends in cash until the last of a contract's dates; None where there are none."""
        cash = self.dividends.cash_until(dates) if self.dividends else ()
        return CashDividends.of(self.dividend_model, cash, dates) if cash else None

    def worth_of_dividends(self, date: float) -> float:
        """The value today of dividends in cash until a date."""
        cash = self.dividends.cash_until((date,)) if self.dividends else ()
        return sum(self.values[name] * exp(-self._carry(time)) for name, time in cash)

    def chance_of_no_price(self, date: float) -> float:
        """The probability that jumps by dividends take all of the price, roughly: of a lognormal below their value."""
        worth = self.worth_of_dividends(date) if self.dividend_model is DividendModel.JUMP else 0.0
        deviation = self.flat(date).vol * sqrt(date)
        return NormalDist().cdf(log(worth / self.spot) / deviation + 0.5 * deviation) if worth else 0.0

    def nodes_before(self, date: float) -> Iterator[str]:
        """The names of nodes, but the last of each curve, before a date: there the parameters change.

        Under a surface of vols they change from the start.
        """
        if self.vol_surface:
            yield next(iter(self.vol_surface.values))
        if self.dividends:
            shares = zip(self.dividends.names, self.dividends.times, self.dividends.are_shares, strict=True)
            yield from (name for name, time, is_share in shares if is_share and time <= date)
        for name, curve in self.curves.items():
            yield from (
                node_name(name, label)
                for label, time in zip(curve.labels[:-1], curve.times, strict=False)
                if time < date
            )

    def flat(self, expiry: float) -> FlatMarket:
        """The market of constant parameters with the same discount factor, forward and variance at an expiry.

        The forward is without dividends in cash.
        """
        vol, rate = (self._mean(name, lambda curve: curve.mean(expiry)) for name in ("vol", "rate"))
        return FlatMarket(self.spot, self._deviation(vol, expiry), rate, rate - self._carry(expiry) / expiry)

    @property
    def today(self) -> FlatMarket:
        """The market of constant parameters in which the underlying moves today: those of the first nodes."""
        vol, rate, dividend_yield, borrow = (
            self._mean(name, lambda curve: curve.values[0]) for name in ("vol", "rate", "dividend_yield", "borrow")
        )
        carried = rate if self.future is not None else dividend_yield + borrow
        if self.foreign_rate is not None:
            moved = self.values["fx_correlation"] * self.values["fx_vol"] * vol
            carried = rate - (self.foreign_rate - moved - dividend_yield - borrow)
        return FlatMarket(self.spot, self._deviation(vol, 0.0), rate, carried)

    def forward(self, date: float) -> float:
        """The forward price, without dividends in cash."""
        return self.spot * exp(self._carry(date))

    def _deviation(self, vol: float, years: float) -> float:
        """The standard deviation per year, of which ``vol`` is the constant part."""
        if self.vol_surface:
            return self.smiles.vol(years)
        return vol if self.model is Model.GBM else sqrt(vol * vol + mean_variance(self.values, years))

    def _carry(self, date: float) -> float:
        """The logarithm of the forward over the spot, but for dividends in cash."""
        known = {name for name, time in self.dividends.until((date,))} if self.dividends else ()
        found: float = carry(
            dict(self.nodes),
            self.values,
            lambda name: self._integral(name, date),
            lambda share: log1p(-self.values[share]) if share in known else 0.0,
        )
        return found

    def _integral(self, name: str, date: float) -> float:
        if name == "vol" and "vol" in self.curves:
            weights, vols = self.weights((date,)), {node: self.values[node] for node in dict(self.nodes)["vol"]}
            return float(integral_of_vol(vols, lambda name: weights[name][0], date, sqrt))
        return self._mean(name, lambda curve: curve.mean(date)) * date

    def _mean(self, name: str, of_curve: Callable[[Curve], float]) -> float:
        value = getattr(self, name)
        return of_curve(value) if isinstance(value, Curve) else float(value or 0.0)
