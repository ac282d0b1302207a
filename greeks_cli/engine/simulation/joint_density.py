"""The density of fixed paths of one or several lognormals, as a graph of the leaves.

The paths are held fixed at a date, the anchor, and at all later ones. Increments after the anchor depend neither on
spots nor on the time that passes, so that a later anchor makes the density less noisy. Dates before it lie between the
start and the anchor, and move with both.
"""

from collections.abc import Callable, Sequence

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.known import valued
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, exp, is_variable, log, sqrt, total, values_of
from greeks_cli.engine.autodiff.path_nodes import evaluate
from greeks_cli.engine.autodiff.scores import weight_of
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.paths import FrozenPath
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.engine.simulation.sources import AllNormals, BrownianMotion, Independent, IndependentTo
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.underlyings import correlation_name, local


class AnchoredPath(FrozenPath):
    """A path that is held fixed from a date on; before, it moves with its start, on its way to that date."""

    def __init__(self, leaves: Leaves, scenario: Scenario, schedule: Schedule, anchor: int, weight: Operand):
        super().__init__(leaves, scenario, schedule)
        self._anchor, self._anchored_weight = anchor, weight
        self._now = {name: values_of(leaf) for name, leaf in self._leaves.items()}

    @property
    def weight(self) -> Operand:
        return self._anchored_weight

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        if isinstance(dates, int):
            return self._before(slice(dates, dates + 1))[0] if dates < self._anchor else super()._lognormal(dates)
        parts = [
            self._before(slice(dates.start, min(dates.stop, self._anchor))) if dates.start < self._anchor else None,
            super()._lognormal(slice(max(dates.start, self._anchor), dates.stop))
            if dates.stop > self._anchor
            else None,
        ]
        found = [part for part in parts if part is not None]
        whole = found[0] if len(found) == 1 else concat(found)
        return total(whole) if summed else whole

    def _before(self, dates: slice) -> Operand:
        """The lognormal at dates before the anchor, shape (n_dates, n_paths)."""
        frozen = evaluate(self._scenario.underlying, {}, dates)
        leaves = self._leaves
        if not any(is_variable(leaf) for leaf in leaves.values()):
            return frozen
        share = self._schedule.time(dates) * (1 / self._schedule.time(self._anchor))
        moved = (1 - share) * log(leaves["spot"] * (1 / self._scenario.unrounded_spot))
        if is_variable(leaves["vol"]):
            motion = self._scenario.array(BrownianMotion(), self._scenario.n_dates)
            bridge = motion[dates] - share * motion[self._anchor]
            moved = moved + (leaves["vol"] - self._now["vol"]) * bridge
        if self._scenario.nodes:  # growth is not in proportion to time
            at_dates, at_anchor = (self._growth_moved(date) for date in (dates, self._anchor))
            moved = moved + at_dates - share * at_anchor
        return frozen * exp(moved)

    def _growth_moved(self, date: Dates) -> Operand:
        return _to(self._leaves, self._schedule, date).growth - _to(self._now, self._schedule, date).growth


class FixedIncrements:
    """The increments of a fixed path as normals, by the leaves of its underlying: the first is that to the anchor."""

    def __init__(self, scenario: Scenario, schedule: Schedule, leaves: Leaves, anchor: int):
        self._scenario, self._schedule, self._leaves, self._anchor = scenario, schedule, leaves, anchor
        self._now = {name: values_of(leaf) for name, leaf in leaves.items()}

    @property
    def n_later(self) -> int:
        """The number of increments after the anchor."""
        return self._scenario.n_dates - 1 - self._anchor

    @property
    def first_deviation(self) -> Operand:
        """The standard deviation of the first increment of the logarithm."""
        return _to(self._leaves, self._schedule, self._anchor).deviation

    @property
    def first(self) -> Operand:
        """The normal of the first increment, shape (n_paths,)."""
        scenario, schedule = self._scenario, self._schedule
        start = scenario.dividends.start(self._leaves, lambda date: _to(self._leaves, schedule, date))
        now, then = (_to(leaves, schedule, self._anchor) for leaves in (self._now, self._leaves))
        moved = now.growth - then.growth - log(start * (1 / scenario.unrounded_spot))
        if self._anchor:
            motion = scenario.array(BrownianMotion(), scenario.n_dates)[self._anchor]
            normal = motion * (1 / sqrt(schedule.time(self._anchor)))
        else:
            normal = self._normals[0]
        return (normal * now.deviation + moved) / self.first_deviation

    @property
    def later_deviation(self) -> Operand:
        """The standard deviations of the later increments."""
        return self._later(self._leaves).deviation

    @property
    def later(self) -> Operand:
        """The normals of the later increments, shape (n_later, n_paths)."""
        now, then = self._later(self._now), self._later(self._leaves)
        normals = self._normals[self._anchor + 1 :]
        return (normals * now.deviation + (now.growth - then.growth)) / then.deviation

    def independent_first(self, part: int) -> Array:
        """The independent normal of the first increment, by the number of the underlying, shape (n_paths,)."""
        return self._scenario.common(IndependentTo(part, self._anchor))

    def independent(self, part: int) -> Array:
        """The independent normals of the later increments, shape (n_later, n_paths)."""
        return self._scenario.common(Independent(part, self._anchor + 1), self.n_later)

    @property
    def _normals(self) -> Operand:
        return self._scenario.array(AllNormals(self._scenario.n_dates), self._scenario.n_dates)

    def _later(self, leaves: Leaves) -> Accruals:
        schedule, n_dates = self._schedule, self._scenario.n_dates
        here, before = slice(self._anchor + 1, n_dates), slice(self._anchor, n_dates - 1)
        return Accruals(
            {**leaves, TIME: 0.0},
            schedule.time(here) - schedule.time(before),
            schedule.nodes,
            lambda node: schedule.weight(node, here) - schedule.weight(node, before),
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
