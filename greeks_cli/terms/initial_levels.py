"""Initial levels of contracts on performances: the spots of today where none are given."""

from collections.abc import Mapping
from typing import Any

from greeks_cli.terms.contract import Contract
from greeks_cli.terms.joint_contracts import Leveled
from greeks_cli.terms.joint_market import JointMarket
from greeks_cli.terms.market import Market


def with_spots(model: type[Contract], terms: Mapping[str, Any], market: Market | JointMarket) -> Mapping[str, Any]:
    """The fields of a contract, with the spots as its initial levels where it takes them by default."""
    if not issubclass(model, Leveled) or not model.levels_are_spots or terms.get("initial_levels"):
        return terms
    markets = market.markets if isinstance(market, JointMarket) else (market,)
    return {**terms, "initial_levels": tuple(one.spot for one in markets)}
