"""Initial levels of contracts on performances: the spots of today where none are given."""

import re
from collections.abc import Mapping
from typing import Any

from greeks_cli.terms.contract import Contract
from greeks_cli.terms.formula import Formula, read_parameters
from greeks_cli.terms.joint_contracts import Leveled
from greeks_cli.terms.joint_market import JointMarket
from greeks_cli.terms.market import Market


def with_spots(model: type[Contract], terms: Mapping[str, Any], market: Market | JointMarket) -> Mapping[str, Any]:
    """The fields of a contract, with the spots as its initial levels where it takes them by default.

    A formula may name today's spot of an underlying A as ``A0``, and that of one underlying as ``S0``.
    """
    if issubclass(model, Formula):
        return _of_formula(terms, market)
    if not issubclass(model, Leveled) or not model.levels_are_spots or terms.get("initial_levels"):
        return terms
    markets = market.markets if isinstance(market, JointMarket) else (market,)
    return {**terms, "initial_levels": tuple(one.spot for one in markets)}


def _of_formula(terms: Mapping[str, Any], market: Market | JointMarket) -> Mapping[str, Any]:
    spots = {"S": market.spot} if isinstance(market, Market) else {n: m.spot for n, m in market.underlying.items()}
    words = set(re.findall(r"\w+", str(terms.get("payoff", ""))))
    try:
        given = read_parameters(terms.get("param") or {})
    except ValueError:  # the contract reports it
        return terms
    wanted = {f"{name}0": spot for name, spot in spots.items() if f"{name}0" in words - spots.keys()}
    if not wanted or not isinstance(given, Mapping):
        return terms
    return {**terms, "param": {**wanted, **given}}
