"""Paths that are held fixed at some dates, the anchors, and move between them.

Between two anchors the logarithm is their interpolation, by time, plus its growth and a bridge of Brownian motion.
Given both ends a bridge depends neither on spots nor on rates, and is in proportion to the vol. As time passes, the
first bridge starts later: it keeps its law where its first date is scaled, and what is left given that date stays.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.known import known
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, is_variable, log, total, values_of
from greeks_cli.engine.autodiff.path_nodes import evaluate
from greeks_cli.engine.compiler.functions import rows_at
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.compiler.tracer import called
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import FrozenPath
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import Schedule
from greeks_cli.engine.simulation.sources import Growth, PathSource
from greeks_cli.terms.greek import TIME


class Increments(PathSource):
    """The normals of the increments from each anchor to the next, shape (n_anchors - 1, n_paths)."""

    anchors: tuple[int, ...]

    def of(self, data: PathData) -> Array:
        return _increments(data.motion, data.motion.normals[: len(data.motion.dates)], self.anchors)


class IndependentIncrements(PathSource):
    """The normals that an underlying adds to those before it, shape (n_anchors - 1, n_paths)."""

    part: int
    anchors: tuple[int, ...]

    def of(self, data: PathData) -> Array:
        n = len(data.motion.dates)
        return _increments(data.motion, data.motion.normals[self.part * n : (self.part + 1) * n], self.anchors)


class Bridges(PathSource):
    """Brownian motion less its interpolation between anchors, shape (n_dates, n_paths); the first starts today."""

    anchors: tuple[int, ...]

    def of(self, data: PathData) -> Array:
        motion, brownian = data.motion, data.motion.brownian
        times, pieces = np.array((0.0, *motion.dates)), []
        for start, end in pairwise((-1, *self.anchors)):
            share = (times[start + 2 : end + 2] - times[start + 1]) / (times[end + 1] - times[start + 1])
            along = motion.on_device(share.astype(motion.dtype)[:, None])
            piece = brownian[start + 1 : end + 1] - along * brownian[end]
            pieces.append(piece - (1 - along) * brownian[start] if start >= 0 else piece)
        return np.concatenate([*pieces, brownian[self.anchors[-1] + 1 :]])


def _increments(motion: Motion, normals: NDArray[np.floating], anchors: Sequence[int]) -> Array:
    """The normals of the increments between anchors by those of all dates."""
    if len(anchors) == anchors[-1] + 1 - anchors[0]:
        return normals[anchors[0] + 1 : anchors[-1] + 1]

    def whole(start: int, end: int) -> Array:
        years = motion.dates[end] - motion.dates[start]
        shares = motion.deviations[start + 1 : end + 1] / motion.dtype(sqrt(years))
        return np.einsum("t,tn->n", motion.on_device(shares), normals[start + 1 : end + 1])

    return np.stack([whole(*pair) for pair in pairwise(anchors)])


class _Moved(chainer.FunctionNode):  # type: ignore[misc]  # chainer has no usable types
    """Fixed prices times the exponential of a change of their logarithm, of which the value is 0."""

    label = "moved between anchors"

    def __init__(self, prices: Array):
        self._prices = prices

    def forward(self, inputs: tuple[Array]) -> tuple[Array]:
        self.retain_inputs((0,))
        return (self._prices,)

    def backward(self, indexes: tuple[int, ...], grad_outputs: tuple[Operand]) -> tuple[Operand]:
        (prices,) = _Moved(self._prices).apply(self.get_retained_inputs())
        return (grad_outputs[0] * prices,)


class AnchoredPath(FrozenPath):
    """A path that is held fixed at its anchors, of which the last is the last date, and moves between them."""

    def __init__(self, leaves: Leaves, scenario: Scenario, schedule: Schedule, anchors: Sequence[int], weight: Operand):
        super().__init__(leaves, scenario, schedule)
        self._anchors, self._anchored_weight = tuple(anchors), weight
        self._now = {name: values_of(leaf) for name, leaf in self._leaves.items()}

    @property
    def weight(self) -> Operand:
        return self._anchored_weight

    def _lognormal(self, dates: Dates, summed: bool = False) -> Operand:
        if isinstance(dates, int):
            place = dates % self._scenario.n_dates
            return self._lognormal(slice(place, place + 1))[0]
        first = self._anchors[0]
        found = [
            self._moved(own)
            for own in (slice(dates.start, min(dates.stop, first)), slice(max(dates.start, first), dates.stop))
            if own.start < own.stop
        ]
        whole = found[0] if len(found) == 1 else concat(found)
        return total(whole) if summed else whole

    def _moved(self, dates: slice) -> Operand:
        """The lognormal at dates of which all come before the first anchor, or none, shape (n_dates, n_paths)."""
        frozen = evaluate(self._scenario.underlying, {}, dates)
        is_first = dates.start < self._anchors[0]
        still = () if is_first else ("spot", TIME)
        is_only = not is_first and len(self._anchors) == 1
        if is_only or not any(is_variable(leaf) for name, leaf in self._leaves.items() if name not in still):
            return frozen
        terms = [*(self._by_start(dates) if is_first else ()), *self._by_growth(dates), *self._by_bridges(dates)]
        return _Moved(frozen).apply((sum(terms[1:], terms[0]),))[0] if terms else frozen

    def _by_start(self, dates: slice) -> Iterator[Operand]:
        """Changes of the logarithm before the first anchor by the start and by the time that passes."""
        share, now = self._share(dates, self._leaves), self._share(dates, self._now)
        yield (1 - share) * log(self._leaves["spot"] * (1 / self._scenario.unrounded_spot))
        if is_variable(self._leaves[TIME]):
            yield (share - now) * log(self._scenario.array(Growth(self._anchors[0])))

    def _by_growth(self, dates: slice) -> Iterator[Operand]:
        """Changes of the logarithm by rates: none where growth is in proportion to time."""
        if self._scenario.nodes:
            yield self._growth(dates, self._leaves) - self._growth(dates, self._now)

    def _by_bridges(self, dates: slice) -> Iterator[Operand]:
        """Changes of the logarithm by vol, by correlations, and by the time that passes."""
        leaves, scenario = self._leaves, self._scenario
        correlations = {name: leaves[name] for name in scenario.correlations}
        is_late = dates.start < self._anchors[0] and is_variable(leaves[TIME])
        if not is_late and not any(map(is_variable, (leaves["vol"], *correlations.values()))):
            return

        def at(places: slice) -> Operand:
            source, n_dates = Bridges(self._anchors), scenario.n_dates
            return known(lambda index: scenario.walk(source, index, n_dates)[places], correlations)

        now = self._now["vol"] * values_of(at(dates))
        yield leaves["vol"] * at(dates) - now
        if is_late:
            start, end = (self._schedule.time(place) for place in (0, self._anchors[0]))
            scale, scale_now = (ops.sqrt((start - own[TIME]) / (end - own[TIME])) for own in (leaves, self._now))
            fade = (end - self._schedule.time(dates)) * (1 / (end - start))
            yield (scale / scale_now - 1) * (leaves["vol"] * (fade * at(slice(0, 1))))

    def _share(self, dates: slice, leaves: Leaves) -> Operand:
        """The share of the way between the anchors around each date, shape (n_dates, 1) or (n_dates, n_paths)."""
        here = self._schedule.time(dates)
        if dates.start < self._anchors[0]:
            passed = leaves[TIME]
            return (here - passed) / (self._schedule.time(self._anchors[0]) - passed)
        before, after = (self._rows(self._schedule.time(self._all), places) for places in self._around(dates))
        return (here - before) / (after - before)

    def _growth(self, dates: slice, leaves: Leaves) -> Operand:
        """The growth of the logarithm less its interpolation between anchors."""
        share = self._share(dates, leaves)
        here = self._accruals_at(leaves, range(dates.start, dates.stop)).growth
        if dates.start < self._anchors[0]:
            return here - share * self._accruals_at(leaves, [self._anchors[0]]).growth
        before, after = (self._accruals_at(leaves, places).growth for places in self._around(dates))
        return here - before - share * (after - before)

    def _accruals_at(self, leaves: Leaves, places: Sequence[int]) -> Accruals:
        schedule, whole = self._schedule, self._all
        return Accruals(
            leaves,
            self._rows(schedule.time(whole), places),
            schedule.nodes,
            lambda node: self._rows(schedule.weight(node, whole), places),
        )

    @property
    def _all(self) -> slice:
        return slice(0, self._scenario.n_dates)

    def _rows(self, numbers: Operand, places: Sequence[int]) -> Operand:
        return called(rows_at, numbers, list(places))

    def _around(self, dates: slice) -> tuple[list[int], list[int]]:
        """The anchors before and after each date, of which none comes before the first anchor."""
        numbers = np.searchsorted(self._anchors[1:-1], range(dates.start, dates.stop), side="right")
        return [self._anchors[k] for k in numbers], [self._anchors[k + 1] for k in numbers]
