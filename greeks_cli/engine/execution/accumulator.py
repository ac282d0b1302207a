"""Accumulators of a block: the moments of the estimates of a stack of plans."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.backends.backend import Device, SlicedSums
from greeks_cli.engine.estimators.moments import Comoments, Moments
from greeks_cli.engine.estimators.row_sums import PairSums, RowSums
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import (
    CONTROL,
    DATES,
    ESTIMATE,
    FAR,
    FAR_STEPS,
    NEAR,
    REFIT,
    STEPS,
    UPPER,
    Wanted,
)

Factors = Mapping[Wanted, NDArray[np.float64]]
Sums = TypeVar("Sums", Moments, Comoments)


@dataclass(frozen=True, slots=True)
class StackMoments:
    """Moments of the estimates of a stack of plans over some blocks, and of their changes by wider kernels.

    ``near`` is the change from twice the width, ``far`` from four times to twice; both are
    measured in some blocks only, and so is ``steps``, the change from twice the time step. ``control`` is None without
    a control variate. ``upper`` is the upper bound of a price; ``refit`` and ``dates`` are the changes
    from another exercise policy, and from half as many exercise dates, in some blocks. ``far_steps`` is a share of the
    change between longer time steps, the more of them the smaller: the bias at most, where it falls as they do.
    """

    paths: int
    values: Moments
    near: Moments | None = None
    far: Moments | None = None
    control: Comoments | None = None
    steps: Moments | None = None
    upper: Moments | None = None
    refit: Moments | None = None
    dates: Moments | None = None
    far_steps: Moments | None = None

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.paths + other.paths,
            self.values + other.values,
            _merged(self.near, other.near),
            _merged(self.far, other.far),
            _merged(self.control, other.control),
            _merged(self.steps, other.steps),
            _merged(self.upper, other.upper),
            _merged(self.refit, other.refit),
            _merged(self.dates, other.dates),
            _merged(self.far_steps, other.far_steps),
        )


def _merged(one: Sums | None, other: Sums | None) -> Sums | None:
    if one is None or other is None:
        return one or other
    return one + other


class StackAccumulator:
    """Accumulates a block's samples for one stack, row by row."""

    def __init__(self, plan: Plan, factors: Factors, device: Device):
        """``factors`` are the factors of the expected rows; ``plan`` is any plan of the stack."""
        self._plan, self._factors = plan, factors
        self._names: dict[str, list[Wanted]] = {}
        """The rows of the Greeks at each level."""
        for level in (ESTIMATE, NEAR, FAR, STEPS, UPPER, REFIT, DATES, FAR_STEPS):
            own = [(level, greek.parameters) for greek in plan.request.greeks]
            self._names[level] = [name for name in own if name in factors]
        self._sums = {level: RowSums(len(names), device) for level, names in self._names.items() if names}
        self._with_controls = PairSums(len(plan.request.greeks), device) if plan.controls else None
        self._waiting: dict[MultiIndex, NDArray[np.floating]] = {}
        self._paths = 0
        self._missing = set(factors)

    @property
    def is_complete(self) -> bool:
        """True if all rows have been added."""
        return not self._missing

    def add(self, name: Wanted, samples: NDArray[np.floating] | SlicedSums, n_paths: int) -> None:
        """Adds a row of independent samples for each plan of the stack, from a number of paths, or the rows' sums."""
        level, index = name
        self._paths = n_paths
        self._missing.discard(name)
        if level in self._sums:
            for place, other in enumerate(self._names[level]):
                if other == name:
                    self._sums[level].add(place, samples)
        if self._with_controls is None or isinstance(samples, SlicedSums) or level not in (ESTIMATE, CONTROL):
            return
        if index not in self._waiting:
            self._waiting[index] = samples
            return
        first = self._waiting.pop(index)
        own, control = (samples, first) if level == ESTIMATE else (first, samples)
        for place, greek in enumerate(self._plan.request.greeks):
            if greek.parameters == index:
                self._with_controls.add(place, own, control)

    def moments(self) -> StackMoments:
        """The moments of all rows."""
        greeks = self._plan.request.greeks
        control = None
        if self._with_controls is not None:
            own, other = ([(level, greek.parameters) for greek in greeks] for level in (ESTIMATE, CONTROL))
            control = Comoments.of_sums(self._with_controls).scaled(self._factors_of(own), self._factors_of(other))
        values = self._moments(ESTIMATE)
        assert values is not None
        near, far = self._moments(NEAR), self._moments(FAR)
        others = (self._moments(level) for level in (STEPS, UPPER, REFIT, DATES, FAR_STEPS))
        return StackMoments(self._paths, values, near, far, control, *others)

    def _moments(self, level: str) -> Moments | None:
        """The moments of every Greek of the request at a level; zero for a Greek without samples at the level."""
        if level not in self._sums:
            return None
        names, greeks = self._names[level], self._plan.request.greeks
        moments = Moments.of_sums(self._sums[level]).scaled(self._factors_of(names))
        if len(names) == len(greeks):
            return moments
        return moments.spread([i for i, greek in enumerate(greeks) if (level, greek.parameters) in names], len(greeks))

    def _factors_of(self, names: Sequence[Wanted]) -> NDArray[np.float64]:
        return np.array([self._factors[name] for name in names])
