"""Traces of the derivatives of a request, cached by structure.

Chainer runs once per structure and estimator, and once per control variate, on a few paths. Every number of the market
and of the contract, and every width of a kernel, is a source of the trace.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import RLock
from typing import Any

import numpy as np

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.engine.autodiff.open_number import OpenNumber
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.compiler.ir import Name, Program
from greeks_cli.engine.compiler.parts import Part, together_by_template
from greeks_cli.engine.compiler.scaled import Factored
from greeks_cli.engine.compiler.simplify import Bind, Simplifier, simplified
from greeks_cli.engine.compiler.template import Templates
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.estimators.methods import Differentiation, Method
from greeks_cli.engine.execution.numbers import (
    NodeWeight,
    NodeWeightColumn,
    Numbers,
    OfPolicy,
    Parameter,
    Start,
    Time,
    TimeColumn,
    Value,
    Width,
    type_of,
)
from greeks_cli.engine.exercise.policy import policy_of
from greeks_cli.engine.payoffs.early.exercise import UpperBound
from greeks_cli.engine.payoffs.early.quantities import POLICY
from greeks_cli.engine.simulation.any_paths import any_paths
from greeks_cli.engine.simulation.cash_dividends import start_of
from greeks_cli.engine.simulation.models.conditional import integrates
from greeks_cli.engine.simulation.scenario import Scenario, Sourced
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.nodes import Nodes
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator

_TRACED_PATHS = 5
_KEPT, _KEPT_MARKETS = 64, 4
"""Traces that are kept, and markets for which a trace keeps its simplified programs."""

Methods = Mapping[MultiIndex, tuple[Method, ...]]
"""The methods that each Greek has a choice of."""


class Traced:
    """The programs of the derivatives of a structure, one for every pattern of a method that may be used."""

    def __init__(self, request: Request, methods: Methods):
        self._request, self._methods = request, methods
        self._made: dict[Hashable, Program[MultiIndex]] = {}
        self._markets: dict[Hashable, dict[Hashable, Program[MultiIndex]]] = {}
        self._templates = Templates()
        self._lock = RLock()
        self._dtype = type_of(request)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Request, Methods]]:
        return traced, (self._request, self._methods)

    def simplified(
        self, pattern: Hashable, numbers: Numbers, wanted: tuple[MultiIndex, ...] | None = None
    ) -> Program[MultiIndex]:
        """The program of the wanted derivatives, or of all that the pattern applies to, with its numbers folded.

        Raises Diverging where the trades need different programs.
        """

        def make() -> Program[MultiIndex]:
            return self._simplified(pattern, self.raw(pattern), numbers, self._request.contract.always_defined)

        whole = self._folded(numbers, pattern, make)
        if wanted is None:
            return whole
        return self._folded(numbers, (pattern, wanted), lambda: whole.only(wanted))

    def of_choices(self, pattern: Hashable, numbers: Numbers) -> Program[MultiIndex]:
        """The program of the derivatives that another method applies to as well."""
        choices = tuple(i for i in self._usable(pattern) if len(self._methods[i]) > 1)
        return self.simplified(pattern, numbers, choices)

    def of_control(
        self, control: Contract, method: Method, wanted: tuple[MultiIndex, ...], numbers: Numbers
    ) -> Program[MultiIndex]:
        """The program of derivatives of a control variate on the same paths."""

        key = "control", method.pattern, wanted

        def make() -> Program[MultiIndex]:
            return self._simplified(key, self.raw_control(control, method, wanted), numbers, control.always_defined)

        return self._folded(numbers, key, make)

    def raw(self, pattern: Hashable) -> Program[MultiIndex]:
        """The calls that Chainer makes for the derivatives that the pattern of a method applies to."""
        usable = self._usable(pattern)
        # Any of the methods serves: they differ in widths alone, which are open.
        method = next(iter(usable.values()))
        return self._once(pattern, self._request.contract, method, tuple(usable))

    def raw_control(self, control: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        """The calls that Chainer makes for derivatives of a control variate."""
        return self._once(("control", control.kind, method.pattern, wanted), control, method, wanted)

    def of_bound(self, numbers: Numbers) -> Program[MultiIndex]:
        """The program of the upper bound on the price of a contract that is exercised early."""

        def make() -> Program[MultiIndex]:
            bound = UpperBound(of=self._request.contract)
            raw = self.raw_control(bound, Method(Estimator.PATHWISE, ()), ((),))
            return self._simplified("upper bound", raw, numbers, True)

        return self._folded(numbers, "upper bound", make)

    def trace(self) -> None:
        """Traces the derivatives by every method; later calls of the other methods find the traces."""
        for pattern in dict.fromkeys(m.pattern for methods in self._methods.values() for m in methods):
            self.raw(pattern)

    def _usable(self, pattern: Hashable) -> dict[MultiIndex, Method]:
        return {i: m for i, methods in self._methods.items() for m in methods if m.pattern == pattern}

    def _once(
        self, key: Hashable, contract: Contract, method: Method, wanted: tuple[MultiIndex, ...]
    ) -> Program[MultiIndex]:
        with self._lock:  # requests on several threads share a trace
            if key not in self._made:
                self._made[key] = self._trace(contract, method, wanted)
            return self._made[key]

    def _folded(self, numbers: Numbers, key: Hashable, make: Callable[[], Program[MultiIndex]]) -> Program[MultiIndex]:
        """A program with folded numbers, kept for the last few markets."""
        if numbers.folded_key is None:
            if (self, key) not in numbers.programs:
                numbers.programs[self, key] = make()
            return numbers.programs[self, key]
        with self._lock:
            programs = self._markets.pop(numbers.folded_key, {})
            self._markets[numbers.folded_key] = programs  # the last one used is the last one dropped
            if len(self._markets) > _KEPT_MARKETS:
                del self._markets[next(iter(self._markets))]
            if key not in programs:
                programs[key] = make()
            return programs[key]

    def _simplified(
        self, key: Hashable, raw: Program[MultiIndex], numbers: Numbers, always_defined: bool
    ) -> Program[MultiIndex]:
        """A program with folded numbers, of which the calls are those of other markets where they can be."""
        if numbers.folded_key is None:
            return simplified(raw, numbers.folded, always_defined)

        def make(simplifier: Simplifier, bind: Bind) -> Factored[MultiIndex]:
            return Factored(simplifier.whole(raw, bind, always_defined), {})

        return self._templates.filled(key, numbers.folded, make).program

    def together(self, parts: Sequence[Part[MultiIndex, Name]]) -> Factored[Name]:
        """The simplified program of the parts of one trade."""
        with self._lock:
            return together_by_template(parts, self._templates)

    def _trace(self, contract: Contract, method: Method, wanted: tuple[MultiIndex, ...]) -> Program[MultiIndex]:
        """Runs Chainer on traced arrays. The samples of open numbers only choose among a contract's cases."""
        request = self._request
        tracer = Tracer(_TRACED_PATHS)
        live = {name for index in wanted for name in index}
        kernels = tuple(_open(tracer, k, kernel, self._dtype) for k, kernel in enumerate(method.all_kernels))
        n = len(method.kernels)
        opened = replace(method, kernels=kernels[:n], rest=kernels[n:])

        def value(name: str, number: float) -> Operand:
            return tracer.source(Value(name, rounded=name in live), self._dtype(number))

        values: dict[str, Operand] = dict(request.values)
        values |= {name: value(name, number) for name, number in request.market.values.items()}
        values |= {name: OpenNumber(value(name, number)) for name, number in request.contract.observed.items()}
        for name, number in request.contract.open_values.items():
            if request.contract.folds_parameters:
                values[name] = value(name, number)
            else:
                source = tracer.source(Parameter(name), self._dtype(number))
                values[name] = np.broadcast_to(source, (_TRACED_PATHS,))
        if request.contract.is_early:
            columns = policy_of(request).items()
            policy = {name: tracer.source(OfPolicy(name), column.astype(self._dtype)) for name, column in columns}
            values[POLICY] = policy
        scenarios = [
            scenario_of(request, part, _TRACED_PATHS, self._dtype, tracer.source) for part in range(len(request.parts))
        ]
        mixes = method.estimator is Estimator.MIXED or bool(method.first)
        for scenario in scenarios:
            scenario.differentiate_laws(method.estimator, mixes, wanted)
        parts = enumerate(request.parts)
        schedules = [_OpenSchedule(tracer, part, own.sole_market.nodes, self._dtype) for part, own in parts]
        with np.errstate(all="ignore"):  # nothing is estimated here
            paths = any_paths(scenarios, schedules)
            differentiation = Differentiation(request, contract, paths, values, _TRACED_PATHS, self._dtype)
            found = differentiation.derivatives(opened, wanted)
            return tracer.program({index: found[index] for index in wanted})


def scenario_of(request: Request, part: int, n_paths: int, dtype: type[np.floating], sourced: Sourced) -> Scenario:
    """The view of the paths of an underlying by its number."""
    own = request.parts[part]
    spot = sourced(Start(part, rounded=True), dtype(start_of(own, own.values)))
    unrounded = sourced(Start(part), dtype(1))
    if request.is_joint:
        from greeks_cli.engine.simulation.joint.scenario import PartScenario

        return PartScenario(request, part, n_paths, dtype, sourced, spot, unrounded)
    return Scenario(request, n_paths, dtype, sourced, spot, unrounded)


class _OpenSchedule:
    """The schedule of one underlying, whose numbers are sources."""

    def __init__(self, tracer: Tracer, part: int, nodes: Nodes, dtype: type[np.floating]):
        self.nodes, self._tracer, self._part, self._dtype = nodes, tracer, part, dtype

    def time(self, date: Dates) -> Operand:
        """The time of a date in years."""
        if isinstance(date, int):
            return self._tracer.source(Time(date, self._part), self._dtype(1))
        return self._tracer.source(TimeColumn(date.stop, self._part), np.ones((date.stop, 1), self._dtype))[
            date.start :
        ]

    def weight(self, node: str, date: Dates) -> Operand:
        """The weight of a node in the integral from today to a date."""
        if isinstance(date, int):
            return self._tracer.source(NodeWeight(node, date, self._part), self._dtype(1))
        weights = self._tracer.source(
            NodeWeightColumn(node, date.stop, self._part), np.ones((date.stop, 1), self._dtype)
        )
        return weights[date.start :]


def _open(tracer: Tracer, kink: int, kernel: Kernel, dtype: type[np.floating]) -> Kernel:
    """A kernel whose widths are sources, but where they are 0; equal widths are one source."""
    first = (kernel.widths.index(width) for width in kernel.widths)
    widths: tuple[Any, ...] = tuple(
        tracer.source(Width(kink, order), dtype(1)) if width else 0.0
        for order, width in zip(first, kernel.widths, strict=True)
    )
    return replace(kernel, widths=widths)


@dataclass(frozen=True)
class _Subject:
    """A request and its methods as a key of the cache; two are equal where their ``key`` is."""

    key: Hashable
    request: Request = field(compare=False)
    methods: Methods = field(compare=False)


def traced(request: Request, methods: Methods) -> Traced:
    """The traces of a structure, from the cache where an earlier request has made them."""
    request = request.by_place
    simulation = request.simulation
    choices = tuple((index, tuple(method.pattern for method in found)) for index, found in methods.items())
    key = request.structure, integrates(request), simulation.dtype, simulation.autodiff, simulation.executor, choices
    return _kept(_Subject(key, request, methods))


@lru_cache(_KEPT)
def _kept(subject: _Subject) -> Traced:
    return Traced(subject.request, subject.methods)
