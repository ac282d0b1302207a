"""Shifts of importance sampling, for payoffs that few paths reach.

One set of paths tells the variance under any shift, for the density of the end is known. At one date the ends are
spread over all numbers that occur, so that nothing is too rare. Over several dates a payoff may depend on the way as
well; the paths are stretched ones then, and only shifts are tried that they reach.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.batching import in_batches
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.scales import size_of
from greeks_cli.engine.execution.choice.pilot_errors import Mapper
from greeks_cli.engine.execution.choice.selection import pilot_motion
from greeks_cli.engine.execution.chunks import Stacked
from greeks_cli.engine.execution.numbers import but_for_seed, numbers_of, simplified_as_one, widths_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.simulation.importance import Moved, is_rare, shift_weights, spread, stretched, stretched_around
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Sampler

_RARE = 0.1
"""The share of pilot paths beyond a kink below which a shift is tried."""
_FARTHEST, _FARTHEST_OF_PATHS = 36, 4
"""Shifts that are tried, up to this size: of spread ends, and of stretched paths."""
_WORTH = 1.5
"""The least gain in the variance of every Greek for which paths are shifted."""
_LEAST_PATHS = 5
"""The paths that carry a variance, at least, where paths are stretched; a variance of fewer is a guess."""
_NEARER = 0.75
"""The shift over the mean end where the way counts too: the payoff is reached from nearer ends as well."""
UNSEEN = 3.0
"""Paths that a run may miss."""
_UNTRUSTED = 0.02
"""The share of a variance that may be of paths that the run may miss."""
_REACH = 6.5
"""Standard deviations around a shift, and around none, in which every number must be finite."""
_ROUNDING = 1e-12
_NUMBERS_AT_ONCE = 1 << 17

Rows = NDArray[np.float64]


def with_shifts(plans: Sequence[Plan], mapper: Mapper = map) -> list[Plan]:
    """The plans; those are shifted of which every Greek gains. ``mapper`` may be the ``map`` of an executor."""
    structures: dict[Hashable, list[int]] = {}
    for number, plan in enumerate(plans):
        if _is_tried(plan):
            groups = tuple((group.method.pattern, group.wanted) for group in plan.groups)
            structures.setdefault((id(plan.traced), groups, but_for_seed(plan.request.simulation)), []).append(number)
    places: list[list[int]] = []
    stacks: list[_Stack] = []

    def trades(numbers: Sequence[int]) -> _Trades:
        return _Trades([plans[number] for number in numbers])

    requests = [plan.request for plan in plans]
    for structure in structures.values():
        for some in simplified_as_one(structure, requests):
            for numbers, made in in_batches(trades, some):
                for rows in made.rows_of_stacks():
                    places.append([numbers[row] for row in rows])
                    stacks.append(_Stack(made, rows))
    found = dict(enumerate(plans))
    for numbers, shifted in zip(places, mapper(_Stack.shifted, stacks), strict=True):
        found |= zip(numbers, shifted, strict=True)
    return [found[number] for number in range(len(plans))]


def may_be_shifted(plan: Plan) -> bool:
    """True if the paths of a plan may be shifted to where its payoff is."""
    simulation = plan.request.simulation
    own_law = simulation.control or simulation.antithetic or simulation.sampler is Sampler.SOBOL
    return simulation.importance and not (own_law or plan.blocks.grid.is_extended or plan.request.is_joint)


def _is_tried(plan: Plan) -> bool:
    return may_be_shifted(plan) and any(kink.rarer_share < _RARE for kink in plan.kinks)


def _paths_of(plan: Plan) -> int:
    return len(spread().ends) if len(plan.request.path_dates) == 1 else pilot_motion(plan.request).n_paths


class _Trades:
    """Plans that differ in numbers alone, on any paths, and their programs."""

    def __init__(self, plans: Sequence[Plan]):
        """Simplifies the programs. Raises Diverging where the plans need different programs."""
        self.plans, self.numbers = plans, numbers_of(plans)
        one = plans[0]
        with np.errstate(all="ignore"):  # numbers that are not finite are looked for
            programs = [one.traced.simplified(g.method.pattern, self.numbers, g.wanted) for g in one.groups]
        widths = [widths_of([plan.groups[number].method for plan in plans]) for number in range(len(one.groups))]
        self.groups = list(zip(programs, widths, strict=True))

    def rows_of_stacks(self) -> Iterator[list[int]]:
        """The places of plans that are run at once, on the same paths."""
        of_paths: dict[Hashable, list[int]] = {}
        for row, plan in enumerate(self.plans):
            dates = plan.request.path_dates
            seed = plan.request.simulation.seed if len(dates) > 1 else None  # spread ends are not drawn
            of_paths.setdefault((dates, seed), []).append(row)
        for rows in of_paths.values():
            one = self.plans[rows[0]]
            most = max(1, _NUMBERS_AT_ONCE // (_paths_of(one) * len(one.request.greeks)))
            yield from (rows[start : start + most] for start in range(0, len(rows), most))

    def samples(self, rows: list[int], moved: Moved) -> list[dict[MultiIndex, Rows]]:
        """The samples of every Greek of some plans on moved paths, in the type of the run."""
        dates = self.plans[rows[0]].request.path_dates
        stacked = Stacked(self.numbers, Motion(dates, moved.normals.astype(self.numbers.dtype)), rows)
        shape = len(rows), len(moved.ends)
        found: list[dict[MultiIndex, Rows]] = [{} for _ in rows]
        for program, widths in self.groups:
            for index, of_all in stacked.run(program, widths[rows]).items():
                for own, row in zip(found, np.broadcast_to(of_all, shape), strict=True):
                    own[index] = row.astype(np.float64)
        return found


class _Stack:
    """Some plans on the same paths, whose shifts are chosen."""

    def __init__(self, trades: _Trades, rows: list[int]):
        self._trades, self._rows = trades, rows

    @small_buffers()
    @np.errstate(all="ignore")  # numbers that are not finite are looked for
    def shifted(self) -> list[Plan]:
        """The plans, with their shifts."""
        request = self._trades.plans[self._rows[0]].request
        dates = request.path_dates
        if len(dates) == 1:
            tried = self._tried(self._rows, spread())
            near = ([round(one.centre) + step for step in (-1, 0, 1)] for one in tried)
            return [one.best(shifts, 0) for one, shifts in zip(tried, near, strict=True)]
        normals = pilot_motion(request).normals
        found = {row: self._trades.plans[row] for row in self._rows}
        first = self._tried(self._rows, stretched(normals, dates))
        shifts = {row: round(_NEARER * one.centre) for row, one in zip(self._rows, first, strict=True)}
        for shift in {shift for shift in shifts.values() if 0 < abs(shift) <= _FARTHEST_OF_PATHS}:
            rows = [row for row, own in shifts.items() if own == shift]
            moved = stretched_around(normals, dates, shift)
            density = moved.weights * shift_weights(moved.ends, shift)
            tried = self._tried(rows, moved._replace(weights=density))
            found |= {row: one.best([shift], _LEAST_PATHS) for row, one in zip(rows, tried, strict=True)}
        return [found[row] for row in self._rows]

    def _tried(self, rows: list[int], moved: Moved) -> list["_Tried"]:
        samples = self._trades.samples(rows, moved)
        return [_Tried.of(self._trades.plans[row], moved, own) for row, own in zip(rows, samples, strict=True)]


@dataclass(frozen=True)
class _Tried:
    """Samples of a plan on paths with weights for means over plain paths."""

    plan: Plan
    ends: Rows
    weights: Rows
    is_finite: NDArray[np.bool_]
    varying: Mapping[MultiIndex, Rows]
    """The samples of the Greeks that vary; none where a Greek is exact, which weights would spoil."""

    @classmethod
    def of(cls, plan: Plan, moved: Moved, rows: Mapping[MultiIndex, Rows]) -> Self:
        """Samples on moved paths."""
        ends, weights = moved.ends.astype(np.float64), (moved.weights / moved.weights.sum()).astype(np.float64)
        finite = np.all([np.isfinite(row) for row in rows.values()], axis=0)
        samples = {i: _without_rounding(plan.request, i, np.where(finite, row, 0.0), ends) for i, row in rows.items()}
        is_exact = any(np.ptp(row) == 0 and row[0] != 0 for row in samples.values())
        varying = {} if is_exact else {index: row for index, row in samples.items() if np.ptp(row) > 0}
        return cls(plan, ends, weights, finite, varying)

    @cached_property
    def centre(self) -> float:
        """The mean end of the paths that make the price, as far as shifts go; 0 where no Greek varies."""
        if not self.varying:
            return 0
        mass = self.weights * np.abs(self.varying.get((), next(iter(self.varying.values()))))
        mean = _dot(mass, self.ends) / mass.sum()
        return min(max(mean, -_FARTHEST), _FARTHEST) if isfinite(mean) else 0.0

    def best(self, shifts: Sequence[int], least_paths: int) -> Plan:
        """The plan with the shift of least noise, by the geometric mean; as it is where a Greek gains too little."""
        found, most = self.plan, 0.0
        for shift in shifts:
            near = np.minimum(np.abs(self.ends), np.abs(self.ends - shift)) < _REACH
            if not self.varying or shift == 0 or abs(shift) > _FARTHEST or not self.is_finite[near].all():
                continue
            gains = [self._gain(row, shift, least_paths) for row in self.varying.values()]
            mean = float(elementary.log(np.maximum(gains, 1e-9)).mean())
            if min(gains) >= _WORTH and mean > most:
                found, most = replace(self.plan, shift=float(shift), small=frozenset(self.varying)), mean
        return found

    def _gain(self, samples: Rows, shift: int, least_paths: int) -> float:
        """The gain in variance by a shift; 0 where the run would miss too much of it, or too few paths tell it."""
        mean = _dot(samples, self.weights)
        plain = _dot(np.square(samples - mean), self.weights)
        weights = shift_weights(self.ends, shift)
        parts = np.nan_to_num(np.square(samples * weights - mean) * self.weights / weights, posinf=0.0)
        variance = float(parts.sum())
        if not 0 < variance < np.inf:
            return 0.0
        rare = is_rare(self.ends, shift, UNSEEN / self.plan.request.simulation.paths)
        paths = variance * variance / np.square(parts).sum()
        if parts[rare].sum() > _UNTRUSTED * variance or paths < least_paths:
            return 0.0
        uncertainty = 2 / np.sqrt(paths) if least_paths else 0.0
        return float(plain / variance / (1 + uncertainty))


def _without_rounding(request: Request, index: MultiIndex, row: Rows, ends: Rows) -> Rows:
    """The samples, equal to the middle one where rounding alone tells them from it."""
    middle = row[np.abs(ends).argmin()]
    growth = elementary.exp(request.flat_market.vol * np.sqrt(request.contract.expiry) * np.abs(ends))
    rounding = _ROUNDING * (abs(middle) + size_of(request, index)) * growth
    return np.where(np.abs(row - middle) <= rounding, middle, row)


def _dot(row: Rows, other: Rows) -> float:
    """The product of two rows, whose rounding does not depend on other rows, as a matrix product's does."""
    return float(np.einsum("i,i->", row, other))
