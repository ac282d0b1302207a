"""Exact Greeks, by the same derivatives module as the simulated ones."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from math import isfinite

import numpy as np

from greeks_cli.analytic import path_options, vanilla_options
from greeks_cli.analytic.closed_form import closed_form
from greeks_cli.engine.autodiff.leaves import make_leaves
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex, by_grad
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.greek import MAX_ORDER, Greek
from greeks_cli.terms.request import Request

Exact = tuple[float | None, ...]
"""One per Greek; None where it is not known."""


def exact_greeks(request: Request) -> Exact:
    """The closed form of every Greek of the request."""
    return exact_derivatives(request, request.contract, [greek.parameters for greek in request.greeks])


def exact_derivatives(request: Request, contract: Contract, wanted: Sequence[MultiIndex]) -> Exact:
    """Derivatives of a contract's closed form in the request's market."""
    return _at([(contract, request.values)], wanted)[0]


def exact_greeks_of_all(requests: Sequence[Request]) -> list[Exact]:
    """The closed forms of many requests; those that differ in their contracts' numbers alone take hardly longer."""
    alike: dict[Hashable, list[int]] = {}
    for number, request in enumerate(requests):
        contract = request.contract
        fixed = contract.but_for(contract.values), request.market, request.greeks
        alike.setdefault((fixed, _order(contract, request.market.spot)), []).append(number)
    found: dict[int, Exact] = {}
    for numbers in alike.values():
        points = [(requests[number].contract, requests[number].values) for number in numbers]
        found |= zip(numbers, _at(points, [g.parameters for g in requests[numbers[0]].greeks]), strict=True)
    return [found[number] for number in range(len(requests))]


def exact_at_spots(request: Request, greeks: Sequence[Greek], spots: Sequence[float]) -> list[tuple[float, ...] | None]:
    """The closed form of every Greek at all the spots, which is much faster than at one after the other.

    None for a Greek of which it is not known at all of them.
    """
    sides: dict[Hashable, list[float]] = {}
    for spot in spots:
        sides.setdefault(_order(request.contract, spot), []).append(spot)
    found: dict[float, Exact] = {}
    for group in sides.values():
        points = [(request.contract, {**request.values, "spot": spot}) for spot in group]
        found |= zip(group, _at(points, [greek.parameters for greek in greeks]), strict=True)
    return [_whole([found[spot][i] for spot in spots]) for i in range(len(greeks))]


def _whole(line: Sequence[float | None]) -> tuple[float, ...] | None:
    known = tuple(number for number in line if number is not None)
    return known if len(known) == len(line) else None


def _order(contract: Contract, spot: float) -> Hashable:
    """How the spot and the contract's levels lie to each other: closed forms choose among formulas by that."""
    numbers = [getattr(contract, name) for name in numeric_fields(type(contract))]
    levels = [spot, *(number for number in numbers if isinstance(number, int | float))]
    return tuple((one > other, one == other) for one, other in combinations(levels, 2))


def _at(points: Sequence[tuple[Contract, Mapping[str, float]]], wanted: Sequence[MultiIndex]) -> list[Exact]:
    """Derivatives for contracts and values of the parameters between which no closed form tells a difference."""
    if not wanted:
        return [()] * len(points)
    contract, values = points[0]
    at = {name: np.array([own[name] for _, own in points]) for name in values}
    leaves = make_leaves(at, {name for index in wanted for name in index}, len(points), np.float64)
    with np.errstate(all="ignore"):  # what leaves the range of floats is not known
        value = closed_form(contract, leaves)
        if value is None:
            return [(None,) * len(wanted)] * len(points)
        derivatives = by_grad(value, leaves, wanted)
    highest = [1 if own.bends_at(its["spot"]) else MAX_ORDER for own, its in points]
    rows = zip(*(derivatives[index].tolist() for index in wanted), strict=True)
    return [
        tuple(
            number if isfinite(number) and len(index) <= order else None
            for index, number in zip(wanted, row, strict=True)
        )
        for row, order in zip(rows, highest, strict=True)
    ]


__all__ = ["exact_derivatives", "exact_greeks", "exact_greeks_of_all", "path_options", "vanilla_options"]
