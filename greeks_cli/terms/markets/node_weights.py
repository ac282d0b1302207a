"""Weights of the nodes of curves in the integrals of their parameters."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from greeks_cli.terms.markets.dividends import on_date
from greeks_cli.terms.markets.forward_vols import forward_vol_weights
from greeks_cli.terms.nodes import node_name

if TYPE_CHECKING:
    from greeks_cli.terms.markets.market import Market


def weights_of(market: "Market", dates: tuple[float, ...]) -> Mapping[str, NDArray[np.float64]]:
    """The weight of every node in the integrals to some dates, and 1 from its ex-date for a share of the price."""
    found: dict[str, NDArray[np.float64]] = {}
    for name, curve in market.curves.items():
        found |= zip((node_name(name, label) for label in curve.labels), curve.weights(dates), strict=True)
    if market.foreign_rate is not None and "vol" in market.curves:
        found |= forward_vol_weights(dict(market.nodes)["vol"], market.curves["vol"].times, dates)
    if market.dividends:
        ex_dates = dict(zip(market.dividends.names, market.dividends.times, strict=True))
        for name in market.dividends.shares:
            found[name] = (np.array(dates) >= on_date(ex_dates[name], dates)).astype(float)
    return found
