"""The underlying at a contract's dates as a graph of the leaves, under any model and for each way to move it."""

from collections.abc import Sequence
from typing import Protocol

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, log
from greeks_cli.engine.simulation.anchored import AnchoredPath
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.joint_density import FixedIncrements, density
from greeks_cli.engine.simulation.models import local_levels
from greeks_cli.engine.simulation.models.conditional import (
    Increments,
    increments,
    levels,
    likelihood,
    normals_of,
)
from greeks_cli.engine.simulation.models.model_path import ModelPath, start_of_lognormal
from greeks_cli.engine.simulation.paths import FrozenPath, MovingPath, Path, ShiftedPath
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.markets.models import Model


class Paths(Protocol):
    """Paths of a scenario, moved in a way."""

    def moving(self, leaves: Leaves) -> AnyPath:
        """Paths that move with the leaves."""

    def frozen(self, leaves: Leaves, anchors: Sequence[int] = ()) -> AnyPath:
        """Paths held fixed as data, with their density as a graph of the leaves.

        ``anchors`` are the dates at which they are fixed, by default and under models other than gbm all.
        """

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> AnyPath:
        """Frozen paths that move with the leaf ``moving`` of the parameter ``first``."""


def paths_of(scenario: Scenario, schedule: Schedule) -> Paths:
    """The paths of a scenario's model."""
    if scenario.model is Model.GBM:
        return _Lognormal(scenario, schedule)
    return (_Conditional if scenario.model.is_conditional else _UnderLocalVol)(scenario, schedule)


class _Lognormal:
    def __init__(self, scenario: Scenario, schedule: Schedule):
        self._scenario, self._schedule = scenario, schedule

    def moving(self, leaves: Leaves) -> Path:
        return MovingPath(leaves, self._scenario, self._schedule)

    def frozen(self, leaves: Leaves, anchors: Sequence[int] = ()) -> Path:
        if not anchors:
            return FrozenPath(leaves, self._scenario, self._schedule)
        weight = density([FixedIncrements(self._scenario, self._schedule, leaves, anchors)], leaves, [""])
        return AnchoredPath(leaves, self._scenario, self._schedule, anchors, weight)

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> Path:
        return ShiftedPath(leaves, self._scenario, self._schedule, first, moving)


class _Conditional:
    """Paths whose numbers of jumps are held fixed, while the probability of the jumps moves."""

    def __init__(self, scenario: Scenario, schedule: Schedule):
        self._scenario, self._schedule = scenario, schedule

    def moving(self, leaves: Leaves) -> Path:
        found = self._increments(leaves)
        logs = levels(found, self._scenario.normals)
        return ModelPath(leaves, self._schedule, self._scenario, self._start(leaves), logs, found.likelihood)

    def frozen(self, leaves: Leaves, anchors: Sequence[int] = ()) -> Path:
        scenario, (_, density) = self._scenario, self._recovered(leaves)
        return ModelPath(leaves, self._schedule, scenario, scenario.spot, scenario.logarithms, density)

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> Path:
        if first not in self._scenario.parameters:
            return self.frozen({**leaves, first: moving})
        moved = {**leaves, first: moving}
        normals, density = self._recovered(leaves)
        logs = levels(self._increments(moved), normals)
        return ModelPath(moved, self._schedule, self._scenario, self._start(moved), logs, density)

    def _recovered(self, leaves: Leaves) -> tuple[Operand, Operand]:
        """The normals of the fixed paths, and the log-density of the paths."""
        start = as_constant(log(self._start(leaves) * (1 / self._scenario.unrounded_spot)))
        found = self._increments(leaves)
        normals = normals_of(found, self._scenario.logarithms - start)
        return normals, likelihood(found, normals)

    def _increments(self, leaves: Leaves) -> Increments:
        return increments(self._scenario.model, leaves, self._schedule, self._scenario.n_dates, self._scenario)

    def _start(self, leaves: Leaves) -> Operand:
        return start_of_lognormal(self._scenario, self._schedule, leaves)


class _UnderLocalVol:
    def __init__(self, scenario: Scenario, schedule: Schedule):
        self._scenario, self._schedule = scenario, schedule

    def moving(self, leaves: Leaves) -> Path:
        scenario, schedule = self._scenario, self._schedule
        logs = local_levels.levels(leaves, schedule, scenario.n_dates, scenario)
        return ModelPath(leaves, schedule, scenario, start_of_lognormal(scenario, schedule, leaves), logs, 0.0)

    def frozen(self, leaves: Leaves, anchors: Sequence[int] = ()) -> Path:
        scenario, weight = self._scenario, local_levels.density(leaves, self._scenario)
        return ModelPath(leaves, self._schedule, scenario, scenario.spot, scenario.logarithms, weight)

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> Path:
        scenario, schedule, moved = self._scenario, self._schedule, {**leaves, first: moving}
        if first not in scenario.parameters:
            return self.frozen(moved)
        logs = local_levels.shifted_levels(leaves, first, moving, schedule, scenario.n_dates, scenario)
        weight = local_levels.density(leaves, scenario)
        return ModelPath(moved, schedule, scenario, start_of_lognormal(scenario, schedule, moved), logs, weight)
