"""Greeks of the closed forms, by the same automatic differentiation as the simulated Greeks."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from math import isfinite

import numpy as np

from greeks_cli.analytic import barrier_options, double_barrier, path_options, vanilla_options
from greeks_cli.analytic.closed_form import SCHEDULE, closed_form
from greeks_cli.analytic.path_options import has_small_carry
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex, by_grad
from greeks_cli.engine.autodiff.ops import make_leaves
from greeks_cli.engine.compiler.ir import Program
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.fields import numeric_fields
from greeks_cli.terms.greek import MAX_ORDER, Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.vanillas import European, ForwardStart

Exact = tuple[float | None, ...]
"""One value per Greek; None where there is no closed form, or it is not finite."""


_TRACED_POINTS = 3
_KEPT = 128
"""Traces of closed forms that are kept."""


Point = tuple[Contract, Mapping[str, float]]
"""A contract and the values of its parameters and the market's."""


def _plainest(contract: Contract, values: Mapping[str, float]) -> Point:
    """The contract, or a European that pays the same."""
    if isinstance(contract, ForwardStart) and contract.strike is not None:
        european = European(type=contract.type, strike=contract.strike, expiry=contract.expiry)
        return european, {**values, "strike": contract.strike}
    return contract, values


def exact_greeks(request: Request) -> Exact:
    """Closed forms of the request's Greeks."""
    return exact_derivatives(request, request.contract, [greek.parameters for greek in request.greeks])


def exact_derivatives(request: Request, contract: Contract, wanted: Sequence[MultiIndex]) -> Exact:
    """Derivatives of a contract's closed form in the request's market."""
    return _at([_plainest(contract, request.values)], wanted)[0]


def exact_greeks_of_all(requests: Sequence[Request]) -> list[Exact]:
    """Closed forms of several requests; requests that differ only in numbers are evaluated as a batch."""
    points = [_plainest(request.contract, request.values) for request in requests]
    batches: dict[Hashable, list[int]] = {}
    for number, (request, point) in enumerate(zip(requests, points, strict=True)):
        batches.setdefault((_structure(*point), request.greeks), []).append(number)
    found: dict[int, Exact] = {}
    for numbers in batches.values():
        wanted = [greek.parameters for greek in requests[numbers[0]].greeks]
        found |= zip(numbers, _at([points[number] for number in numbers], wanted), strict=True)
    return [found[number] for number in range(len(requests))]


def exact_at_spots(request: Request, greeks: Sequence[Greek], spots: Sequence[float]) -> list[tuple[float, ...] | None]:
    """Closed forms of the Greeks at all spots, evaluated in batches, which is much faster than spot by spot.

    None for a Greek that lacks a closed form at one of the spots.
    """
    contract, values = _plainest(request.contract, request.values)
    sides: dict[Hashable, list[float]] = {}
    for spot in spots:
        sides.setdefault(_structure(contract, {**values, "spot": spot}), []).append(spot)
    found: dict[float, Exact] = {}
    for group in sides.values():
        points = [(contract, {**values, "spot": spot}) for spot in group]
        found |= zip(group, _at(points, [greek.parameters for greek in greeks]), strict=True)
    return [_whole([found[spot][i] for spot in spots]) for i in range(len(greeks))]


def _whole(line: Sequence[float | None]) -> tuple[float, ...] | None:
    found = tuple(number for number in line if number is not None)
    return found if len(found) == len(line) else None


def _structure(contract: Contract, values: Mapping[str, float]) -> Hashable:
    """Equal for contracts and values for which the closed form is one function of its leaves.

    Closed forms choose among formulas by the order of the spot and the contract's levels, and by the carry.
    """
    numbers = [getattr(contract, name) for name in numeric_fields(type(contract)) if name not in SCHEDULE]
    levels = [values["spot"], *(number for number in numbers if isinstance(number, int | float))]
    order = tuple((one > other, one == other) for one, other in combinations(levels, 2))
    times = contract.dates if "fixing_times" in contract.schedule else ()
    return (
        type(contract),
        contract.but_for({*contract.values, *SCHEDULE}),
        times,
        order,
        has_small_carry(contract, values),
        contract.case(values["spot"]),
        contract.series(values),
    )


@dataclass(frozen=True)
class _Subject:
    """A closed form and the derivatives wanted of it, equal where their traces are."""

    structure: Hashable
    wanted: tuple[MultiIndex, ...]
    contract: Contract = field(compare=False)
    inputs: Mapping[str, float] = field(compare=False)


@lru_cache(_KEPT)
def _traced(subject: _Subject) -> Program[MultiIndex] | None:
    """The derivatives of a closed form; None where there is none. The sample values only choose the formula."""
    tracer = Tracer(_TRACED_POINTS)
    values = {name: tracer.source(name, np.full(_TRACED_POINTS, value)) for name, value in subject.inputs.items()}
    leaves = make_leaves(values, {name for index in subject.wanted for name in index}, _TRACED_POINTS, np.float64)
    value = closed_form(subject.contract, leaves)
    return None if value is None else tracer.program(by_grad(value, leaves, subject.wanted))


def _at(points: Sequence[Point], wanted: Sequence[MultiIndex]) -> list[Exact]:
    """Derivatives at a batch of points, contract and parameter values, of one structure."""
    if not wanted:
        return [()] * len(points)
    contract, values = points[0]
    schedule = [name for name in SCHEDULE if hasattr(contract, name)]
    inputs = {**values, **{name: getattr(contract, name) for name in schedule}}
    with np.errstate(all="ignore"):  # values beyond the range of floats become None below
        program = _traced(_Subject(_structure(contract, values), tuple(dict.fromkeys(wanted)), contract, inputs))
        if program is None:
            return [(None,) * len(wanted)] * len(points)
        # A sum over the rows of a single column would add in another order.
        together = points if len(points) > 1 else [*points, *points]
        at = {name: np.array([value_of[name] for _, value_of in together]) for name in values}
        at |= {name: np.array([getattr(one, name) for one, _ in together]) for name in schedule}
        found = dict(program.run(lambda name: at[str(name)], len(together)))
    derivatives = {index: np.broadcast_to(array, len(together))[: len(points)] for index, array in found.items()}
    highest = [1 if one.bends_at(value_of["spot"]) else MAX_ORDER for one, value_of in points]
    rows = zip(*(derivatives[index].tolist() for index in wanted), strict=True)
    return [
        tuple(
            number if isfinite(number) and len(index) <= order else None
            for index, number in zip(wanted, row, strict=True)
        )
        for row, order in zip(rows, highest, strict=True)
    ]


__all__ = [
    "barrier_options",
    "double_barrier",
    "exact_derivatives",
    "exact_greeks",
    "exact_greeks_of_all",
    "path_options",
    "vanilla_options",
]
