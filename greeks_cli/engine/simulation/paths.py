"""Geometric Brownian motion at a contract's dates, sampled exactly, as a graph of the leaves.

S(t) = spot exp((rate - dividend_yield - vol^2/2) t + vol W(t)). Arrays are time-major,
(n_dates, n_paths): a leaf of shape (n_paths,) broadcasts over time as it is.
"""

from abc import ABC, abstractmethod

from greeks_cli.engine.autodiff.exp_linear import Dates, evaluate
from greeks_cli.engine.autodiff.leaves import Leaves
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.simulation.gbm import MOVING, PARAMETERS
from greeks_cli.engine.simulation.path_data import Scenario


class Path(ABC):
    """The underlying at the contract's dates, and normals that a payoff may want beside it (``extra``)."""

    def __init__(self, leaves: Leaves, scenario: Scenario):
        self._leaves = {name: leaves[name] for name in PARAMETERS}
        self._scenario = scenario
        self.extra = scenario.extra

    def __getitem__(self, index: int) -> Operand:
        """The underlying at one date, shape (n_paths,)."""
        return self._evaluate(index % len(self._scenario.dates))

    @property
    def spots(self) -> Operand:
        """The underlying at all dates, shape (n_dates, n_paths)."""
        return self._evaluate(slice(0, len(self._scenario.dates)))

    def total(self, n_dates: int) -> Operand:
        """The sum of the underlying over the first dates, shape (n_paths,)."""
        return self._evaluate(slice(0, n_dates), summed=True)

    @abstractmethod
    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand: ...


class SimulatedPath(Path):
    """A path that moves with its leaves."""

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, self._leaves, dates, summed)


class FrozenPath(Path):
    """A path held fixed as data, with its density as a graph of the leaves.

    The path is where the parameters' values put it; only its probability moves with them.
    """

    @property
    def weight(self) -> Operand:
        """The path's density over its own value: 1, with the density's relative derivatives."""
        return evaluate(self._scenario.density, self._leaves, 0)

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._scenario.underlying, {}, dates, summed)


class ShiftedPath(FrozenPath):
    """A frozen path that moves with the leaf ``moving`` of the parameter ``first``.

    Its normals are those that the other leaves need to reach the path, which so stays where it is.
    """

    def __init__(self, leaves: Leaves, scenario: Scenario, first: str, moving: Operand):
        super().__init__(leaves, scenario)
        # A parameter of the contract moves the payoff and not the path.
        self._shifted = scenario.shifted_by(first) if first in PARAMETERS else scenario.underlying
        self._here = {**self._leaves, MOVING: moving} if first in PARAMETERS else {}

    def _evaluate(self, dates: Dates, summed: bool = False) -> Operand:
        return evaluate(self._shifted, self._here, dates, summed)
