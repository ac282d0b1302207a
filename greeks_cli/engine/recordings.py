"""A request's derivatives, differentiated once and recorded, in which some numbers are left open.

The widths of the kernels are, and the contract's parameters: so trades that differ in these alone share a recording.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import RLock
from typing import Any

import numpy as np

from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.numbers import Operand
from greeks_cli.engine.program import Array, Program, Source
from greeks_cli.engine.scenario import Scenario, Simulated
from greeks_cli.engine.smoothing import Kernel
from greeks_cli.engine.tape import Tape
from greeks_cli.engine.valuation import Method, derivatives
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype, Estimator

_WIDTH, _PARAMETER = "width", "parameter"
_KEPT = 32
"""Recordings that are remembered."""

Methods = Mapping[MultiIndex, tuple[Method, ...]]
"""Those that each Greek has a choice of."""


class Recordings:
    """Programs of the derivatives of a request, one for every estimator that may be used."""

    def __init__(self, request: Request, methods: Methods):
        self._request = request
        self._methods = methods
        self._of: dict[Hashable, Program[MultiIndex]] = {}
        self._lock = RLock()  # requests on several threads share one
        self._n_rows = len(request.contract.dates) + request.contract.extra_normals
        self._tape = Tape(self._n_rows + 2)  # more than any payoff has rows
        self._dtype = _dtype(request)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Request, Methods]]:
        return recordings_of, (self._request, self._methods)

    @cached_property
    def _scenario(self) -> Scenario:
        shape = self._n_rows, self._n_rows + 2
        normals: Array = np.linspace(-1, 1, shape[0] * shape[1]).reshape(shape).astype(self._dtype)
        return Scenario.recorded(Simulated.of(self._request, normals), self._tape)

    @cached_property
    def _values(self) -> Mapping[str, Operand]:
        contract = self._request.contract
        left_open = {} if contract.decides_by_value else contract.values
        return self._request.values | {
            name: self._tape.source((_PARAMETER, name), self._dtype(value)) for name, value in left_open.items()
        }

    def by(self, estimator: Estimator) -> Program[MultiIndex]:
        """The derivatives that may be estimated so."""
        usable = {i: m for i, methods in self._methods.items() for m in methods if m.estimator is estimator}
        return self._recorded(self._request.contract, next(iter(usable.values())), tuple(usable))

    def of_choices(self, estimator: Estimator) -> Program[MultiIndex]:
        """Those of them that may be estimated otherwise too."""
        with self._lock:
            if ("choices", estimator) not in self._of:
                found = self.by(estimator)
                self._of["choices", estimator] = found.only(i for i in found.results if len(self._methods[i]) > 1)
            return self._of["choices", estimator]

    def of_control(self, control: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        """Derivatives of a control variate on the same paths."""
        return self._recorded(control, method, wanted)

    def _recorded(self, contract: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        key = type(contract), method.estimator, wanted
        with self._lock:
            if key not in self._of:
                self._of[key] = self._record(contract, method, wanted)
            return self._of[key]

    def _record(self, contract: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        opened = Method(method.estimator, tuple(self._open(kink, kernel) for kink, kernel in enumerate(method.kernels)))
        with np.errstate(all="ignore"):  # nothing is estimated here
            found = derivatives(self._request, contract, self._scenario, opened, wanted, self._values)
        return self._tape.program({index: found[index] for index in wanted})

    def _open(self, kink: int, kernel: Kernel) -> Kernel:
        widths: tuple[Any, ...] = tuple(
            self._tape.source((_WIDTH, kink, order), self._dtype(1)) if width else 0.0
            for order, width in enumerate(kernel.widths)
        )
        return Kernel(widths, kernel.extrapolated, kernel.base)


@dataclass(frozen=True)
class _Subject:
    """What is recorded; equal where the recording would be."""

    key: Hashable
    request: Request = field(compare=False)
    methods: Methods = field(compare=False)


def recordings_of(request: Request, methods: Methods) -> Recordings:
    """Those of the request, or of an earlier one that differs in open numbers alone."""
    contract, simulation = request.contract, request.simulation
    still = () if contract.decides_by_value else tuple(contract.values)
    structure = repr(contract.model_dump(exclude=set(still))), still, repr(request.market)
    choices = tuple((index, tuple(map(_pattern, found))) for index, found in methods.items())
    return _remembered(_Subject((structure, simulation.dtype, simulation.autodiff, choices), request, methods))


@lru_cache(_KEPT)
def _remembered(subject: _Subject) -> Recordings:
    return Recordings(subject.request, subject.methods)


def _pattern(method: Method) -> Hashable:
    """All of a method but its widths."""
    kernels = ((tuple(width > 0 for width in k.widths), k.extrapolated, k.base) for k in method.kernels)
    return method.estimator, tuple(kernels)


def bound(request: Request, method: Method) -> Callable[[Source], Any]:
    """The number that a source stands for; None for those that are arrays of a block."""
    dtype = _dtype(request)

    def number(source: Source) -> Any:
        match source:
            case (name, kink, order) if name == _WIDTH:
                return dtype(method.kernels[kink].widths[order])
            case (name, parameter) if name == _PARAMETER:
                return dtype(request.contract.values[parameter])
        return None

    return number


def _dtype(request: Request) -> type[np.floating]:
    return np.float64 if request.simulation.dtype is Dtype.FLOAT64 else np.float32


def run_with(
    program: Program[MultiIndex], bound: Callable[[Source], Any], simulated: Simulated
) -> dict[MultiIndex, Array]:
    """What a program makes of some paths, its open numbers bound."""

    def fetch(source: Source) -> Any:
        number = bound(source)
        return simulated.fetch(source) if number is None else number

    return dict(program.run(fetch, simulated.n_paths))
