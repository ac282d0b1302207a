"""Models on time steps, and the steps."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.compiler.ir import Array
from greeks_cli.engine.simulation.grid import Grid

Numbers = Mapping[str, Operand]
Values = Mapping[str, Any]
"""The values of parameters: a float, or where several underlyings move at once a PerTrade with one for each."""


class TimeStep(NamedTuple):
    """A time step: its start and length in years, and how both change per year of calendar time that passes."""

    start: float
    years: float
    moves: float
    """The part of a year by which the start comes later."""
    shrinks: float
    """The part of a year by which the step becomes shorter."""
    left: float
    """The share of the time until the first date that is left at the start; 0 beyond the date."""
    spends: float
    """The share that the step takes."""

    @classmethod
    def all(cls, grid: Grid, dates: tuple[float, ...], until: float) -> "list[list[TimeStep]]":
        """The steps of each interval between dates.

        Time that passes shortens those alike that end before the first date, and before the time ``until``.
        """
        found, before = [], 0.0
        for interval, (date, n) in enumerate(zip(dates, grid.steps, strict=True)):
            years, is_first = float(f"{(date - before) / n:.12g}"), interval == 0  # equal steps have equal numbers
            m = max(1, int(min(n, until / years + 1e-9))) if is_first else 0
            found.append(
                [
                    cls(
                        before + i * years,
                        years,
                        max(0.0, 1 - i / m) if is_first else 0.0,
                        1 / m if i < m else 0.0,
                        is_first * (1 - i / n),
                        is_first / n,
                    )
                    for i in range(n)
                ]
            )
            before = date
        return found


class Stepped(ABC):
    """A model on time steps, with a state of one number per path."""

    parameters: tuple[str, ...]
    """The parameters that a step depends on, with ``time``, but for those that its normal depends on."""
    kept: tuple[str, ...]
    """The names of a step's results after the state, which are summed between dates."""
    moves_until = inf
    """The time in years until which steps may move smoothly as calendar time passes."""

    @abstractmethod
    def start(self, values: Values) -> tuple[float | PerTrade, str]:
        """The state today, and the parameter that it is, if any."""

    @abstractmethod
    def step(self, leaves: Leaves, numbers: Numbers, state: Operand, normal: Operand, case: Hashable) -> Any:
        """The results of a step, a named tuple whose first is ``state``."""

    @abstractmethod
    def numbers(self, values: Values, step: TimeStep) -> dict[str, float]:
        """The numbers of a step beside parameters."""

    @abstractmethod
    def bounds(self, values: Values, step: TimeStep) -> list[tuple[Hashable, float]]:
        """The kinds of the step in one market, each with the largest state that takes it.

        All paths take the first kind, but for those whose state is at most the bound of a second one.
        """

    def cases(self, values: Values, step: TimeStep, state: Array) -> list[tuple[Hashable, NDArray[np.intp] | None]]:
        """The kinds of the step, each with the paths that take it, None for all; later ones replace earlier ones.

        Paths are numbered through the rows of all underlyings. By default all take the first kind.
        """
        return [(self.bounds(values, step)[0][0], None)]
