"""The density of fixed paths of one or several lognormals, as a graph of the leaves.

The paths are held fixed at some dates, the anchors. Increments after the first anchor depend neither on spots nor on
the time that passes, so that a late one makes the density less noisy; few anchors make it less noisy for vols.
"""

from collections.abc import Callable, Sequence

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.known import valued
from greeks_cli.engine.autodiff.ops import Leaves, Operand, is_variable, log, sqrt, total, values_of
from greeks_cli.engine.autodiff.rows import chosen_rows
from greeks_cli.engine.autodiff.scores import weight_of
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.anchored import Increments, IndependentIncrements
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.engine.simulation.sources import BrownianMotion, IndependentTo, Normals
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.underlyings import correlation_name, local


class FixedIncrements:
    """The increments of a fixed path between anchors as normals, by the leaves of its underlying."""

    def __init__(self, scenario: Scenario, schedule: Schedule, leaves: Leaves, anchors: Sequence[int] = ()):
        """``anchors`` are by default all dates; the first increment is that to the first of them."""
        self._scenario, self._schedule, self._leaves = scenario, schedule, leaves
        self._anchors = tuple(anchors or range(scenario.n_dates))
        self._now = {name: values_of(leaf) for name, leaf in leaves.items()}

    @property
    def n_later(self) -> int:
        """The number of increments after the first."""
        return len(self._anchors) - 1

    @property
    def first_deviation(self) -> Operand:
        """The standard deviation of the first increment of the logarithm."""
        return _to(self._leaves, self._schedule, self._anchors[0]).deviation

    @property
    def first(self) -> Operand:
        """The normal of the first increment, shape (n_paths,)."""
        scenario, schedule = self._scenario, self._schedule
        start = scenario.dividends.start(self._leaves, lambda date: _to(self._leaves, schedule, date))
        now, then = (_to(leaves, schedule, self._anchors[0]) for leaves in (self._now, self._leaves))
        moved = now.growth - then.growth - log(start * (1 / scenario.unrounded_spot))
        if self._anchors[0]:
            motion = scenario.array(BrownianMotion(), scenario.n_dates)[self._anchors[0]]
            normal = motion * (1 / sqrt(schedule.time(self._anchors[0])))
        else:
            normal = scenario.array(Normals(0))
        return (normal * now.deviation + moved) / self.first_deviation

    @property
    def later_deviation(self) -> Operand:
        """The standard deviations of the later increments."""
        return self._later(self._leaves).deviation

    @property
    def later(self) -> Operand:
        """The normals of the later increments, shape (n_later, n_paths)."""
        now, then = self._later(self._now), self._later(self._leaves)
        normals = self._scenario.array(Increments(self._anchors), self.n_later)
        return (normals * now.deviation + (now.growth - then.growth)) / then.deviation

    def independent_first(self, part: int) -> Array:
        """The independent normal of the first increment, by the number of the underlying, shape (n_paths,)."""
        return self._scenario.common(IndependentTo(part, self._anchors[0]))

    def independent(self, part: int) -> Array:
        """The independent normals of the later increments, shape (n_later, n_paths)."""
        return self._scenario.common(IndependentIncrements(part, self._anchors), self.n_later)

    def _later(self, leaves: Leaves) -> Accruals:
        schedule, whole = self._schedule, slice(0, self._scenario.n_dates)
        before, here = self._anchors[:-1], self._anchors[1:]

        def between(numbers: Operand) -> Operand:
            return chosen_rows(numbers, here) - chosen_rows(numbers, before)

        return Accruals(
            {**leaves, TIME: 0.0},
            between(schedule.time(whole)),
            schedule.nodes,
            lambda node: between(schedule.weight(node, whole)),
        )


def _to(leaves: Leaves, schedule: Schedule, date: Dates) -> Accruals:
    return Accruals(leaves, schedule.time(date), schedule.nodes, lambda node: schedule.weight(node, date))


def density(increments: Sequence[FixedIncrements], leaves: Leaves, names: Sequence[str]) -> Operand:
    """The joint density of all increments over its present value: 1, with its relative derivatives.

    ``names`` are those of the underlyings, whose correlations are among the leaves; one underlying has none.
    """
    rows = lower(len(names), lambda i, j: leaves[correlation_name(names[i], names[j])])
    n_later, numbered = increments[0].n_later, list(enumerate(increments))
    first = _independent([one.first for one in increments], [one.independent_first(k) for k, one in numbered], rows)
    found = first - sum(log(one.first_deviation) for one in increments)
    if n_later and any(is_variable(leaf) for name, leaf in leaves.items() if local(name) not in ("spot", TIME)):
        later = _independent([one.later for one in increments], [one.independent(k) for k, one in numbered], rows)
        found = found + total(later - sum(log(one.later_deviation) for one in increments))
    scale = sum(log(rows[k][k]) for k in range(1, len(names)))
    found = found - (1 + n_later) * scale
    return weight_of(found, leaves.values())


def lower(count: int, correlation: Callable[[int, int], Operand]) -> list[list[Operand]]:
    """The Cholesky factor of correlations by the numbers of two underlyings, as a graph of their leaves."""
    rows: list[list[Operand]] = []
    for i in range(count):
        row: list[Operand] = []
        for j in range(i):
            left = correlation(i, j)
            for k in range(j):
                left = left - row[k] * rows[j][k]
            row.append(left / rows[j][j] if j else left * 1.0)
        rest: Operand = 1.0
        for weight in row:
            rest = rest - weight * weight
        row.append(sqrt(rest) if i else 1.0)
        rows.append(row)
    return rows


def _independent(normals: Sequence[Operand], known: Sequence[Array], rows: Sequence[Sequence[Operand]]) -> Operand:
    """Minus half the sum of the squares of independent normals behind correlated ones; their values are ``known``."""
    found: list[Operand] = []
    for i, own in enumerate(normals):
        left = own
        for k in range(i):
            left = left - rows[i][k] * found[k]
        found.append(valued(left / rows[i][i] if i else left, known[i]))
    return -0.5 * sum(one * one for one in found)
