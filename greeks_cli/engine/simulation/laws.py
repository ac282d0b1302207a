"""Laws of a model's paths: the values of their coefficients and derivatives in any market.

Chainer runs once per law, number of dates and names of nodes; the trace then gives the numbers of any market and any
dates.
"""

from collections.abc import Collection, Mapping
from functools import cached_property, lru_cache
from itertools import combinations
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.functions import broadcast
from greeks_cli.engine.compiler.ir import Program
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.gbm import (
    AT,
    FIRST,
    MOVING,
    WITHIN,
    Dynamics,
    has_clock,
    knots,
    parameters_of,
    weight_name,
)
from greeks_cli.terms.markets.carry import SHARES
from greeks_cli.terms.markets.forward_vols import weights_in_forward_vols
from greeks_cli.terms.nodes import Nodes

_GENERIC_SPOTS = 49.0, 98.0, 103.0


_GENERIC = len(_GENERIC_SPOTS)
"""Markets at which a derivative of a coefficient is 0 only where it is 0 in every market.

S (1/S) is not 1 for these spots: a rounding error in some markets is not structure.
"""


class Columns:
    """The parameters of some markets with the same curves, and the simulation's dates in each.

    ``values`` has an array of shape (n_markets,) for each parameter; ``dates`` has shape (n_markets, n_dates), and so
    have the ``weights`` of each node in the integrals to the dates.
    """

    def __init__(
        self,
        values: Mapping[str, NDArray[np.float64]],
        dates: NDArray[np.float64],
        nodes: Nodes = (),
        weights: Mapping[str, NDArray[np.float64]] | None = None,
    ):
        self.values = {name: np.asarray(values[name], dtype=float) for name in parameters_of(nodes)}
        self.dates, self.nodes, self.weights = dates, nodes, weights or {}

    @cached_property
    def clock(self) -> NDArray[np.float64]:
        """The variance of the logarithm at the dates, shape (n_markets, n_dates)."""
        shift, (names,) = self.values["vol"], [names for name, names in self.nodes if name == "vol"]
        squares = [(self.values[node] + shift)[:, None] ** 2 * self.weights[node] for node in names]
        return np.sum(squares, axis=0)

    @property
    def count(self) -> int:
        """The number of markets."""
        return len(self.dates)

    @property
    def n_dates(self) -> int:
        """The number of dates in each market."""
        return self.dates.shape[1]


class Law:
    """The coefficients of a law and their partial derivatives, for a number of dates and the curves of a market."""

    def __init__(self, kind: str, n_dates: int, first: str = "", nodes: Nodes = ()):
        """``kind`` is path, density or shift; ``first`` the parameter of a shift."""
        self.kind, self.n_dates, self.first, self.nodes = kind, n_dates, first, nodes
        self.parameters = parameters_of(nodes)
        n_knots = len(knots(n_dates))
        flat_density = kind == "density" and not nodes
        self._n_places = 1 if flat_density else n_dates
        """The number of dates that have coefficients."""
        n_density = 3 if nodes or n_dates == 1 else 5
        self._n_data = {"path": 2 + n_knots, "density": n_density, "shift": 2}[kind]
        self._lock = RLock()
        self._found: dict[MultiIndex, Operand | None] = {}
        self._increments: dict[MultiIndex, NDArray[np.bool_] | None] = {}
        self._program: Program[MultiIndex] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return law_of, (self.kind, self.n_dates, self.first, self.nodes)

    @cached_property
    def on_clock(self) -> bool:
        """True if the clock of W is variance."""
        return has_clock(self.n_dates, self.nodes)

    @cached_property
    def weighted(self) -> frozenset[int]:
        """The rows that are weights of the standard normals of each increment; at a date, the weighted sum enters."""
        if self.kind == "density":
            return frozenset({1, 2} if self.nodes and self.n_dates > 1 else ())
        return frozenset({1} if self.on_clock else ())

    @cached_property
    def _of_increments(self) -> bool:
        """True if coefficients are those of increments: at a date, the sum of those until then enters."""
        return bool(self.nodes) if self.kind == "density" else self.on_clock

    @cached_property
    def _traced_leaves(self) -> tuple[Tracer, Leaves]:
        """The tracer of the law and its leaves; the coefficients themselves are traced."""
        sample = self._inputs(_generic(self.n_dates, self.nodes))
        tracer = Tracer(_GENERIC * self._n_places)
        inputs = {name: tracer.source(name, array) for name, array in sample.items()}
        now = {name: inputs[name] for name in self.parameters}
        start = now | ({MOVING: inputs[self.first]} if self.kind == "shift" else {})
        shape = self._n_data, _GENERIC * self._n_places
        leaves = {name: chainer.Variable(np.broadcast_to(value, shape)) for name, value in start.items()}
        dynamics = Dynamics(self.n_dates, self.nodes, inputs)
        match self.kind:
            case "path":
                self._found[()] = dynamics.path(leaves, now)
            case "density" if self.nodes:
                self._found[()] = dynamics.density_under_curves(leaves, now)
            case "density":
                self._found[()] = dynamics.density(leaves, now)
            case _:
                self._found[()] = dynamics.shift(self.first, leaves, now)
        return tracer, leaves

    def pattern(self, index: MultiIndex) -> NDArray[np.bool_] | None:
        """True for every coefficient whose derivative is not zero, shape (n_data, n_dates); None where all are zero."""
        index = tuple(sorted(index))
        if index not in self._increments:
            # Laws are differentiated while Chainer differentiates a payoff, perhaps for the last time.
            with self._lock, chainer.using_config("enable_backprop", True):
                variable = self._derivative(index)
            self._increments[index] = None if variable is None else self._moving(variable)
        found = self._increments[index]
        if found is None or not self._of_increments:
            return found
        return np.logical_or.accumulate(found, axis=1)

    def increments(self, index: MultiIndex, row: int) -> slice:
        """The increments whose weights in a row may have a derivative, from the first to the last of them."""
        assert self.pattern(index) is not None
        moving = self._increments[tuple(sorted(index))][row].nonzero()[0]  # type: ignore[index]
        return slice(int(moving[0]), int(moving[-1]) + 1)

    def differentiate(self, wanted: Collection[MultiIndex]) -> None:
        """Finds all derivatives of the law that the wanted derivatives of a function of it need."""
        for index in wanted:
            for size in range(1, len(index) + 1):
                for part in combinations(index, size):
                    if all(name in self.parameters or name == MOVING for name in part):
                        self.pattern(part)

    def _moving(self, variable: Operand) -> NDArray[np.bool_] | None:
        moves = np.asarray(variable.array) != 0
        found = moves.reshape(self._n_data, _GENERIC, self._n_places).any(axis=1)
        return found if found.any() else None

    def _derivative(self, index: MultiIndex) -> Operand | None:
        _, leaves = self._traced_leaves
        if index not in self._found:
            above = self._derivative(index[:-1])
            leaf = leaves[index[-1]]
            self._found[index] = (
                None if above is None else chainer.grad([above], [leaf], enable_double_backprop=True)[0]
            )
            self._program = None
        return self._found[index]

    def numbers(self, markets: Columns, index: MultiIndex) -> dict[MultiIndex, NDArray[np.float64]]:
        """A derivative in some markets, and all derivatives found before: shape (n_data, n_markets, n_dates)."""
        is_alone = not index and len(self._found) <= 1
        program = self._value if is_alone else self._derivatives()
        inputs = self._inputs(markets)
        shape = self._n_data, markets.count, self._n_places
        with np.errstate(all="ignore"):
            found = dict(program.run(inputs.__getitem__, markets.count * self._n_places))
        return {index: self._summed(array, shape) for index, array in found.items()}

    def _summed(self, array: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """The coefficients, of which those of increments are summed up to each date."""
        array = broadcast(np.asarray(array, float), (shape[0], shape[1] * shape[2])).reshape(shape)
        if not self._of_increments:
            return array
        array = array.copy()
        for row in set(range(self._n_data)) - self.weighted:
            np.cumsum(array[row], axis=-1, out=array[row])
        return array

    @cached_property
    def _value(self) -> Program[MultiIndex]:
        """The program of the coefficients themselves."""
        with self._lock, chainer.using_config("enable_backprop", True):
            tracer, _ = self._traced_leaves
            value: Any = self._found[()]
            return tracer.program({(): value.array})

    def _derivatives(self) -> Program[MultiIndex]:
        with self._lock:
            tracer, _ = self._traced_leaves
            if self._program is None:
                self._program = tracer.program({i: v.array for i, v in self._found.items() if v is not None})
            return self._program

    def _inputs(self, markets: Columns) -> dict[Any, NDArray[np.float64]]:
        """The sources of the trace, one column per market and date."""
        dates, n_markets = markets.dates, markets.count
        inputs: dict[str, Any] = {name: np.repeat(markets.values[name], self._n_places) for name in self.parameters}
        at = dates if self._n_places == self.n_dates else dates[:, :1]
        inputs["at"] = at.reshape(1, -1)
        if self.nodes:
            inputs |= self._of_curves(markets)
        chain = knots(self.n_dates)
        if self.kind == "density":
            inputs |= {"here": dates[:, :1].reshape(1, -1), "after": dates[:, -1:].reshape(1, -1)}
            return inputs | dict.fromkeys(("place", "slope"), inputs["at"])
        if self.kind == "shift":
            return inputs | dict.fromkeys(("place", "slope", "here", "after"), inputs["at"])
        clock = markets.clock if self.on_clock else dates
        interpolated = [_interpolations(row, chain) for row in clock]
        for k, name in enumerate(("place", "slope")):
            places = [np.diff(one[k], prepend=0.0) if self.on_clock else one[k] for one in interpolated]
            inputs[name] = np.concatenate(places, axis=1)
        for name, indices in (("here", chain[1:]), ("after", chain[:-1])):
            inputs[name] = np.repeat(clock[:, indices].T, self.n_dates, axis=1).reshape(-1, n_markets * self.n_dates)
        if self.n_dates == 1:
            inputs |= dict.fromkeys(("here", "after"), inputs["at"])
        return inputs

    def _of_curves(self, markets: Columns) -> dict[str, NDArray[np.float64]]:
        """Lengths of intervals, the mark of the first, and the weights of nodes."""
        is_first = np.zeros_like(markets.dates)
        is_first[:, 0] = 1
        found = {"years": np.diff(markets.dates, axis=1, prepend=0.0), "is_first": is_first}
        for node, weights in markets.weights.items():
            found[weight_name(AT, node)] = weights
            found[weight_name(WITHIN, node)] = np.diff(weights, axis=1, prepend=0.0)
            found[weight_name(FIRST, node)] = np.broadcast_to(weights[:, :1], weights.shape)
        return {name: array.reshape(1, -1) for name, array in found.items()}


@lru_cache(maxsize=64)
def law_of(kind: str, n_dates: int, first: str, nodes: Nodes) -> Law:
    """A law, made once; ``first`` is empty but for a shift, ``nodes`` but for curves."""
    return Law(kind, n_dates, first, nodes)


def _generic(n_dates: int, nodes: Nodes) -> Columns:
    """Markets without accidental zeros. Every node has a weight at every date."""
    generator = np.random.default_rng(0)
    dates = np.cumsum(generator.uniform(0.5, 1.5, (_GENERIC, n_dates)), axis=1)
    values = {name: generator.uniform(0.5, 2.0, _GENERIC) for name in parameters_of(nodes)}
    values |= {name: generator.uniform(0.1, 0.5, _GENERIC) for name in dict(nodes).get(SHARES, ())}
    values |= {"spot": np.array(_GENERIC_SPOTS), "time": np.zeros(_GENERIC)}
    vols = dict(nodes).get("vol", ())  # total variance rises
    values |= zip(vols, np.sort([values[vol] for vol in vols], axis=0), strict=True)
    weighted = [*(node for _, names in nodes for node in names), *weights_in_forward_vols(nodes)]
    weights = {name: np.cumsum(generator.uniform(0.5, 1.5, (_GENERIC, n_dates)), axis=1) for name in weighted}
    return Columns(values, dates, nodes, weights)


def _interpolations(at: NDArray[np.float64], chain: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P and Q, of shape (n_knots, n_dates): bridge b moves W(t) by (P - time Q) times its function of time.

    Between knots W(t) moves by linear interpolation, and bridge b moves knot b and all before it.
    """
    increasing = at[chain][::-1]
    places, slopes = [], []
    for b in range(len(chain)):
        reached = np.array([j >= b for j in range(len(chain))], dtype=float)[::-1]
        places.append(np.interp(at, increasing, reached * increasing))
        slopes.append(np.interp(at, increasing, reached))
    return np.array(places), np.array(slopes)
