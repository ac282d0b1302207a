"""Quotes of a smile as arrays, and errors of a model in vols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.analytic.implied_volatility import implied_vols
from greeks_cli.calibration.smile_prices import SmilePrices
from greeks_cli.engine.compiler.functions import normal_cdf
from greeks_cli.terms.markets.models import Model

Array = NDArray[np.float64]

_LEAST_VEGA = 0.02
"""The least vega of a search over the largest of the expiry; a strike 2.8 deviations away has it."""


@dataclass(frozen=True)
class SmileData:
    """Vols by expiry and moneyness, the logarithm of strike over forward, with weights whose mean is 1."""

    years: Array
    moneyness: Array
    vols: Array
    weights: Array

    @property
    def signs(self) -> Array:
        """1 for calls and -1 for puts, which are out of the money."""
        return np.where(self.moneyness > 0, 1.0, -1.0)

    def implied(self, prices: Array) -> Array:
        """The vols of some prices over the forward, NaN where there is none."""
        strikes = np.exp(self.moneyness)
        return implied_vols(np.ones_like(strikes), strikes, np.ones_like(strikes), self.years, self.signs, prices).vols

    def vegas(self, vols: Array) -> Array:
        """The derivatives of prices over the forward in vols."""
        deviation = vols * np.sqrt(self.years)
        d1 = -self.moneyness / deviation + 0.5 * deviation
        return np.exp(-0.5 * d1 * d1) / sqrt(2 * pi) * np.sqrt(self.years)

    def black(self, vols: Array) -> Array:
        """The prices over the forward at some vols."""
        deviation = vols * np.sqrt(self.years)
        d1 = -self.moneyness / deviation + 0.5 * deviation
        signs = self.signs
        return signs * (normal_cdf(signs * d1) - np.exp(self.moneyness) * normal_cdf(signs * (d1 - deviation)))


class SmileErrors:
    """Weighted errors of a model's vols, and their slopes in its parameters."""

    def __init__(self, model: Model, data: SmileData, n_nodes: int, in_prices: bool):
        """``in_prices`` takes errors of prices over the vega of the quote, which every price has.

        Far from the forward, where the vega is small, it is that of ``_LEAST_VEGA``: no price of a bad model is then so
        many vols away that the search sees nothing else.
        """
        self._data, self._in_prices = data, in_prices
        self._prices = SmilePrices(model, data.years.tolist(), data.moneyness.tolist(), n_nodes)
        self._targets, self._vegas = data.black(data.vols), data.vegas(data.vols)
        if in_prices:
            self._vegas = np.maximum(self._vegas, _LEAST_VEGA * np.sqrt(data.years / (2 * pi)))
        self._roots = np.sqrt(data.weights)

    def errors(self, values: Mapping[str, float]) -> Array:
        """Errors in vols, times the roots of the weights."""
        prices = self._prices.prices(values)
        linear = (prices - self._targets) / self._vegas
        if self._in_prices:
            return self._roots * linear
        vols = self._data.implied(prices)
        return self._roots * np.where(np.isnan(vols), linear, vols - self._data.vols)

    def slopes(self, values: Mapping[str, float], names: Sequence[str]) -> Array:
        """The derivatives of the errors, shape (n_quotes, n_names)."""
        vegas = self._vegas
        if not self._in_prices:
            vols = self._data.implied(self._prices.prices(values))
            vegas = np.where(np.isnan(vols), vegas, self._data.vegas(vols))
        return (self._roots / vegas)[:, None] * self._prices.slopes(values, names)
