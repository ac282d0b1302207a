"""Grids: the normals of a path under a model, one per date, and more for jumps and time steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.terms.request import Request

Normals = NDArray[np.floating]

_FEWEST, _PER_YEAR = 8, 16
"""Time steps of a path, at least, and those of a year."""


@dataclass(frozen=True)
class Grid:
    """Rows of a path's normals: one per date of each underlying, of each that jumps, and of what bridges draw.

    Those of the time steps follow, of one random variance after the other, then of one price after the other where the
    price itself takes time steps.
    """

    n_dates: int
    n_jumping: int = 0
    """Underlyings that jump."""
    steps: tuple[int, ...] = ()
    """Time steps of each interval between dates, an even number; none where sampling is exact."""
    n_underlyings: int = 1
    """Underlyings, whose normals follow one another."""
    n_stepped: int = 1
    """Random variances and prices that are simulated on time steps, where there are any."""
    is_conditional: bool = True
    """True if the normals of the dates move the price, given variance and jumps; else those of the time steps do."""
    bridges: range = range(0)
    """The intervals between dates that are watched along bridges, a multiple of four."""
    draws_jumps: bool = False
    """True if a path has a normal for the size of the jumps in each interval."""
    draws_extremes: bool = False
    """True if a path has a normal for the extreme of each interval."""
    joins_bridges: bool = False
    """True if every two bridges are one."""

    @classmethod
    def of(cls, request: Request, steps: int = 0, doublings: int = 1) -> "Grid":
        """The grid of a request's models; about ``steps`` time steps in all where they have any.

        The steps may be doubled ``doublings`` times.
        """
        models, dates = request.market.models, request.path_dates
        least = 2**doublings
        per_step = steps / dates[-1] / least
        each = (least * max(1, ceil(per_step * (end - start) - 1e-9)) for start, end in pairwise((0.0, *dates)))
        is_conditional = all(model.is_conditional for model in models)
        # Beside a price that moves by its steps' normals all others do; a random variance has normals of its own.
        n_stepped = sum(model.has_variance for model in models) + (0 if is_conditional else len(models))
        return cls(
            len(dates),
            sum(model.has_jumps for model in models),
            tuple(each) if n_stepped else (),
            len(models),
            max(1, n_stepped),
            is_conditional,
            request.bridges,
            bool(request.bridges) and any(model.has_jumps for model in models),
            bool(request.bridges) and request.contract.seeks_extreme,
        )

    @classmethod
    def usual(cls, request: Request) -> "Grid":
        """The grid of as many steps as the request asks for, or of the usual ones."""
        expiry = request.path_dates[-1]
        return cls.of(request, request.simulation.steps or max(_FEWEST, ceil(_PER_YEAR * expiry)))

    @property
    def n_rows(self) -> int:
        """The number of normals of a path."""
        return self._first_of_steps + self.n_stepped * sum(self.steps)

    @property
    def is_extended(self) -> bool:
        """True if a path has more normals than dates."""
        return self.n_rows > self.n_dates

    @property
    def jumps(self) -> slice:
        """The rows of the jumps."""
        start = self.n_dates * self.n_underlyings
        return slice(start, start + self.n_dates * self.n_jumping)

    @property
    def jump_sizes(self) -> slice:
        """The rows of the sizes of jumps."""
        return slice(self.jumps.stop, self.jumps.stop + self.n_dates * self.draws_jumps)

    @property
    def extremes(self) -> slice:
        """The rows of the extremes."""
        return slice(self.jump_sizes.stop, self._first_of_steps)

    def rows_of(self, interval: int) -> range:
        """The rows of an interval's time steps, of the first underlying that has any."""
        return range(self._ends[interval], self._ends[interval + 1])

    @property
    def _first_of_steps(self) -> int:
        return self.n_dates * (self.n_underlyings + self.n_jumping + self.draws_jumps + self.draws_extremes)

    @cached_property
    def _ends(self) -> Sequence[int]:
        return list(accumulate(self.steps, initial=self._first_of_steps))

    @cached_property
    def intervals(self) -> NDArray[np.intp]:
        """The interval between dates of each row of a path's normals."""
        dates, of_step = np.arange(self.n_dates), np.repeat(np.arange(len(self.steps)), self.steps)
        return np.concatenate([*(dates,) * (self._first_of_steps // self.n_dates), *(of_step,) * self.n_stepped])

    @property
    def halved(self) -> "Grid":
        """The grid of half as many time steps and bridges."""
        return replace(self, steps=tuple(n // 2 for n in self.steps), joins_bridges=bool(self.bridges))

    @property
    def has_steps(self) -> bool:
        """True if there is a grid of half as many time steps or bridges."""
        return bool(self.steps or self.bridges)

    @cached_property
    def joined(self) -> NDArray[np.float64]:
        """1 at every date that lies within a bridge, shape (n_dates, 1)."""
        found = np.zeros((self.n_dates, 1))
        if self.joins_bridges:
            found[self.bridges[::2]] = 1
        return found

    def of_price(self, dates: tuple[float, ...]) -> tuple[int, tuple[float, ...]]:
        """The first of the normals that move the price, and the times at which the increments of each of them end."""
        if self.is_conditional:
            return 0, dates
        intervals = zip((0.0, *dates), dates, self.steps, strict=False)
        ends = [np.linspace(start, end, n + 1)[1:] for start, end, n in intervals]
        return self._ends[0], tuple(np.concatenate(ends).tolist())

    def halved_normals(self, normals: Normals) -> Normals:
        """The normals of the same Brownian motion on half as many time steps."""
        if not self.steps:
            return normals
        first = self._ends[0]
        pairs = (normals[first::2] + normals[first + 1 :: 2]) * normals.dtype.type(1 / sqrt(2))
        return np.concatenate([normals[:first], pairs])
