"""Axes of requests on several underlyings: ``spot[A]``, ``vol[A]``, ``correlation[A,B]``, and the contract's."""

from collections.abc import Mapping
from typing import Any

from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import OF_MODELS
from greeks_cli.terms.markets.several import UNDERLYING, tables_of
from greeks_cli.terms.nodes import curve_of, label_of_node, node_name
from greeks_cli.terms.underlyings import (
    CORRELATION,
    correlation_name,
    is_common,
    is_correlation,
    local,
    named,
    pair_of,
    underlying_of,
)

Fields = dict[str, Any]


def canonical(name: str) -> str:
    """The name of an axis; a correlation has its underlyings in alphabetical order."""
    if not is_correlation(name):
        return name
    try:
        return correlation_name(*pair_of(label_of_node(name)))
    except ValueError:
        return name


def joint_units(market: JointMarket) -> dict[str, str]:
    """Units of the numbers of a market of several underlyings that an axis may vary, by name."""
    units, found = numeric_fields(Market), dict[str, str]()
    for name, own in market.underlying.items():
        of_others = {*OF_MODELS} - {*own.model.parameters}
        found |= {named(field, name): unit for field, unit in units.items() if field not in of_others}
        for curve, nodes in own.curves.items():
            found |= {named(node_name(curve, label), name): units[curve] for label in nodes.labels}
    return found | {node_name(CORRELATION, pair): "" for pair in market.correlation}


def without_name(market: JointMarket, name: str) -> str | None:
    """The remedy for a number that each underlying, or each pair, has; None for other names."""
    if name == CORRELATION:
        return f"belongs to each pair of underlyings; write {node_name(name, next(iter(market.correlation)))}"
    if not is_common(name) and underlying_of(name) is None and named(name, market.names[0]) in joint_units(market):
        return f"belongs to each underlying; write {named(name, market.names[0])}"
    return None


def joint_fields(market: JointMarket) -> Fields:
    """The fields of a market of several underlyings, as ``build_request`` takes them."""
    tables = {
        name: {field: getattr(own, field) for field in Market.model_fields} for name, own in market.underlying.items()
    }
    return {UNDERLYING: tables, CORRELATION: dict(market.correlation)}


def is_of_market(market: JointMarket, name: str) -> bool:
    """True for the name of a number of the market."""
    return name in joint_units(market)


def set_at(fields: Fields, name: str, value: float) -> None:
    """Sets a number of the market to the value of a point. Raises InvalidInput."""
    if is_correlation(name):
        fields[CORRELATION][label_of_node(name)] = value
        return
    underlying = underlying_of(name)
    for own in [fields[UNDERLYING][underlying]] if underlying else fields[UNDERLYING].values():
        _set(own, local(name), value)


def _set(own: Fields, name: str, value: float) -> None:
    if name in ("spot", "future") and own["future"] is not None:
        own |= {"spot": value, "future": value}
    elif isinstance(curve := own[curve_of(name)], Curve):
        try:
            own[curve_of(name)] = curve.with_value(label_of_node(name), value)
        except ValueError as error:
            raise InvalidInput([Problem((name,), str(error))]) from None
    else:
        own[name] = value


def middle_of_market(market: Mapping[str, Any], name: str, value: float) -> dict[str, Any]:
    """The fields of a market that give a number its value where they give none; empty where they do."""
    name = canonical(name)
    if is_correlation(name) and market.get(CORRELATION) is None:
        return {CORRELATION: {label_of_node(name): value}}
    try:
        tables = tables_of(market.get(UNDERLYING))
    except ValueError:  # the market reports it
        return {}
    if not isinstance(tables, Mapping) or (underlying := underlying_of(name)) is None:
        return {}
    own = tables.get(underlying)
    if not isinstance(own, Mapping) or local(name) in own or curve_of(local(name)) != local(name):
        return {}
    return {UNDERLYING: {**tables, underlying: {**own, local(name): value}}}
