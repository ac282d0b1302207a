"""A block of paths: the unit of memory, of random numbers, of work, of progress."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import Derivatives
from greeks_cli.engine.moments import Comoments, Moments
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.scenario import Scenario
from greeks_cli.engine.valuation import derivatives
from greeks_cli.terms.simulation import Sampler

_BIAS_EVERY = {1: 8, 2: 8, 3: 4, 4: 1}
"""One block in so many, by the highest order of a kink's derivative, is evaluated at wider widths too.

Enough to measure the bias: it is larger, and its measurement noisier, at higher orders.
"""

Rows = list[NDArray[np.floating]]
Sums = TypeVar("Sums", Moments, Comoments)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a block adds: moments of the estimates, and of what wider smoothing changes.

    ``near`` is the change from twice the width, ``far`` from four times to twice; both are
    measured in some blocks only. ``control`` is there where a control variate is asked for.
    """

    paths: int
    values: Moments
    near: Moments | None = None
    far: Moments | None = None
    control: Comoments | None = None

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.paths + other.paths,
            self.values + other.values,
            _together(self.near, other.near),
            _together(self.far, other.far),
            _together(self.control, other.control),
        )


def _together(one: Sums | None, other: Sums | None) -> Sums | None:
    if one is None or other is None:
        return one or other
    return one + other


def price_block(plan: Plan, block: int) -> Tally:
    """Simulate, price and differentiate one block; a pure function of its arguments."""
    return tally_of(plan, block, Scenario.of(plan.request, plan.normals(block)))[0]


def tally_of(plan: Plan, block: int, scenario: Scenario) -> tuple[Tally, Rows]:
    """What a block adds, given its paths, and the samples of every Greek that it was made of."""
    with np.errstate(all="ignore"):  # a non-finite estimate is reported by name at the end
        found = _found(plan, scenario)
        values = _rows(plan, found)
        near, far = _changes(plan, scenario, found) if _measures_bias(plan, block) else (None, None)
        control = Comoments.of(values, _control_rows(plan, scenario)) if plan.controls else None
        return Tally(scenario.n_paths, Moments.of(values), near, far, control), values


def _found(plan: Plan, scenario: Scenario) -> Derivatives:
    found: Derivatives = {}
    for group in plan.groups:
        found |= derivatives(plan.request, plan.request.contract, scenario, group.method, group.wanted)
    return found


def _control_rows(plan: Plan, scenario: Scenario) -> Rows:
    """For every Greek of the request, the samples of the derivative that controls it."""
    control = control_of(plan.request.contract)
    found: Derivatives = {}
    for group in plan.groups:
        wanted = {plan.controls[index] for index in group.wanted}
        by_control = derivatives(plan.request, control, scenario, group.method, wanted)
        found |= {index: by_control[plan.controls[index]] for index in group.wanted}
    return _rows(plan, found)


def _rows(plan: Plan, found: Derivatives) -> Rows:
    """One row of independent samples per Greek of the request."""
    return [plan.samples(found[greek.parameters]) for greek in plan.request.greeks]


def _measures_bias(plan: Plan, block: int) -> bool:
    contract = plan.request.contract
    smoothed = [
        len(i) + contract.jumps for group in plan.groups for i in group.wanted if group.method.smooths(i, contract)
    ]
    if not smoothed:
        return False
    sobol = plan.request.simulation.sampler is Sampler.SOBOL  # few blocks, each a sample
    return sobol or block % _BIAS_EVERY[min(4, max(1, *smoothed))] == 0


def _changes(plan: Plan, scenario: Scenario, found: Derivatives) -> tuple[Moments, Moments]:
    """What twice and four times the width change; nothing, where nothing is smoothed."""
    request = plan.request
    levels = [found, dict(found), dict(found)]
    for group in plan.groups:
        smoothed = [index for index in group.wanted if group.method.smooths(index, request.contract)]
        for level, factor in zip(levels[1:], (2, 4), strict=True) if smoothed else ():
            level |= derivatives(request, request.contract, scenario, group.method.widened(factor), smoothed)
    rows = [_rows(plan, level) for level in levels]
    near, far = ([a - b for a, b in zip(*pair, strict=True)] for pair in pairwise(rows))
    return Moments.of(near), Moments.of(far)
