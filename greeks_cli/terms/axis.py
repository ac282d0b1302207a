"""Axes: a numeric field of the contract or the market, and the values it takes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from math import isfinite, prod
from typing import Any, TypeVar

from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.fields import Term, numeric_fields, plain_digits
from greeks_cli.terms.joint_axis import canonical, is_of_market, joint_fields, joint_units, set_at, without_name
from greeks_cli.terms.markets.absent import is_node_of_curve, without_node
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import OF_MODELS
from greeks_cli.terms.markets.vol_surface import VolSurface
from greeks_cli.terms.nodes import curve_of, label_of_node, node_name
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator

Noded = TypeVar("Noded", Curve, VolSurface)

_MOST_NUMBERS, _MOST_POINTS = 1_000_000, 10_000
_NAMED = 3
_NEXT = 1e-9
"""The distance from a jump of a derivative, as a share of the spot, at which another one is taken."""


def spaced(text: str) -> list[float]:
    """Equally spaced numbers of ``start:stop:count``, both ends included. Raises ValueError with a remedy."""
    try:
        plain_digits(text)
        start, stop, count = text.split(":")
        first, last, n = float(start), float(stop), int(count)
    except ValueError:
        first = last = n = 0
    if n < 1 or not isfinite(first) or not isfinite(last):
        raise ValueError("start:stop:count such as '80:120:5'")
    if n > _MOST_NUMBERS:
        raise ValueError(f"start:stop:count with a count of at most {_MOST_NUMBERS:,}")
    return [float(f"{first + (last - first) * i / max(1, n - 1):.12g}") for i in range(n)]


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter and its values in the order asked for; at least two, all different."""

    name: str
    values: tuple[float, ...]


def parse_axis(text: str) -> Axis:
    """An axis from ``spot=60:140:41``, ends included, or ``vol=0.1,0.2,0.4``. Raises ValueError with a remedy."""
    name, equals, numbers = (part.strip() for part in text.partition("="))
    remedy = "write name=start:stop:count such as spot=60:140:41, or name=a,b,c"
    if not name or not equals:
        raise ValueError(f"no parameter and its values; {remedy}")
    try:
        plain_digits(numbers)
        values = spaced(numbers) if ":" in numbers else [float(number) for number in numbers.split(",")]
    except ValueError:
        raise ValueError(f"no such values; {remedy}") from None
    if len(values) < 2 or len(set(values)) < len(values):
        raise ValueError("two values or more are wanted, each of them once; " + remedy)
    of, bracket, node = name.partition("[")
    return Axis(canonical(f"{of.replace('-', '_')}{bracket}{node}"), tuple(values))


def points(request: Request, axes: Sequence[Axis]) -> list[Request]:
    """The request, without its tolerances, at every point of the axes; the last axis runs fastest.

    Raises InvalidInput for an axis that the request does not have, and for points that are not valid
    requests, which it names.
    """
    _check(request, axes)
    found, problems = [], []
    for place in places(axes):
        try:
            found.append(_at(request, place))
        except InvalidInput as error:
            # A derivative that does not exist where another one jumps exists next to it.
            with suppress(InvalidInput):
                found.append(_at(request, _next_to(request, place)))
                continue
            problems += [Problem((where(place),), problem.message, detail=problem.detail) for problem in error.problems]
    if problems:
        raise InvalidInput(_few(problems))
    return _by_one_method(found)


def _by_one_method(requests: list[Request]) -> list[Request]:
    """The requests, all pathwise where some of them have a singular matrix, for which nothing else applies."""
    if not any(request.is_joint and request.joint_market.is_singular for request in requests):
        return requests
    simulation = requests[0].simulation.model_copy(update={"estimator": Estimator.PATHWISE})
    return [replace(request, simulation=simulation) for request in requests]


def _next_to(request: Request, place: Mapping[str, float]) -> dict[str, float]:
    """A point with other spots, a little beside another one."""
    spots = [name for name in request.values if curve_of(name) == "spot"]
    return {**place, **{name: place.get(name, request.values[name]) * (1 + _NEXT) for name in spots}}


def _few(problems: list[Problem]) -> list[Problem]:
    """The first problems; the last one returned counts the rest."""
    *first, last = problems[:_NAMED]
    if len(problems) > _NAMED:
        last = replace(last, message=f"{last.message}; and at {len(problems) - _NAMED:,} more points, narrow the range")
    return [*first, last]


def places(axes: Sequence[Axis]) -> Iterator[dict[str, float]]:
    """Values by name at every point of the axes; the last axis runs fastest."""
    for values in product(*(axis.values for axis in axes)):
        yield {axis.name: value for axis, value in zip(axes, values, strict=True)}


def where(place: Mapping[str, float]) -> str:
    """A point in words: ``spot=90, vol=0.2``."""
    return ", ".join(f"{name}={value:g}" for name, value in place.items())


def units(request: Request) -> dict[str, str]:
    """Units of the numbers that an axis may vary, by name."""
    named = dict.fromkeys(request.contract.values, "")
    if isinstance(request.market, JointMarket):
        return {**named, **numeric_fields(type(request.contract)), **joint_units(request.market)}
    own = request.market.model.parameters
    of_market = {name: u for name, u in numeric_fields(Market).items() if name not in OF_MODELS or name in own}
    curves = request.market.curves.items()
    of_nodes = {node_name(name, label): of_market[name] for name, curve in curves for label in curve.labels}
    if request.sole_market.vol_surface:
        of_nodes |= dict.fromkeys(request.sole_market.vol_surface.values, numeric_fields(Market)["vol"])
    return {**named, **numeric_fields(type(request.contract)), **of_market, **of_nodes}


def section_of(kind: str, name: str) -> str | None:
    """The section of a request, ``contract`` or ``market``, with a number of this name; None where neither has one."""
    models: dict[str, type[Term]] = {"market": Market, "contract": CONTRACTS.get(kind, Contract)}
    return next((section for section, model in models.items() if name in numeric_fields(model)), None)


def _check(request: Request, axes: Sequence[Axis]) -> None:
    known = units(request)
    curves = request.market.curves
    for axis in axes:
        if isinstance(request.market, JointMarket) and (remedy := without_name(request.market, axis.name)):
            raise InvalidInput([Problem((axis.name,), remedy)])
        if axis.name in curves:
            node = node_name(axis.name, curves[axis.name].labels[-1])
            message = f"is a curve, and no number to vary; vary a node, such as {node}=START:STOP:COUNT"
            raise InvalidInput([Problem((axis.name,), message)])
        if axis.name not in known and is_node_of_curve(axis.name) and not request.is_joint:
            raise InvalidInput([Problem((axis.name,), without_node(request.sole_market, axis.name))])
        if axis.name in OF_MODELS and axis.name not in known:
            raise InvalidInput([Problem((axis.name,), _without_number(request.sole_market, axis.name))])
        if axis.name not in known:
            message = f"no number of the {request.contract.kind} contract or its market; "
            raise InvalidInput([Problem((axis.name,), message + did_you_mean(axis.name, known))])
    if len({axis.name for axis in axes}) < len(axes):
        raise InvalidInput([Problem((axes[0].name,), "is there twice; a surface wants two parameters")])
    if (count := prod(len(axis.values) for axis in axes)) > _MOST_POINTS:
        raise InvalidInput([Problem((axes[0].name,), f"{count:,} points; at most {_MOST_POINTS:,} are drawn")])


def _without_number(market: Market, name: str) -> str:
    """The reason why a parameter of models is no number of a market, and the remedy."""
    if market.vol_surface:
        quote = next(iter(market.vol_surface.values))
        return f"model {market.model} has no number {name}, but quotes; vary one, such as {quote}=START:STOP:COUNT"
    own = ", ".join(market.model.parameters)
    return f"model {market.model} has no {name}; vary one of its own, {own}"


def _at(request: Request, place: Mapping[str, float]) -> Request:
    """The request with the values of a point. Raises InvalidInput."""
    contract = request.contract.model_dump()
    if isinstance(request.market, JointMarket):
        return _at_several(request, request.market, contract, place)
    market = {name: getattr(request.market, name) for name in Market.model_fields}
    surface = request.sole_market.vol_surface
    for name, value in place.items():
        if isinstance(curve := market.get(curve_of(name)), Curve):
            market[curve_of(name)] = _with_node(curve, name, value)
        elif surface and name in surface.values:
            market["vol_surface"] = surface = _with_node(surface, name, value)
        elif name in ("spot", "future") and request.sole_market.future is not None:
            market |= {"spot": value, "future": value}
        elif name in market:
            market[name] = value
        elif name in contract:
            contract[name] = value
        else:
            contract["param"] = {**contract["param"], name: value}
    return build_request(contract, market, dict(request.simulation), request.greeks)


def _at_several(request: Request, market: JointMarket, contract: dict[str, Any], place: Mapping[str, float]) -> Request:
    fields = joint_fields(market)
    for name, value in place.items():
        if is_of_market(market, name):
            set_at(fields, name, value)
        elif name in contract:
            contract[name] = value
        else:
            contract["param"] = {**contract["param"], name: value}
    return build_request(contract, fields, dict(request.simulation), request.greeks)


def _with_node(curve: Noded, node: str, value: float) -> Noded:
    """The curve or surface with another value at a node. Raises InvalidInput."""
    try:
        return curve.with_value(label_of_node(node), value)
    except ValueError as error:
        raise InvalidInput([Problem((node,), str(error))]) from None
