"""Exact Greeks, by the same derivatives module as the simulated ones."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from greeks_cli.analytic import path_options, vanilla_options
from greeks_cli.analytic.closed_form import closed_form
from greeks_cli.engine.derivatives import MultiIndex, by_grad
from greeks_cli.engine.leaves import make_leaves
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.greek import MAX_ORDER, Greek
from greeks_cli.terms.request import Request


def exact_greeks(request: Request) -> tuple[float | None, ...]:
    """The closed form of every Greek of the request; None where none is known."""
    return exact_derivatives(request, request.contract, [greek.parameters for greek in request.greeks])


def exact_derivatives(request: Request, contract: Contract, wanted: Sequence[MultiIndex]) -> tuple[float | None, ...]:
    """Derivatives of a contract's closed form in the request's market; None where none is known."""
    found = _at(request.values, contract, wanted, [request.market.spot])
    return tuple(line[0] for line in found)


def exact_at_spots(request: Request, greeks: Sequence[Greek], spots: Sequence[float]) -> list[tuple[float, ...] | None]:
    """The closed form of every Greek at all the spots, which is much faster than at one after the other.

    None for a Greek of which it is not known at all of them.
    """
    levels = [*_levels(request.contract)]
    sides: dict[tuple[tuple[bool, bool], ...], list[float]] = {}
    for spot in spots:
        # Closed forms choose among formulas by where the spot is beside a strike or a barrier.
        side = tuple((spot > level, spot == level) for level in levels)
        sides.setdefault(side, []).append(spot)
    found: list[dict[float, float | None]] = [{} for _ in greeks]
    for group in sides.values():
        lines = _at(request.values, request.contract, [greek.parameters for greek in greeks], group)
        for at, line in zip(found, lines, strict=True):
            at |= zip(group, line, strict=True)
    return [_whole([at[spot] for spot in spots]) for at in found]


def _whole(line: Sequence[float | None]) -> tuple[float, ...] | None:
    known = tuple(number for number in line if number is not None)
    return known if len(known) == len(line) else None


def _levels(contract: Contract) -> Iterator[float]:
    for name in numeric_fields(type(contract)):
        level = getattr(contract, name)
        if isinstance(level, int | float):
            yield level


def _at(
    values: Mapping[str, float], contract: Contract, wanted: Sequence[MultiIndex], spots: Sequence[float]
) -> list[tuple[float | None, ...]]:
    """Derivatives at spots on the same side of all levels of the contract."""
    at: dict[str, Any] = {**values, "spot": np.array(spots)}
    leaves = make_leaves(at, values, len(spots), np.float64)
    with np.errstate(all="ignore"):  # what leaves the range of floats is not known
        value = closed_form(contract, leaves)
        if value is None:
            return [(None,) * len(spots)] * len(wanted)
        derivatives = by_grad(value, leaves, wanted)
    highest = [1 if contract.bends_at(spot) else MAX_ORDER for spot in spots]
    return [
        tuple(
            number if isfinite(number) and len(index) <= order else None
            for number, order in zip(map(float, derivatives[index]), highest, strict=True)
        )
        for index in wanted
    ]


__all__ = ["exact_derivatives", "exact_greeks", "path_options", "vanilla_options"]
