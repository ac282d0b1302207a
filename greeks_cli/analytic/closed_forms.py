"""Greeks of the closed forms, by the same automatic differentiation as the simulated Greeks."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from greeks_cli.analytic.closed_form import SCHEDULE, closed_form
from greeks_cli.analytic.point import PastFixing, Point, point_of
from greeks_cli.analytic.point_accruals import TRACED_POINTS, PointAccruals, lognormal_start, open_input
from greeks_cli.engine.autodiff.mixed_partials import Derivatives, MultiIndex, by_grad
from greeks_cli.engine.autodiff.ops import Leaves, Operand, make_leaves
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.engine.compiler.ir import Array, Program
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.fixings import Periodic
from greeks_cli.terms.greek import TIME, Greek
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.request import Request

if TYPE_CHECKING:
    from greeks_cli.analytic.joint_point import JointPoint

    AnyPoint = Point | JointPoint

Exact = tuple[float | None, ...]
"""One value per Greek; None where there is no closed form, or it is not finite."""


_KEPT = 128
"""Traces of closed forms that are kept."""
_POINTS_OF_INTEGRALS = 256
"""The number of points whose integrals are in memory at a time."""


def exact_greeks(request: Request) -> Exact:
    """Closed forms of the request's Greeks."""
    return exact_derivatives(request, request.contract, [greek.parameters for greek in request.greeks])


def exact_derivatives(request: Request, contract: Contract, wanted: Sequence[MultiIndex]) -> Exact:
    """Derivatives of a contract's closed form in the request's market."""
    with arithmetic(request.simulation):
        return _at([_point(request, contract)], wanted)[0]


def exact_greeks_of_all(requests: Sequence[Request]) -> list[Exact]:
    """Closed forms of several requests; requests that differ only in numbers are evaluated as a batch."""
    if not requests:
        return []
    with arithmetic(requests[0].simulation):
        points = [_point(request, request.contract) for request in requests]
        return _in_batches(points, [[greek.parameters for greek in request.greeks] for request in requests])


def _point(request: Request, contract: Contract) -> "AnyPoint":
    """The point of a contract in the request's market, whose nodes are named by place."""
    request = request.by_place
    if isinstance(request.market, JointMarket):
        from greeks_cli.analytic.joint_point import JointPoint  # most requests have one underlying

        return JointPoint(contract, request.market, request.values)
    return point_of(contract, request.sole_market, request.values)


def exact_prices(contracts: Sequence[Contract], market: Market) -> list[float | None]:
    """Closed forms of the prices of several contracts in one market."""
    points = [point_of(contract, market, {**market.values, **contract.values, TIME: 0.0}) for contract in contracts]
    return [price for (price,) in _in_batches(points, [[()]] * len(points))]


def _in_batches(points: "Sequence[AnyPoint]", wanted: Sequence[Sequence[MultiIndex]]) -> list[Exact]:
    """The derivatives wanted at each point; points at which one function is evaluated are a batch."""
    batches: dict[Hashable, list[int]] = {}
    for number, (point, of_point) in enumerate(zip(points, wanted, strict=True)):
        batches.setdefault((point.structure, tuple(of_point)), []).append(number)
    found: dict[int, Exact] = {}
    for numbers in batches.values():
        found |= zip(numbers, _at([points[number] for number in numbers], wanted[numbers[0]]), strict=True)
    return [found[number] for number in range(len(points))]


def exact_at_spots(request: Request, greeks: Sequence[Greek], spots: Sequence[float]) -> list[tuple[float, ...] | None]:
    """Closed forms of the Greeks at all spots, evaluated in batches, which is much faster than spot by spot.

    None for a Greek that lacks a closed form at one of the spots.
    """
    sides: dict[Hashable, list[float]] = {}
    points = {spot: point_of(request.contract, request.sole_market, {**request.values, "spot": spot}) for spot in spots}
    for spot, point in points.items():
        sides.setdefault(point.structure, []).append(spot)
    found: dict[float, Exact] = {}
    with arithmetic(request.simulation):
        for group in sides.values():
            side = _at([points[spot] for spot in group], [greek.parameters for greek in greeks])
            found |= zip(group, side, strict=True)
    return [_whole([found[spot][i] for spot in spots]) for i in range(len(greeks))]


def _whole(line: Sequence[float | None]) -> tuple[float, ...] | None:
    found = tuple(number for number in line if number is not None)
    return found if len(found) == len(line) else None


@dataclass(frozen=True)
class _Subject:
    """A closed form and the derivatives wanted of it, equal where their traces are."""

    structure: Hashable
    wanted: tuple[MultiIndex, ...]
    point: "AnyPoint" = field(compare=False)


@lru_cache(_KEPT)
def _traced(subject: _Subject) -> Program[MultiIndex] | None:
    """The derivatives of a closed form; None where there is none. The sample values only choose the formula."""
    point, tracer = subject.point, Tracer(TRACED_POINTS)
    if not point.is_known:
        return None
    names = [*point.values, *(name for name in SCHEDULE if hasattr(point.contract, name))]
    values = {name: tracer.source(name, np.full(TRACED_POINTS, point.input(name))) for name in names}
    leaves = make_leaves(values, {name for index in subject.wanted for name in index}, TRACED_POINTS, np.float64)
    value = _value(point, leaves, tracer)
    return None if value is None else tracer.program(by_grad(value, leaves, subject.wanted))


def _value(point: "AnyPoint", leaves: Leaves, tracer: Tracer) -> Operand | None:
    if not isinstance(point, Point):
        from greeks_cli.analytic.joint_value import joint_value

        return joint_value(point, leaves, tracer)
    start = lognormal_start(point, leaves, lambda source: open_input(point, source, tracer))
    leaves = {**leaves, **_observed(point, tracer), "spot": start}
    accruals = PointAccruals(point, leaves, tracer)
    if point.market.nodes and point.has_constant_carry:
        leaves = {**leaves, "dividend_yield": leaves["rate"] - accruals().carry_per_year}
    return closed_form(point.contract, leaves, accruals)


def _observed(point: Point, tracer: Tracer) -> dict[str, Operand]:
    """Numbers that follow from the past, as inputs; of a contract on returns also each past fixing."""
    found: dict[str, Operand] = {name: open_input(point, name, tracer) for name in point.contract.observed}
    if isinstance(point.contract, Periodic):
        places = range(len(point.contract.past_fixings))
        found["past_fixings"] = [open_input(point, PastFixing(place), tracer) for place in places]
    return found


def _at(points: "Sequence[AnyPoint]", wanted: Sequence[MultiIndex]) -> list[Exact]:
    """Derivatives at a batch of points of one structure."""
    if not wanted:
        return [()] * len(points)
    with np.errstate(all="ignore"):  # values beyond the range of floats become None below
        known = tuple(index for index in dict.fromkeys(wanted) if points[0].knows(index))
        program = _traced(_Subject(points[0].structure, known, points[0])) if known else None
        if program is None:
            return [(None,) * len(wanted)] * len(points)
        derivatives = _computed(program, points)
    unknown = np.full(len(points), np.nan)
    highest = [point.highest_order for point in points]
    rows = zip(*(derivatives.get(index, unknown).tolist() for index in wanted), strict=True)
    return [
        tuple(
            number if isfinite(number) and len(index) <= order else None
            for index, number in zip(wanted, row, strict=True)
        )
        for row, order in zip(rows, highest, strict=True)
    ]


def _computed(program: Program[MultiIndex], points: "Sequence[AnyPoint]") -> Derivatives:
    """The derivatives at all points; integrals have an array of places for each point, so few points at a time."""
    if not points[0].is_integral:
        return _by_rule(program, points, 0.0)
    starts = range(0, len(points), _POINTS_OF_INTEGRALS)
    parts = [_by_two_rules(program, points[start : start + _POINTS_OF_INTEGRALS]) for start in starts]
    return {index: np.concatenate([part[index] for part in parts]) for index in parts[0]}


def _by_two_rules(program: Program[MultiIndex], points: "Sequence[AnyPoint]") -> Derivatives:
    """The means of two rules of an integral, NaN where they disagree."""
    one, other = _by_rule(program, points, 0.0), _by_rule(program, points, 0.5)
    allowed = {index: np.array([point.tolerance(index) for point in points]).T for index in one}
    return {index: _agreed(one[index], other[index], *allowed[index]) for index in one}


def _by_rule(program: Program[MultiIndex], points: "Sequence[AnyPoint]", shift: float) -> Derivatives:
    # A sum over the rows of a single column would add in another order.
    together = points if len(points) > 1 else [*points, *points]
    found = program.run(lambda source: np.array([p.input(source, shift) for p in together]).T, len(together))
    return {index: np.broadcast_to(array, len(together))[: len(points)] for index, array in found}


def _agreed(one: Array, other: Array, relative: Array, absolute: Array) -> Array:
    """The mean, or NaN. Rules of equal steps differ by twice their error; that of the mean is about its square."""
    mean = 0.5 * (one + other)
    return np.where(np.abs(one - other) <= relative * np.abs(mean) + absolute, mean, np.nan)
