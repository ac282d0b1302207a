"""Laws of a model's paths: the values of their coefficients and derivatives in any market.

A law gives the coefficients of a linear form in a few data per path, as graphs of the parameters. Chainer runs once
per law and number of dates; the trace then gives the numbers of any market and any dates.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import combinations
from threading import RLock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.compiler.ir import Program
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.gbm import MOVING, PARAMETERS, PLACES, anchors, density_law, path_law, shift_law
from greeks_cli.terms.greek import MARKET_PARAMETERS
from greeks_cli.terms.request import Request

_GENERIC_SPOTS = 49.0, 98.0, 103.0


_GENERIC = len(_GENERIC_SPOTS)
"""Markets at which a derivative of a coefficient is 0 only where it is 0 in every market.

S (1/S) is not 1 for these spots: a rounding error in some markets is not structure.
"""


class Law:
    """The coefficients of a law and their partial derivatives, for a number of dates."""

    def __init__(self, kind: str, n_dates: int, first: str = ""):
        """``kind`` is path, density or shift; ``first`` the parameter of a shift."""
        self.kind, self.n_dates, self.first = kind, n_dates, first
        n_anchors = len(anchors(n_dates))
        self._n_places = 1 if kind == "density" else n_dates
        """The number of dates that have coefficients."""
        self._n_data = {"path": 2 + n_anchors, "density": 5 if n_dates > 1 else 3, "shift": 2}[kind]
        self._lock = RLock()
        self._found: dict[MultiIndex, Operand | None] = {}
        self._patterns: dict[MultiIndex, NDArray[np.bool_] | None] = {}
        self._program: Program[MultiIndex] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return law_of, (self.kind, self.n_dates, self.first)

    @cached_property
    def _traced_leaves(self) -> tuple[Tracer, Leaves]:
        """The tracer of the law and its leaves; the coefficients themselves are traced."""
        generator = np.random.default_rng(0)
        dates = np.cumsum(generator.uniform(0.5, 1.5, (_GENERIC, self.n_dates)), axis=1)
        values = {name: generator.uniform(0.5, 2.0, _GENERIC) for name in PARAMETERS}
        values |= {"spot": np.array(_GENERIC_SPOTS), "time": np.zeros(_GENERIC)}
        sample = self._inputs(values, dates)
        tracer = Tracer(_GENERIC * self._n_places)
        inputs = {name: tracer.source(name, array) for name, array in sample.items()}
        now = {name: inputs[name] for name in PARAMETERS}
        start = now | ({MOVING: inputs[self.first]} if self.kind == "shift" else {})
        shape = self._n_data, _GENERIC * self._n_places
        leaves = {name: chainer.Variable(np.broadcast_to(value, shape)) for name, value in start.items()}
        places = {name: inputs[name] for name in PLACES}
        match self.kind:
            case "path":
                self._found[()] = path_law(self.n_dates, leaves, now, places)
            case "density":
                self._found[()] = density_law(self.n_dates, leaves, now, places)
            case _:
                self._found[()] = shift_law(self.first, leaves, now, places)
        return tracer, leaves

    def pattern(self, index: MultiIndex) -> NDArray[np.bool_] | None:
        """True for every coefficient whose derivative is not zero, shape (n_data, n_dates); None where all are zero."""
        index = tuple(sorted(index))
        if index not in self._patterns:
            # Laws are differentiated while Chainer differentiates a payoff, perhaps for the last time.
            with self._lock, chainer.using_config("enable_backprop", True):
                variable = self._derivative(index)
            self._patterns[index] = None if variable is None else self._moving(variable)
        return self._patterns[index]

    def differentiate(self, wanted: Collection[MultiIndex]) -> None:
        """Finds all derivatives of the law that the wanted derivatives of a function of it need."""
        for index in wanted:
            for size in range(1, len(index) + 1):
                for part in combinations(index, size):
                    if all(name in PARAMETERS or name == MOVING for name in part):
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

    def numbers(self, markets: "Markets", index: MultiIndex) -> dict[MultiIndex, NDArray[np.float64]]:
        """A derivative in some markets, and all derivatives found before: shape (n_data, n_markets, n_dates)."""
        program = self._value if not index else self._derivatives()
        inputs = self._inputs(markets.values, markets.dates)
        shape = self._n_data, markets.count, self._n_places
        with np.errstate(all="ignore"):
            found = dict(program.run(lambda name: inputs[str(name)], markets.count * self._n_places))
        flat = shape[0], shape[1] * shape[2]
        return {index: np.broadcast_to(np.asarray(array, float), flat).reshape(shape) for index, array in found.items()}

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

    def _inputs(
        self, values: Mapping[str, NDArray[np.float64]], dates: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """The sources of the trace, one column per market and date: dates of shape (n_markets, n_dates)."""
        n_markets = len(dates)
        inputs: dict[str, Any] = {name: np.repeat(values[name], self._n_places) for name in PARAMETERS}
        at = dates[:, :1] if self.kind == "density" else dates
        inputs["at"] = at.reshape(1, -1)
        chain = anchors(self.n_dates)
        if self.kind == "density":
            inputs |= {"here": dates[:, :1].reshape(1, -1), "after": dates[:, -1:].reshape(1, -1)}
            return inputs | dict.fromkeys(("place", "slope"), inputs["at"])
        if self.kind == "shift":
            return inputs | dict.fromkeys(("place", "slope", "here", "after"), inputs["at"])
        interpolated = [_interpolations(row, chain) for row in dates]
        for k, name in enumerate(("place", "slope")):
            inputs[name] = np.concatenate([one[k] for one in interpolated], axis=1)
        for name, indices in (("here", chain[1:]), ("after", chain[:-1])):
            inputs[name] = np.repeat(dates[:, indices].T, self.n_dates, axis=1).reshape(-1, n_markets * self.n_dates)
        if self.n_dates == 1:
            inputs |= dict.fromkeys(("here", "after"), inputs["at"])
        return inputs


@lru_cache(maxsize=64)
def law_of(kind: str, n_dates: int, first: str) -> Law:
    """A law, made once; ``first`` is empty but for a shift."""
    return Law(kind, n_dates, first)


def _interpolations(at: NDArray[np.float64], chain: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P and Q, of shape (n_anchors, n_dates): bridge b moves W(t) by (P - time Q) times its function of time.

    Between anchors W(t) moves by linear interpolation, and bridge b moves anchor b and all before it.
    """
    increasing = at[chain][::-1]
    places, slopes = [], []
    for b in range(len(chain)):
        reached = np.array([j >= b for j in range(len(chain))], dtype=float)[::-1]
        places.append(np.interp(at, increasing, reached * increasing))
        slopes.append(np.interp(at, increasing, reached))
    return np.array(places), np.array(slopes)


class Markets:
    """The parameters of some markets and the contract's dates in each.

    ``values`` has an array of shape (n_markets,) for each of ``PARAMETERS``; ``dates`` has shape (n_markets, n_dates).
    """

    def __init__(self, values: Mapping[str, NDArray[np.float64]], dates: NDArray[np.float64]):
        self.values = {name: np.asarray(values[name], dtype=float) for name in PARAMETERS}
        self.dates = dates
        self._numbers: dict[Law, dict[MultiIndex, NDArray[np.float64]]] = {}

    @classmethod
    def of(cls, requests: Sequence[Request]) -> Self:
        """The market and dates of each request."""
        values = {name: np.array([getattr(r.market, name) for r in requests]) for name in MARKET_PARAMETERS}
        return cls(values | {"time": np.zeros(len(requests))}, np.array([r.contract.dates for r in requests]))

    @property
    def count(self) -> int:
        """The number of markets."""
        return len(self.dates)

    @property
    def n_dates(self) -> int:
        """The number of dates in each market."""
        return self.dates.shape[1]

    def coefficients(self, law: Law, index: MultiIndex) -> NDArray[np.float64]:
        """A derivative of the coefficients of a law, shape (n_data, n_markets, n_dates)."""
        index = tuple(sorted(index))
        if index not in self._numbers.get(law, {}):
            self._numbers.setdefault(law, {}).update(law.numbers(self, index))
        return self._numbers[law][index]

    def some(self, which: slice | list[int]) -> "Markets":
        """Some of the markets."""
        self.coefficients(law_of("path", self.n_dates, ""), ())  # for all markets at once, not for each choice
        chosen = Markets({name: value[which] for name, value in self.values.items()}, self.dates[which])
        for law, numbers in self._numbers.items():
            chosen._numbers[law] = {index: array[:, which] for index, array in numbers.items()}
        return chosen
