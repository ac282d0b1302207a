"""The paths of several underlyings under models as graphs of the leaves, for each way to move them."""

from collections.abc import Mapping, Sequence

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, is_variable, log
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.joint.increments import JointIncrements, LatentsOfPart, Part, joint_increments
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.engine.simulation.joint.model_data import JointLatent
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.engine.simulation.joint.scenario import PartScenario
from greeks_cli.engine.simulation.joint.steps import joint_levels
from greeks_cli.engine.simulation.models.conditional import relative
from greeks_cli.engine.simulation.models.model_path import ModelPath, start_of_lognormal
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.terms.underlyings import named

_Normals = list[Operand]
"""The independent normals of each underlying at some dates."""


class JointModelPaths:
    """Paths of several underlyings, whose numbers of jumps are held fixed, while the probability of the jumps moves."""

    def __init__(self, scenarios: Sequence[PartScenario], schedules: Sequence[Schedule]):
        self._scenarios, self._n_dates = tuple(scenarios), scenarios[0].n_dates
        self._schedules = {own.name: schedule for own, schedule in zip(scenarios, schedules, strict=True)}
        self._latents = _Latents(scenarios)
        self._stepped = [own.name for own in scenarios if own.model.has_variance]

    def moving(self, leaves: Leaves) -> JointPath:
        """Paths that move with the leaves."""
        if not all(own.model.is_conditional for own in self._scenarios):
            stepped = joint_levels(self._parts, leaves, self._n_dates, self._latents)
            return self._path(leaves, stepped.logs, stepped.likelihood)
        found = self._increments(leaves)
        return self._path(leaves, found.levels([own.normals for own in self._scenarios]), found.likelihood)

    def frozen(self, leaves: Leaves, anchors: Sequence[int] = ()) -> JointPath:
        """Paths held fixed as data, with their joint density as a graph of the leaves."""
        return self._held(leaves, self._density(leaves, self._increments(leaves)))

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> JointPath:
        """Frozen paths that move with the leaf ``moving`` of the parameter ``first``."""
        moved, found = {**leaves, first: moving}, self._increments(leaves)
        density = self._density(leaves, found)
        owners = {named(name, own.name): own.name for own in self._scenarios for name in own.parameters}
        if first not in owners:  # a parameter of the contract
            return self._held(moved, density)
        if first == named("spot", owners[first]):  # the other underlyings stay where they are
            name = owners[first]
            return self._held(moved, density, {name: self._start(name, moved)}, {name: self._moved(name, leaves)})
        pieces = self._recovered(leaves, found)
        normals = [
            each[0] if len(each) == 1 else concat(each) for each in zip(*(own for _, own in pieces), strict=True)
        ]
        return self._path(moved, self._increments(moved).levels(normals), density)

    def _increments(self, leaves: Leaves) -> JointIncrements:
        return joint_increments(self._parts, leaves, self._n_dates, self._latents)

    @property
    def _parts(self) -> list[Part]:
        return [Part(own.name, own.model, self._schedules[own.name]) for own in self._scenarios]

    def _recovered(self, leaves: Leaves, found: JointIncrements) -> list[tuple[JointIncrements, _Normals]]:
        """The first and the later increments, each with the normals behind the fixed paths."""
        logs = [own.logarithms - part.forward for own, part in zip(self._scenarios, found.parts, strict=True)]
        starts = [self._moved(own.name, leaves) for own in self._scenarios]
        first, later = found.at(slice(0, 1)), found.at(slice(1, self._n_dates))
        changes = [level[:1] - start for level, start in zip(logs, starts, strict=True)]
        pieces = [(first, first.normals_of(changes))]
        if self._n_dates > 1:  # the start moves the first increment alone
            pieces.append((later, later.normals_of([level[1:] - level[:-1] for level in logs])))
        return pieces

    def _density(self, leaves: Leaves, found: JointIncrements) -> Operand:
        """The log-density of the fixed paths, but for what no parameter moves, shape (n_paths,)."""
        parts = [own.density(normals) for own, normals in self._recovered(leaves, found)]
        moving = [part for part in (found.likelihood, *parts) if is_variable(part)]
        return sum(moving[1:], moving[0]) if moving else 0.0

    def _start(self, name: str, leaves: Leaves) -> Operand:
        """The start of an underlying's lognormal."""
        own = next(one for one in self._scenarios if one.name == name)
        return start_of_lognormal(own, self._schedules[name], values_of_part(leaves, name))

    def _moved(self, name: str, leaves: Leaves) -> Operand:
        """The logarithm of the start over its value."""
        own = next(one for one in self._scenarios if one.name == name)
        return as_constant(log(self._start(name, leaves) * (1 / own.unrounded_spot)))

    def _held(
        self,
        leaves: Leaves,
        density: Operand,
        starts: Mapping[str, Operand] | None = None,
        moved: Mapping[str, Operand] | None = None,
    ) -> JointPath:
        """Fixed paths; ``starts`` are those that move, ``moved`` how far they have moved."""
        logs = [own.logarithms - (moved or {}).get(own.name, 0.0) for own in self._scenarios]
        return self._path(leaves, logs, density, {own.name: own.spot for own in self._scenarios} | {**(starts or {})})

    def _path(
        self, leaves: Leaves, logs: Sequence[Operand], density: Operand, starts: Mapping[str, Operand] | None = None
    ) -> JointPath:
        found = {}
        for own, logarithms in zip(self._scenarios, logs, strict=True):
            start = starts[own.name] if starts else self._start(own.name, leaves)
            of_part, schedule = values_of_part(leaves, own.name), self._schedules[own.name]
            latents = LatentsOfPart(self._latents, own.name, self._stepped)
            found[own.name] = ModelPath(of_part, schedule, own, start, logarithms, 0.0, latents)
        return JointPath(found, relative(density) if is_variable(density) else 1.0)


class _Latents:
    """The variances and the jumps of the paths of scenarios."""

    def __init__(self, scenarios: Sequence[PartScenario]):
        self._scenarios = {own.name: own for own in scenarios}

    def sums(self, name: str, underlyings: tuple[str, ...], index: MultiIndex) -> Array:
        """A partial derivative of a sum over the time steps between dates, shape (n_dates, n_paths)."""
        own = self._scenarios[underlyings[0]]
        return own.common(JointLatent("joint", name, index, underlyings), own.n_dates)

    def counts(self, underlying: str) -> Array:
        """The number of jumps between dates, shape (n_dates, n_paths)."""
        return self._scenarios[underlying].jump_counts

    def sizes(self, underlying: str) -> Array:
        """The normals of an underlying's dates, shape (n_dates, n_paths)."""
        return self._scenarios[underlying].normals
