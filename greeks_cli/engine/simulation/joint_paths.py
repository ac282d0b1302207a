"""The paths of several underlyings as graphs of the leaves, for each way to move them."""

from collections.abc import Mapping, Sequence

from greeks_cli.engine.autodiff.ops import Leaves, Operand, is_variable, log, sqrt, total, values_of
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.conditional import relative
from greeks_cli.engine.simulation.joint import JointPathData, PartScenario, values_of_part
from greeks_cli.engine.simulation.paths import FrozenPath, MovingPath, Path, PlainPath, ShiftedPath
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.engine.simulation.sources import AllNormals
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import correlation_name, local, underlying_of


class JointPath:
    """The underlyings at the dates of a contract, each as a path, by its name."""

    def __init__(self, paths: Mapping[str, Path], weight: Operand = 1.0):
        self._paths = dict(paths)
        self.parts = tuple(paths.values())
        """The path of each underlying, in the order of the contract."""
        self.weight = weight
        """The density of what is held fixed over its present value: 1, with the relative derivatives of the density."""
        self.n_dates = self.parts[0].n_dates

    def time(self, date: int) -> Operand:
        """Years to a date, a number."""
        return self.parts[0].time(date)

    def of(self, name: str) -> Path:
        """The path of an underlying."""
        return self._paths[name]

    def discount(self, leaves: Leaves, date: int = -1) -> Operand:
        """The discount factor of a date."""
        name, path = next(iter(self._paths.items()))
        return path.discount(values_of_part(leaves, name), date)


def plain_joint_path(data: JointPathData, request: Request, values: Leaves) -> JointPath:
    """The paths as plain arrays in one market, without derivatives."""
    return JointPath(
        {
            name: PlainPath(data.part(k), request.parts[k], values_of_part(values, name))
            for k, name in enumerate(request.joint_market.names)
        }
    )


class JointPaths:
    """The paths of several underlyings, moved in a way."""

    def __init__(self, scenarios: Sequence[PartScenario], schedules: Sequence[Schedule]):
        self._parts = tuple(zip(scenarios, schedules, strict=True))

    def moving(self, leaves: Leaves) -> JointPath:
        """Paths that move with the leaves."""
        return JointPath(
            {own.name: MovingPath(values_of_part(leaves, own.name), own, schedule) for own, schedule in self._parts}
        )

    def frozen(self, leaves: Leaves) -> JointPath:
        """Paths held fixed as data, with their joint density as a graph of the leaves."""
        paths = {own.name: FrozenPath(values_of_part(leaves, own.name), own, schedule) for own, schedule in self._parts}
        return JointPath(paths, self._weight(leaves))

    def shifted(self, leaves: Leaves, first: str, moving: Operand) -> JointPath:
        """Frozen paths that move with the leaf ``moving`` of the parameter ``first``."""

        def path(own: PartScenario, schedule: Schedule) -> Path:
            of_part = values_of_part(leaves, own.name)
            if underlying_of(first) in (None, own.name):
                return ShiftedPath(of_part, own, schedule, local(first), moving)
            return FrozenPath(of_part, own, schedule)

        return JointPath({own.name: path(own, schedule) for own, schedule in self._parts}, self._weight(leaves))

    def _weight(self, leaves: Leaves) -> Operand:
        found = self._log_density(leaves)
        return relative(found) if is_variable(found) else 1.0

    def _log_density(self, leaves: Leaves) -> Operand:
        """The logarithm of the joint density of all increments, but for what no leaf moves.

        The fixed paths give each underlying's normals as a graph of its leaves, the inverse of the Cholesky factor
        independent ones. Increments after the first date depend neither on spots nor on the time that passes.
        """
        names = [own.name for own, _ in self._parts]
        rows = _lower(leaves, names)
        n_later = self._parts[0][0].n_dates - 1
        own = [_Increments(scenario, schedule, leaves) for scenario, schedule in self._parts]
        found = _independent([one.first for one in own], rows) - sum(log(one.first_deviation) for one in own)
        if n_later and any(is_variable(leaf) for name, leaf in leaves.items() if _moves_later(name)):
            later = _independent([one.later for one in own], rows)
            found = found + total(later - sum(log(one.later_deviation) for one in own))
        scale = sum(log(rows[k][k]) for k in range(1, len(names)))
        return found - (1 + n_later) * scale


def _moves_later(name: str) -> bool:
    return local(name) not in ("spot", TIME)


def _lower(leaves: Leaves, names: Sequence[str]) -> list[list[Operand]]:
    """The Cholesky factor of the correlations as a graph of their leaves."""
    rows: list[list[Operand]] = []
    for i, one in enumerate(names):
        row: list[Operand] = []
        for j, other in enumerate(names[:i]):
            left = leaves[correlation_name(one, other)]
            for k in range(j):
                left = left - row[k] * rows[j][k]
            row.append(left / rows[j][j] if j else left * 1.0)
        rest: Operand = 1.0
        for weight in row:
            rest = rest - weight * weight
        row.append(sqrt(rest) if i else 1.0)
        rows.append(row)
    return rows


def _independent(normals: Sequence[Operand], rows: Sequence[Sequence[Operand]]) -> Operand:
    """Minus half the sum of the squares of independent normals behind correlated ones."""
    found: list[Operand] = []
    for i, own in enumerate(normals):
        left = own
        for k in range(i):
            left = left - rows[i][k] * found[k]
        found.append(left / rows[i][i] if i else left)
    return -0.5 * sum(one * one for one in found)


class _Increments:
    """The increments of a fixed path as normals, by the leaves of its underlying."""

    def __init__(self, scenario: PartScenario, schedule: Schedule, leaves: Leaves):
        self._scenario, self._schedule = scenario, schedule
        self._leaves = values_of_part(leaves, scenario.name)
        self._now = {name: values_of(leaf) for name, leaf in self._leaves.items()}
        self._normals = scenario.array(AllNormals(scenario.n_dates), scenario.n_dates)

    @property
    def first_deviation(self) -> Operand:
        """The standard deviation of the first increment of the logarithm."""
        return self._to(self._leaves, 0).deviation

    @property
    def first(self) -> Operand:
        """The normal of the first increment, shape (n_paths,)."""
        start = self._scenario.dividends.start(self._leaves, lambda date: self._to(self._leaves, date))
        now, then = self._to(self._now, 0), self._to(self._leaves, 0)
        moved = now.growth - then.growth - log(start * (1 / self._scenario.unrounded_spot))
        return (self._normals[0] * now.deviation + moved) / self.first_deviation

    @property
    def later_deviation(self) -> Operand:
        """The standard deviations of the later increments."""
        return self._later(self._leaves).deviation

    @property
    def later(self) -> Operand:
        """The normals of the later increments, shape (n_dates - 1, n_paths)."""
        now, then = self._later(self._now), self._later(self._leaves)
        return (self._normals[1:] * now.deviation + (now.growth - then.growth)) / then.deviation

    def _to(self, leaves: Leaves, date: int | slice) -> Accruals:
        schedule = self._schedule
        return Accruals(leaves, schedule.time(date), schedule.nodes, lambda node: schedule.weight(node, date))

    def _later(self, leaves: Leaves) -> Accruals:
        schedule, here = self._schedule, slice(1, self._scenario.n_dates)
        before = slice(0, self._scenario.n_dates - 1)
        return Accruals(
            {**leaves, TIME: 0.0},
            schedule.time(here) - schedule.time(before),
            schedule.nodes,
            lambda node: schedule.weight(node, here) - schedule.weight(node, before),
        )
