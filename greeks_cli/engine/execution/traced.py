"""A request's derivatives, differentiated once and recorded, in which some numbers are left open.

The widths of the kernels are, and the contract's parameters: so trades that differ in these alone share a recording.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.autodiff.softplus import MAX_ORDER, Kernel
from greeks_cli.engine.compiler.batching import many
from greeks_cli.engine.compiler.ir import Array, Program, Source, widened
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tape
from greeks_cli.engine.estimators.methods import Method, derivatives
from greeks_cli.engine.simulation.path_data import Scenario, Simulated
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype, Estimator

_WIDTH, _PARAMETER = "width", "parameter"
_KEPT = 32
"""Recordings that are remembered."""

Methods = Mapping[MultiIndex, tuple[Method, ...]]
"""Those that each Greek has a choice of."""
Widths = NDArray[np.float64]
"""Of kernels, by request, kink and order."""


class Recordings:
    """Programs of the derivatives of a request, one for every estimator that may be used."""

    def __init__(self, request: Request, methods: Methods):
        self._request = request
        self._methods = methods
        self._made: dict[Hashable, Program[MultiIndex]] = {}
        self._lock = RLock()
        self._n_rows = len(request.contract.dates) + request.contract.extra_normals
        self._tape = Tape(self._n_rows + 2)  # more than any payoff has rows
        self._dtype = type_of(request)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Request, Methods]]:
        return recordings_of, (self._request, self._methods)

    def _scenario(self) -> Scenario:
        """Made anew for each recording: its arrays, of as many paths as dates, are not to stay."""
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
        # Any of its methods serves: they differ in widths alone, which are left open.
        usable = {i: m for i, methods in self._methods.items() for m in methods if m.estimator is estimator}
        method, wanted = next(iter(usable.values())), tuple(usable)
        return self._once(("own", estimator), lambda: self._record(self._request.contract, method, wanted))

    def of_some(self, estimator: Estimator, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        """Those that are wanted, without what only the others need."""
        return self._once(("some", estimator, wanted), lambda: self.by(estimator).only(wanted))

    def of_choices(self, estimator: Estimator, n_requests: int) -> Program[MultiIndex]:
        """Those of them that may be estimated otherwise too, of so many requests at once.

        Raises Unlike where these must be estimated one by one.
        """
        choices = tuple(i for i in self.by(estimator).results if len(self._methods[i]) > 1)
        program = self.of_some(estimator, choices)
        if n_requests == 1:
            return program
        opened = [source for source in program.sources if source[0] in (_WIDTH, _PARAMETER)]
        return self._once(("many", estimator, n_requests), lambda: widened(program, opened, n_requests))

    def of_control(self, control: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        """Derivatives of a control variate on the same paths."""
        return self._once(("control", method.estimator, wanted), lambda: self._record(control, method, wanted))

    def _once(self, key: Hashable, make: Callable[[], Program[MultiIndex]]) -> Program[MultiIndex]:
        with self._lock:  # requests on several threads share a recording
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]

    def _record(self, contract: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        opened = Method(method.estimator, tuple(self._open(kink, kernel) for kink, kernel in enumerate(method.kernels)))
        with np.errstate(all="ignore"):  # nothing is estimated here
            found = derivatives(self._request, contract, self._scenario(), opened, wanted, self._values)
            recorded = self._tape.program({index: found[index] for index in wanted})
            return simplified(recorded, contract.always_defined)

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
    left_open = () if contract.decides_by_value else tuple(contract.values)
    structure = contract.but_for(left_open), left_open, request.market
    patterns = {id(method): pattern(method) for found in methods.values() for method in found}
    choices = tuple((index, tuple(patterns[id(method)] for method in found)) for index, found in methods.items())
    return _remembered(_Subject((structure, simulation.dtype, simulation.autodiff, choices), request, methods))


@lru_cache(_KEPT)
def _remembered(subject: _Subject) -> Recordings:
    return Recordings(subject.request, subject.methods)


def pattern(method: Method) -> Hashable:
    """All of a method but its widths."""
    kernels = ((tuple(map(bool, k.widths)), k.extrapolated, k.base) for k in method.kernels)
    return method.estimator, tuple(kernels)


def widths_of(methods: Sequence[Method]) -> Widths:
    """Those of methods that differ in them alone."""
    rows = [[kernel.widths for kernel in method.kernels] for method in methods]
    return np.array(rows, dtype=float).reshape(len(methods), -1, MAX_ORDER)


class OpenNumbers:
    """What recordings leave open, of requests that differ in it alone."""

    def __init__(self, requests: Sequence[Request]):
        self._requests = requests
        self._dtype = type_of(requests[0])
        self._parameters: dict[str, Any] = {}

    def at(self, widths: Widths) -> Callable[[Source], Any]:
        """What a source stands for: a number or ``many``, and None for those that are arrays of a block."""

        def number(source: Source) -> Any:
            match source:
                case (name, kink, order) if name == _WIDTH:
                    return many(widths[:, kink, order].astype(self._dtype))
                case (name, parameter) if name == _PARAMETER:
                    return self._parameter(parameter)
            return None

        return number

    def _parameter(self, name: str) -> Any:
        if name not in self._parameters:
            values = np.array([request.contract.values[name] for request in self._requests], dtype=float)
            self._parameters[name] = many(values.astype(self._dtype))
        return self._parameters[name]


def type_of(request: Request) -> type[np.floating]:
    return np.float64 if request.simulation.dtype is Dtype.FLOAT64 else np.float32
