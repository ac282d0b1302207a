"""Shifts of importance sampling, for payoffs that few paths reach.

One set of paths tells the variance under any shift, for the density of the end is known. At one date the ends are
spread over all numbers that occur, so that nothing is too rare. Over several dates a payoff may depend on the way as
well; the paths are stretched ones then, and only shifts are tried that they reach.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.compiler.batching import in_batches
from greeks_cli.engine.compiler.ir import small_buffers
from greeks_cli.engine.estimators.scales import size_of
from greeks_cli.engine.execution.chunks import run_batch
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.engine.execution.pilot_errors import Mapper
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import pilot_motion
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
_UNSEEN, _UNTRUSTED = 3.0, 0.02
"""Paths that a run may miss, and the share of a variance that may be theirs."""
_REACH = 6.5
"""Standard deviations around a shift, and around none, in which every number must be finite."""
_ROUNDING = 1e-12
_NUMBERS_AT_ONCE = 1 << 17

Rows = NDArray[np.float64]


def with_shifts(plans: Sequence[Plan], mapper: Mapper = map) -> list[Plan]:
    """The plans; those are shifted of which every Greek gains. ``mapper`` may be the ``map`` of an executor."""
    batches: dict[Hashable, list[Plan]] = {}
    for plan in plans:
        if _is_tried(plan):
            groups = tuple((group.method.pattern, group.wanted) for group in plan.groups)
            simulation, dates = plan.request.simulation, plan.request.path_dates
            batches.setdefault((id(plan.traced), groups, simulation, dates), []).append(plan)
    stacks = []
    for batch in batches.values():
        most = max(1, _NUMBERS_AT_ONCE // (_paths_of(batch[0]) * len(batch[0].request.greeks)))
        stacks += [batch[start : start + most] for start in range(0, len(batch), most)]
    found = {id(plan): own for pairs in mapper(_shifted, stacks) for plan, own in pairs}
    return [found.get(id(plan), plan) for plan in plans]


def _is_tried(plan: Plan) -> bool:
    simulation = plan.request.simulation
    own_law = simulation.control or simulation.antithetic or simulation.sampler is Sampler.SOBOL
    return simulation.importance and not own_law and any(kink.rarer_share < _RARE for kink in plan.kinks)


def _paths_of(plan: Plan) -> int:
    return len(spread().ends) if len(plan.request.path_dates) == 1 else pilot_motion(plan.request).n_paths


@small_buffers()
@np.errstate(all="ignore")  # numbers that are not finite are looked for
def _shifted(plans: Sequence[Plan]) -> list[tuple[Plan, Plan]]:
    """Each plan, and the plan with its shift; the plans differ in numbers alone."""
    found: list[tuple[Plan, Plan]] = []
    for part, shifts in in_batches(_chosen, plans):
        found += zip(part, shifts, strict=True)
    return found


def _chosen(plans: Sequence[Plan]) -> list[Plan]:
    request = plans[0].request
    dates = request.path_dates
    if len(dates) == 1:
        tried = [_Tried.of(plan, spread(), rows) for plan, rows in zip(plans, _rows(plans, spread()), strict=True)]
        near = ([round(one.centre) + step for step in (-1, 0, 1)] for one in tried)
        return [one.best(shifts, 0) for one, shifts in zip(tried, near, strict=True)]
    normals = pilot_motion(request).normals
    moved = stretched(normals, dates)
    first = [_Tried.of(plan, moved, rows) for plan, rows in zip(plans, _rows(plans, moved), strict=True)]
    found = dict(enumerate(plans))
    shifts = [round(_NEARER * one.centre) for one in first]
    for shift in {shift for shift in shifts if 0 < abs(shift) <= _FARTHEST_OF_PATHS}:
        numbers = [number for number, own in enumerate(shifts) if own == shift]
        moved = stretched_around(normals, dates, shift)
        some = [plans[number] for number in numbers]
        for number, plan, rows in zip(numbers, some, _rows(some, moved), strict=True):
            density = moved.weights * shift_weights(moved.ends, shift)
            found[number] = _Tried.of(plan, moved._replace(weights=density), rows).best([shift], _LEAST_PATHS)
    return [found[number] for number in range(len(plans))]


def _rows(plans: Sequence[Plan], moved: Moved) -> list[dict[MultiIndex, Rows]]:
    """The samples of every Greek of each plan on moved paths, in the type of the run."""
    numbers = Numbers([plan.request for plan in plans])
    motion = Motion(plans[0].request.path_dates, moved.normals.astype(numbers.dtype))
    found: list[dict[MultiIndex, Rows]] = [{} for _ in plans]
    for number, group in enumerate(plans[0].groups):
        program = plans[0].traced.simplified(group.method.pattern, numbers, group.wanted)
        of_group = run_batch(program, motion, numbers, widths_of([plan.groups[number].method for plan in plans]))
        for index, rows in of_group.items():
            for own, row in zip(found, np.broadcast_to(rows, (len(plans), motion.n_paths)), strict=True):
                own[index] = row.astype(np.float64)
    return found


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
            mean = float(np.log(np.maximum(gains, 1e-9)).mean())
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
        rare = is_rare(self.ends, shift, _UNSEEN / self.plan.request.simulation.paths)
        paths = variance * variance / np.square(parts).sum()
        if parts[rare].sum() > _UNTRUSTED * variance or paths < least_paths:
            return 0.0
        uncertainty = 2 / np.sqrt(paths) if least_paths else 0.0
        return float(plain / variance / (1 + uncertainty))


def _without_rounding(request: Request, index: MultiIndex, row: Rows, ends: Rows) -> Rows:
    """The samples, equal to the middle one where rounding alone tells them from it."""
    middle = row[np.abs(ends).argmin()]
    growth = np.exp(request.flat_market.vol * np.sqrt(request.contract.expiry) * np.abs(ends))
    rounding = _ROUNDING * (abs(middle) + size_of(request, index)) * growth
    return np.where(np.abs(row - middle) <= rounding, middle, row)


def _dot(row: Rows, other: Rows) -> float:
    """The product of two rows, whose rounding does not depend on other rows, as a matrix product's does."""
    return float(np.einsum("i,i->", row, other))
