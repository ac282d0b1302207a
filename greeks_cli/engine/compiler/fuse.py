"""Fusion of a program's elementwise calls into a few kernels, for devices on which every call is a pass over memory."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic

import numpy as np

from greeks_cli.engine.compiler.functions import as_type
from greeks_cli.engine.compiler.ir import Call, Name, Program

_WRITTEN: dict[Callable[..., Any], str] = {
    np.add: "{} + {}",
    np.subtract: "{} - {}",
    np.multiply: "{} * {}",
    np.divide: "{} / {}",
    np.negative: "-{}",
    np.square: "{0} * {0}",
    np.absolute: "fabs({})",
    np.exp: "exp({})",
    np.log: "log({})",
    np.log1p: "log1p({})",
    np.sqrt: "sqrt({})",
    np.copysign: "copysign({}, {})",
    np.maximum: "larger({}, {})",
    np.greater: "T({} > {})",
    as_type: "{}",
}
"""Calls in C++, for numbers of the type T."""
PREAMBLE = "template <typename T> __device__ T larger(T a, T b) { return a > b || a != a ? a : b; }"
"""Maximum that keeps a NaN; C's fmax drops it."""
_MOST_PARAMETERS = 64
"""Inputs and outputs of one kernel: CUDA before 12.1 takes 4 KiB of arguments, and CuPy passes 32 bytes for each."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Kernel in C++ for one number of each input: one statement a line, such as ``T v9 = v3 * v7;``."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    lines: tuple[str, ...]


Make = Callable[[Kernel], Callable[..., tuple[Any, ...]]]
"""Compiles a kernel to a function of arrays of the same shape that returns its outputs."""


def fused(program: Program[Name], dtype: type[np.floating], make: Make) -> Program[Name]:
    """The program with elementwise calls on one number per path fused into kernels, each as large as possible."""
    return _Fusion(program, np.dtype(dtype), make).program()


class _Fusion(Generic[Name]):
    def __init__(self, program: Program[Name], dtype: np.dtype[Any], make: Make):
        self._whole, self._dtype, self._make = program, dtype, make
        self._constants, self._n_slots = dict(program.constants), program.n_slots
        self._results = set(program.results.values())
        # A kernel reads an array of paths: calls on constants alone are no part of one.
        scalars = set(program.constants)
        for call in program.calls:
            if scalars.issuperset(call.inputs):
                scalars.add(call.result)
        self._flat = program.flat - scalars

    def program(self) -> Program[Name]:
        calls = tuple(self._calls())
        longer = replace(self._whole, n_slots=self._n_slots, constants=self._constants, calls=calls)
        return longer.only(self._whole.results)

    def _calls(self) -> Iterator[Call]:
        available = {*self._whole.constants, *self._whole.sources.values()}
        left = list(self._whole.calls)
        while left:
            ready = [call for call in left if not self._fits(call) and available.issuperset(call.inputs)]
            yield from ready
            available.update(call.result for call in ready)
            group = self._group(left, available)
            available.update(call.result for call in group)
            left = [call for call in left if call.result not in available]
            yield from self._fused(group, left) if group else ()

    def _fits(self, call: Call) -> bool:
        """True if a call is elementwise, on finite numbers and arrays of one number per path."""
        if call.function not in _WRITTEN or call.keywords or call.result not in self._flat:
            return False
        if call.function is as_type:
            return bool(self._constants[call.arguments[1]] == self._dtype)
        return all(
            _is_number(self._constants[slot]) if slot in self._constants else slot in self._flat for slot in call.inputs
        )

    def _group(self, left: list[Call], available: set[int]) -> list[Call]:
        """The calls whose inputs are available, at most as many as a kernel has parameters for."""
        computed, group = set(available), []
        for call in left:
            if self._fits(call) and computed.issuperset(call.inputs):
                group.append(call)
                computed.add(call.result)
        while sum(map(len, self._parameters(group, left))) > _MOST_PARAMETERS:
            group = group[: len(group) // 2]
        return group

    def _parameters(self, group: list[Call], left: list[Call]) -> tuple[list[int], list[int]]:
        """Slots of the arrays that a group reads, and slots of the group that are results or that later calls read."""
        made = {call.result for call in group}
        read = {slot for call in left if call.result not in made for slot in call.inputs} | self._results
        operands = dict.fromkeys(slot for call in group for slot in self._operands(call))
        inputs = [slot for slot in operands if slot not in made and slot not in self._constants]
        return inputs, [call.result for call in group if call.result in read]

    def _fused(self, group: list[Call], later: list[Call]) -> Iterator[Call]:
        arrays, outputs = self._parameters(group, later)
        lines = [f"T v{call.result} = {self._line(call)};" for call in group]
        lines += [f"out{slot} = v{slot};" for slot in outputs]
        kernel = Kernel(tuple(f"v{slot}" for slot in arrays), tuple(f"out{slot}" for slot in outputs), tuple(lines))
        together = self._slot()
        yield Call(self._make(kernel), tuple(arrays), {}, together)
        for number, slot in enumerate(outputs):
            yield Call(operator.getitem, (together, self._slot(number)), {}, slot)

    def _operands(self, call: Call) -> tuple[Any, ...]:
        return call.arguments[:1] if call.function is as_type else call.arguments

    def _line(self, call: Call) -> str:
        return _WRITTEN[call.function].format(*(self._operand(slot) for slot in self._operands(call)))

    def _operand(self, slot: int) -> str:
        return f"T({float(np.asarray(self._constants[slot]).item())!r})" if slot in self._constants else f"v{slot}"

    def _slot(self, *constant: Any) -> int:
        self._n_slots += 1
        if constant:
            (self._constants[self._n_slots - 1],) = constant
        return self._n_slots - 1


def _is_number(value: Any) -> bool:
    one = isinstance(value, int | float | np.floating) or (isinstance(value, np.ndarray) and value.shape == (1,))
    return one and bool(np.isfinite(value))
