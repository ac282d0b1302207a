"""Choice of the number of time steps, by the changes from twice the step on a few pilot paths.

The bias of a time step h is about c h, or falls faster: the estimates at h and 2h differ by the bias at h, or by more.
Where a random variance is often 0, derivatives in its parameters have much noise, unlike at every step, and their
change has as much at h as at 4h. The change from 8h to 4h is 4 times the bias at h, or more: a fourth of it has a
fourth of the noise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.execution.choice.candidates import effective_paths
from greeks_cli.engine.execution.choice.selection import pilot_motion
from greeks_cli.engine.execution.linker import Linked
from greeks_cli.engine.execution.plan import STEPS_EVERY, Plan
from greeks_cli.engine.execution.programs import ESTIMATE, Programs
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.request import Request

_SHARE, _STATED = 0.5, 1.0
"""The bias of the steps, and what is stated of it, over the standard error, at most, as far as the pilot can tell."""
_SPREAD = 0.3
"""The standard error of the measured bias over that of the estimate, at most."""
_MOST_DOUBLINGS, _DOUBLINGS_FOR_NOISE = 5, 2
_FEWEST, _PER_YEAR, _DEEPEST = 4, 4, 5
"""The longest steps that a bias is measured by: steps of a path and of a year, at least, and doublings, at most."""
_LEAST = float(np.finfo(float).tiny)
"""The least deviation of an estimate: that of a constant is 0."""
_MORE = 1.25
"""The factor on the number of steps, at most, by which they can be doubled more often."""
_MORE_PATHS = 4
"""The factor on the pilot's paths where changes are noisy or large."""


class Changes(NamedTuple):
    """The changes of an estimate from twice the step, from four times the step to twice, and so on."""

    sizes: Sequence[float]
    """The size of each, in standard errors of the run's estimate."""
    spreads: Sequence[float]
    """The deviation of each over that of the estimate."""
    uncertainty: float
    """The factor on a spread for the standard error of a size: the root of the run's paths over the pilot's."""

    @classmethod
    def of(cls, rows: Sequence[NDArray[np.floating]], paths: float) -> Self:
        """The changes between samples at a step, at twice, four times the step, and so on, for a run of some paths."""
        changes, deviation = [fine - coarse for fine, coarse in pairwise(rows)], max(rows[0].std(), _LEAST)
        sizes = [float(abs(change.mean()) * np.sqrt(paths) / deviation) for change in changes]
        spreads = [float(change.std() / deviation) for change in changes]
        return cls(sizes, spreads, float(np.sqrt(paths / len(rows[0]))))

    def noise(self, doublings: int) -> float:
        """The standard error of the bias measured with some doublings of the step, over that of the estimate."""
        # The first change is measured in some blocks alone, the others in all of them.
        every = np.sqrt(STEPS_EVERY) if doublings == 1 else 1.0
        return float(self.spreads[doublings - 1] * every / 2 ** (doublings - 1))

    @property
    def doublings(self) -> int:
        """The fewest doublings that measure the bias well enough; one more than there are where none do."""
        numbers = range(1, len(self.sizes) + 1)
        return next((n for n in numbers if not self.noise(n) > _SPREAD), len(self.sizes) + 1)

    @property
    def is_doubtful(self) -> bool:
        """True if a few paths do not show that one doubling measures a bias that is small."""
        return self.doublings > 1 or self.sizes[0] + 2 * self.noise(1) > _STATED

    def is_biased(self, doublings: int) -> bool:
        """True if the bias of the steps is notable, or what is stated of it, with some doublings at most."""
        certain = [size - 2 * spread * self.uncertainty for size, spread in zip(self.sizes, self.spreads, strict=True)]
        stated = [
            (self.sizes[n - 1] - self.spreads[n - 1] * self.uncertainty) / 2 ** (n - 1) + 2 * self.noise(n)
            for n in {1, doublings}
        ]
        # The second change is four times the first, at most.
        return max([certain[0], *(one / 4 for one in certain[1:2])]) > _SHARE or min(stated) > _STATED


def with_steps(plan: Plan) -> Plan:
    """The plan with as few time steps as keep their bias below the standard error; a number that is given stays."""
    request, blocks = plan.request, plan.blocks
    if not blocks.grid.steps or request.simulation.steps is not None or request.bridges:
        return plan
    n_steps, doublings = sum(blocks.grid.steps), 1
    with np.errstate(all="ignore"):  # numbers out of range are reported with the estimate
        linked = Linked(Programs([replace(plan, controls={})]))
        for doubled in range(_MOST_DOUBLINGS):
            depth = _depth(request, n_steps)
            found = _changes(linked, request, Grid.of(request, n_steps, depth), depth)
            wanted = max(changes.doublings for changes in found)
            is_noisy, doublings = wanted > depth, min(wanted, depth)
            is_biased = any(changes.is_biased(doublings) for changes in found)
            if not (is_biased or (is_noisy and doubled < _DOUBLINGS_FOR_NOISE)):
                break
            n_steps *= 2
    grid = Grid.of(request, n_steps, doublings)
    return replace(plan, blocks=replace(blocks, n_steps=sum(grid.steps), doublings=doublings))


def _depth(request: Request, n_steps: int) -> int:
    """How often steps may be doubled to measure their bias."""
    coarsest = max(_FEWEST, _PER_YEAR * request.path_dates[-1])

    def is_fit(doublings: int) -> bool:
        taken = sum(Grid.of(request, n_steps, doublings).steps)
        return taken <= _MORE * n_steps and taken >= coarsest * 2**doublings

    return max((n for n in range(2, _DEEPEST + 1) if is_fit(n)), default=1)


def _changes(linked: Linked, request: Request, grid: Grid, depth: int) -> Sequence[Changes]:
    """The changes of each estimate, at steps that are doubled up to ``depth`` times."""
    for factor in (1, _MORE_PATHS):
        motion = pilot_motion(request, grid, factor)
        found = [Changes.of(rows, effective_paths(request)) for rows in _samples(linked, motion, depth)]
        if not any(changes.is_doubtful for changes in found):
            break
    return found


def _samples(linked: Linked, motion: Motion, depth: int) -> Iterator[Sequence[NDArray[np.floating]]]:
    """The samples of each estimate, at steps that are doubled up to ``depth`` times."""
    chunked = linked.chunked((False,))
    found = [dict(chunked.run(motion.coarser(doublings), HOST)) for doublings in range(depth + 1)]
    for name in found[0]:
        if name[1][0] == ESTIMATE:
            yield [np.broadcast_to(rows[name], (1, motion.n_paths))[0] for rows in found]
