"""A request's derivatives, differentiated once and recorded, in which the widths of the kernels are left open."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.program import Array, Program, Source
from greeks_cli.engine.scenario import Scenario, Simulated
from greeks_cli.engine.smoothing import Kernel
from greeks_cli.engine.tape import Tape
from greeks_cli.engine.valuation import Method, derivatives
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype, Estimator

_WIDTH = "width"


class Recordings:
    """Programs of the derivatives of a request, one for every estimator that may be used."""

    def __init__(self, request: Request, methods: Mapping[MultiIndex, tuple[Method, ...]]):
        self._request = request
        self._methods = methods
        self._of: dict[Estimator, Program[MultiIndex]] = {}
        n_rows = len(request.contract.dates) + request.contract.extra_normals
        self._tape = Tape(n_rows + 2)  # more than any payoff has rows
        self._dtype: type[np.floating] = np.float64 if request.simulation.dtype is Dtype.FLOAT64 else np.float32
        normals: Array = np.linspace(-1, 1, n_rows * (n_rows + 2)).reshape(n_rows, -1).astype(self._dtype)
        self._scenario = Scenario.recorded(Simulated.of(request, normals), self._tape)

    def by(self, estimator: Estimator) -> Program[MultiIndex]:
        """The derivatives that may be estimated so."""
        if estimator not in self._of:
            usable = {i: m for i, methods in self._methods.items() for m in methods if m.estimator is estimator}
            method = next(iter(usable.values()))
            self._of[estimator] = self._record(self._request.contract, method, tuple(usable))
        return self._of[estimator]

    def of_control(self, control: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        """Derivatives of a control variate on the same paths."""
        return self._record(control, method, wanted)

    def bound(self, method: Method) -> Callable[[Source], Any]:
        """The width that a source stands for in a method; None for other sources."""

        def width(source: Source) -> Any:
            if source[0] != _WIDTH:
                return None
            _, kink, order = source
            return self._dtype(method.kernels[kink].widths[order])

        return width

    def _record(self, contract: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        kernels = tuple(self._open(kink, kernel) for kink, kernel in enumerate(method.kernels))
        with np.errstate(all="ignore"):  # nothing is estimated here
            found = derivatives(self._request, contract, self._scenario, Method(method.estimator, kernels), wanted)
        return self._tape.program({index: found[index] for index in wanted})

    def _open(self, kink: int, kernel: Kernel) -> Kernel:
        widths: tuple[Any, ...] = tuple(
            self._tape.source((_WIDTH, kink, order), self._dtype(1)) if width else 0.0
            for order, width in enumerate(kernel.widths)
        )
        return Kernel(widths, kernel.extrapolated, kernel.base)


def run_with(
    program: Program[MultiIndex], bound: Callable[[Source], Any], simulated: Simulated
) -> dict[MultiIndex, Array]:
    """What a program makes of some paths, its widths bound."""

    def fetch(source: Source) -> Any:
        width = bound(source)
        return simulated.fetch(source) if width is None else width

    return program.run(fetch, simulated.n_paths)
