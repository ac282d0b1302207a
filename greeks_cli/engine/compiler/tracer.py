"""A calculation recorded once, to be repeated on the arrays of every block.

Chainer builds a graph by running it: Python decides, node by node, what to compute. For every block the
decisions are the same, and only the NumPy calls beneath them matter. A tape hands out arrays that note each
call they take part in, whoever makes it; a program is what remains of these calls once equal ones are one
and those that no result needs are gone. It draws nothing, decides nothing and needs no Chainer.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.ir import Array, Assembly, Name, Program, Shape, Source, as_type

_REDUCTIONS = {np.add: np.sum}
"""What stands for a ufunc's ``reduce``: other libraries' arrays take over functions and calls of ufuncs alone."""
_OF_THE_SHAPE_ALONE = {np.ones_like, np.zeros_like, np.result_type, np.can_cast, np.shape, np.ndim}


class Tape:
    """Records what is computed from its sources; their last axis is that of ``n_paths`` paths.

    No other axis may be as long, or shapes could not be told apart.
    """

    def __init__(self, n_paths: int):
        self._n_paths = n_paths
        self._assembly = Assembly()
        self._flat: set[int] = set()

    def source(self, name: Source, sample: Any) -> Array:
        """An array of any block, or a number; ``sample`` is its value while recording."""
        return self._traced(np.array(sample), self._assembly.source(name))

    def program(self, results: Mapping[Name, Array]) -> Program[Name]:
        """What it takes to compute some arrays of shape (n_paths,)."""
        return self._assembly.program(
            {name: self._slot(array) for name, array in results.items()}, frozenset(self._flat)
        )

    def record(self, function: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]) -> int:
        """Note a call; the slot of its result."""
        elementwise = isinstance(function, np.ufunc)
        slots = tuple(
            tuple(self._slot(one, elementwise) for one in argument)
            if isinstance(argument, list | tuple) and any(isinstance(one, np.ndarray) for one in argument)
            else self._slot(argument, elementwise)
            for argument in arguments
        )
        return self._assembly.call(function, slots, keywords)

    def wrapped(self, result: Any, slot: int, is_view: bool = False) -> Any:
        """A result as a traced array; every part of it where there are several."""
        if isinstance(result, list | tuple):
            parts = [self.record(operator.getitem, (_Slot(slot), i), {}) for i in range(len(result))]
            return type(result)(self._traced(one, part, True) for one, part in zip(result, parts, strict=True))
        return self._traced(result, slot, is_view)

    def _traced(self, array: Array, slot: int, is_view: bool = False) -> Array:
        traced = np.asarray(array).view(_Traced)
        traced.tape, traced.slot, traced.is_view = self, slot, is_view
        if array.shape == (self._n_paths,):
            self._flat.add(slot)
        return traced

    def _slot(self, value: Any, elementwise: bool = True) -> int:
        if isinstance(value, _Slot):
            return value.number
        if isinstance(value, _Traced):
            return value.checked_slot()
        if isinstance(value, np.ndarray):
            return self._constant_array(value, elementwise)
        if isinstance(value, list | tuple) and self._n_paths in value:
            value = Shape(tuple(None if length == self._n_paths else length for length in value))
        return self._assembly.constant(value)

    def _constant_array(self, array: Array, elementwise: bool) -> int:
        """Parameters are the same on every path: one number stands for all, as NumPy broadcasts it."""
        if array.dtype.kind == "i" and not elementwise:
            return self._assembly.constant(array.tolist())  # where to split or take: a word to the call, no data
        if array.ndim == 0 or array.shape[-1] != self._n_paths:
            return self._assembly.constant(np.array(array))
        one = array[..., :1]
        if not ((array == one) | ((array != array) & (one != one))).all():
            raise TypeError("an array of one number per path got into a calculation beside the tape")
        slot = self._assembly.constant(np.array(one))
        return slot if elementwise else self.record(np.broadcast_to, (_Slot(slot), array.shape), {})


@dataclass(frozen=True, slots=True)
class _Slot:
    number: int


class _Traced(np.ndarray[Any, np.dtype[Any]]):
    """An array that depends on the sources of a tape."""

    tape: Tape
    slot: int | None = None
    is_view = False

    def checked_slot(self) -> int:
        """Raises TypeError for what NumPy made of a traced array without telling."""
        if self.slot is None:
            raise TypeError("an array was made of a traced one in a way that the tape does not see")
        return self.slot

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        function = ufunc if method == "__call__" else _reduction(ufunc, method)
        tape = _tape_of(inputs)
        target = out[0] if out and out[0] is not None else None
        keywords = {
            name: value
            for name, value in keywords.items()
            if name == "axis" or (value is not None and not (name == "where" and value is True))
        }
        if tape is None:
            raise TypeError("a traced array may not take the result of a calculation that is not traced")
        if target is None:
            result = function(*map(_plain, inputs), **keywords)
            factor = _times_one(result, *inputs) if function is np.multiply else None
            return tape.wrapped(result, tape.record(function, inputs, keywords) if factor is None else factor)
        slot = tape.record(function, inputs, keywords)
        if not isinstance(target, _Traced) or target.is_view:
            raise TypeError("only a traced array of its own can be changed in place")
        function(*map(_plain, inputs), out=_plain(target), **keywords)
        target.slot = slot
        return target

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        tape = _tape_of(arguments)
        if tape is None or _tape_of(keywords.values()) is not None:
            raise TypeError(f"a traced array may not be a named argument of {function.__name__}")
        plain = function(*map(_plain, arguments), **keywords)
        if function in _OF_THE_SHAPE_ALONE:
            return plain
        return tape.wrapped(plain, tape.record(function, arguments, keywords), is_view=True)

    def __getitem__(self, index: Any) -> Any:
        return self._method(operator.getitem, index)

    def reshape(self, *shape: Any, **keywords: Any) -> Any:
        return self._method(np.reshape, tuple(shape[0]) if isinstance(shape[0], list | tuple) else shape)

    def squeeze(self, axis: Any = None) -> Any:
        return self._method(np.squeeze, axis)

    def astype(self, dtype: Any, *args: Any, copy: Any = True, **keywords: Any) -> Any:
        return self if self.dtype == dtype and not copy else self._method(as_type, np.dtype(dtype))

    def _method(self, function: Callable[..., Any], argument: Any) -> Any:
        slot = self.tape.record(function, (self, argument), {})
        return self.tape.wrapped(function(_plain(self), argument), slot, is_view=True)


def _reduction(ufunc: np.ufunc, method: str) -> Callable[..., Any]:
    if method != "reduce" or ufunc not in _REDUCTIONS:
        raise TypeError(f"the tape records no {ufunc.__name__}.{method}")
    return _REDUCTIONS[ufunc]


def _times_one(product: Any, one: Any, other: Any) -> int | None:
    """The slot of the factor that the product is, where the other is 1 on every path: gradients begin with that."""
    for factor, rest in ((one, other), (other, one)):
        alike = isinstance(factor, _Traced) and (factor.shape, factor.dtype) == (product.shape, product.dtype)
        if alike and not isinstance(rest, _Traced) and np.all(np.asarray(rest) == 1):
            return factor.slot
    return None


def _tape_of(arguments: Any) -> Tape | None:
    for argument in arguments:
        if isinstance(argument, _Traced):
            argument.checked_slot()
            return argument.tape
        if isinstance(argument, list | tuple) and (tape := _tape_of(argument)) is not None:
            return tape
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, _Traced):
        return value.view(np.ndarray)
    return type(value)(map(_plain, value)) if isinstance(value, list | tuple) else value
