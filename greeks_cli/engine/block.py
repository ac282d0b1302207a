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
"""One block in eight is evaluated at another width too: enough to measure a small bias."""


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
    """What a block adds: moments of the estimates, and of the bias seen in each path."""

    values: Moments
    bias: Moments | None

    def __add__(self, other: Self) -> Self:
        bias = self.bias
        if other.bias is not None:
            bias = other.bias if bias is None else bias + other.bias
        return type(self)(self.values + other.values, bias)


def price_block(plan: Plan, block: int) -> Tally:
    """Simulate, price and differentiate one block; a pure function of its arguments."""
    simulation = plan.request.simulation
    dtype = np.float64 if simulation.dtype is Dtype.FLOAT64 else np.float32
    normals = standard_normals(simulation.seed, PATHS, block, plan.steps, plan.block_paths(block), dtype)
    order = [greek.parameters for greek in plan.request.greeks]
    with np.errstate(all="ignore"):  # a non-finite estimate is reported by name at the end
        values = _values(plan, normals)
        bias = _bias(plan, normals, values) if plan.smooths and block % _BIAS_EVERY == 0 else None
        return Tally(
            Moments.of([values[index] for index in order]),
            None if bias is None else Moments.of([bias[index] for index in order]),
        )


def _values(plan: Plan, normals: NDArray[np.floating]) -> Derivatives:
    found: Derivatives = {}
    for group in plan.groups:
        found |= pathwise(plan.request, normals, group.kernels, group.wanted)
    return found


def _bias(plan: Plan, normals: NDArray[np.floating], values: Derivatives) -> Derivatives:
    """The smoothing bias of each path's derivatives, from the change at another width."""
    found: Derivatives = {}
    for group in plan.groups:
        probed = pathwise(plan.request, normals, group.probe_kernels, group.wanted)
        found |= {index: (probed[index] - values[index]) * group.bias_per_change for index in group.wanted}
    return found
