"""A block of paths: the unit of memory, of random numbers, of work, of progress."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.derivatives import Derivatives
from greeks_cli.engine.moments import Moments
from greeks_cli.engine.normals import PATHS, standard_normals
from greeks_cli.engine.valuation import pathwise
from greeks_cli.engine.widths import Group, choose_groups
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype

_LARGEST, _SMALLEST = 1 << 16, 1 << 11
"""Paths in a block: enough to repay the graph's Python, few enough for the cache."""
_NUMBERS_PER_BLOCK = 1 << 20
_TEAM = 4
"""Blocks come in multiples of this, so that a few threads end together."""
_BIAS_EVERY = 8
"""One block in eight is evaluated at wider widths too: enough to measure a small bias."""


@dataclass(frozen=True)
class Plan:
    """A request made ready: everything a block needs, the same on any machine."""

    request: Request
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, request: Request) -> Self:
        return cls(request, choose_groups(request))

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Exact increments in each interval between dates, in proportion to its length."""
        dates = self.request.contract.dates
        wanted = self.request.simulation.steps or len(dates)
        intervals = np.diff(dates, prepend=0.0)
        return tuple(max(1, round(wanted * length / dates[-1])) for length in intervals)

    @cached_property
    def block_size(self) -> int:
        """Paths in a block. It depends on the request alone, for it addresses the random numbers."""
        paths = self.request.simulation.paths
        wanted = min(_LARGEST, max(_SMALLEST, _NUMBERS_PER_BLOCK // sum(self.steps)))
        rounds = max(1, round(paths / (_TEAM * wanted)))
        return max(_SMALLEST, ceil(paths / (_TEAM * rounds)))

    @property
    def n_blocks(self) -> int:
        return ceil(self.request.simulation.paths / self.block_size)

    @property
    def smooths(self) -> bool:
        """Whether any derivative can carry a smoothing bias."""
        return any(width > 0 for group in self.groups for kernel in group.kernels for width in kernel.widths)

    def block_paths(self, block: int) -> int:
        """Paths in a block: the last one may be shorter."""
        return min(self.block_size, self.request.simulation.paths - block * self.block_size)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a block adds: moments of the estimates, and of what wider smoothing changes.

    ``near`` is the change from twice the width, ``far`` from four times to twice; both are
    measured in some blocks only.
    """

    values: Moments
    near: Moments | None = None
    far: Moments | None = None

    def __add__(self, other: Self) -> Self:
        return type(self)(self.values + other.values, _together(self.near, other.near), _together(self.far, other.far))


def _together(one: Moments | None, other: Moments | None) -> Moments | None:
    if one is None or other is None:
        return one or other
    return one + other


def price_block(plan: Plan, block: int) -> Tally:
    """Simulate, price and differentiate one block; a pure function of its arguments."""
    simulation = plan.request.simulation
    dtype = np.float64 if simulation.dtype is Dtype.FLOAT64 else np.float32
    normals = standard_normals(simulation.seed, PATHS, block, plan.steps, plan.block_paths(block), dtype)
    with np.errstate(all="ignore"):  # a non-finite estimate is reported by name at the end
        values = _samples(plan, normals, 1)
        if not plan.smooths or block % _BIAS_EVERY:
            return Tally(Moments.of(values))
        wide, wider = _samples(plan, normals, 2), _samples(plan, normals, 4)
        return Tally(Moments.of(values), _change(values, wide), _change(wide, wider))


def _samples(plan: Plan, normals: NDArray[np.floating], widening: float) -> list[NDArray[np.floating]]:
    """One row per Greek of the request, at the planned widths times a factor."""
    found: Derivatives = {}
    for group in plan.groups:
        found |= pathwise(plan.request, normals, group.widened(widening), group.wanted)
    return [found[greek.parameters] for greek in plan.request.greeks]


def _change(narrow: list[NDArray[np.floating]], wide: list[NDArray[np.floating]]) -> Moments:
    return Moments.of([a - b for a, b in zip(narrow, wide, strict=True)])
