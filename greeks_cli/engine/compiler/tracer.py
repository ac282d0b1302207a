"""Tracer of NumPy calls: a calculation runs once on a few paths, and its calls become a program.

Chainer builds a graph by running it: Python decides, node by node, what to compute. The decisions are the same for
every block of paths; only the NumPy calls beneath them matter. Traced arrays note each call that they take part in,
by NumPy's own protocols (NEP 13, NEP 18).
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from greeks_cli.engine.compiler.builder import Builder, Noted, Parts, Slot
from greeks_cli.engine.compiler.functions import as_type
from greeks_cli.engine.compiler.ir import ELEMENTWISE, Array, Name, Program, Shape, Source

_REDUCTIONS = {np.add: np.sum}
"""Functions that replace a ufunc's ``reduce``: other libraries' arrays take over functions and ufuncs alone."""
_OF_THE_SHAPE_ALONE = {np.ones_like, np.zeros_like, np.result_type, np.can_cast, np.shape, np.ndim}
_WITH_A_SHAPE = {np.broadcast_to, np.reshape}
"""Functions whose second argument is a shape."""


class Tracer:
    """Tracer of a calculation from sources that have few paths along their last axis.

    The last axis alone is taken for the paths, so the number of dates may equal the number of paths.
    """

    def __init__(self, n_paths: int):
        self._n_paths, self._row = n_paths, (n_paths,)
        self._sources: dict[Source, int] = {}
        self._calls: list[Noted] = []
        self._flat: set[int] = set()
        self._n_slots = 0

    def source(self, name: Source, sample: Any, is_flat: bool | None = None) -> Array:
        """A source as a traced array; ``sample`` has its shape and type.

        ``is_flat`` tells one number per path from one per date, where the shape does not.
        """
        if name not in self._sources:
            self._sources[name] = self._new_slot()
        return self._traced(np.array(sample), self._sources[name], is_flat=is_flat)

    def program(self, results: Mapping[Name, Array]) -> Program[Name]:
        """The program of some arrays of shape (n_paths,)."""
        builder = Builder()
        noted = {name: self._argument(array, True) for name, array in results.items()}
        slots = builder.replayed(self._sources, self._calls)
        found = {
            name: slots[one.number] if isinstance(one, Slot) else builder.constant(one) for name, one in noted.items()
        }
        return builder.program(found, frozenset(slots[slot] for slot in self._flat))

    def record(self, function: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]) -> int:
        """Notes a call. Returns the slot of its result."""
        elementwise = isinstance(function, np.ufunc) or function in ELEMENTWISE
        noted: list[Any] = []
        if function is np.take and not isinstance(arguments[0], _Traced):  # a table has no axis of paths
            noted, arguments = [np.array(arguments[0])], arguments[1:]
        for argument in arguments:
            if isinstance(argument, list | tuple) and any(isinstance(one, np.ndarray) for one in argument):
                noted.append(Parts([self._argument(one, elementwise) for one in argument]))
            else:
                noted.append(self._argument(argument, elementwise))
        if function in _WITH_A_SHAPE and self._n_paths == arguments[1][-1]:
            noted[1] = Shape((*arguments[1][:-1], None), function is np.broadcast_to)
        slot = self._new_slot()
        self._calls.append((function, tuple(noted), keywords, slot))
        return slot

    def record_elementwise(self, ufunc: np.ufunc, inputs: tuple[Any, ...]) -> int:
        """Notes a call of a ufunc. Returns the slot of its result."""
        slot = self._n_slots
        self._n_slots += 1
        self._calls.append((ufunc, tuple([self._argument(x, True) for x in inputs]), {}, slot))
        return slot

    def wrapped(self, result: Any, slot: int, is_view: bool = False) -> Any:
        """A result as a traced array, or a sequence of traced arrays."""
        if isinstance(result, list | tuple):
            parts = [self.record(operator.getitem, (Slot(slot), i), {}) for i in range(len(result))]
            return type(result)(self._traced(one, part, True) for one, part in zip(result, parts, strict=True))
        return self._traced(result, slot, is_view)

    def _traced(self, array: Array, slot: int, is_view: bool = False, is_flat: bool | None = None) -> Array:
        traced = np.asarray(array).view(_Traced)
        traced.tracer, traced.slot, traced.is_view = self, slot, is_view
        if is_flat or (is_flat is None and array.shape == self._row):
            self._flat.add(slot)
        return traced

    def _new_slot(self) -> int:
        self._n_slots += 1
        return self._n_slots - 1

    def _argument(self, value: Any, elementwise: bool) -> Any:
        """An argument as it is noted: a slot for a traced array, else a constant."""
        if isinstance(value, _Traced):
            return Slot(value.checked_slot())
        return self._constant_array(value, elementwise) if isinstance(value, np.ndarray) else value

    def _constant_array(self, array: Array, elementwise: bool) -> Any:
        """An untraced array as it is noted: one number replaces equal numbers on all paths, as NumPy broadcasts it.

        Raises TypeError where the paths differ.
        """
        if array.dtype.kind == "i" and not elementwise:
            return array.tolist()  # indices at which to split or take
        if array.ndim == 0 or array.shape[-1] != self._n_paths:
            return np.array(array)
        one = array[..., :1]
        if not ((array == one) | ((array != array) & (one != one))).all():
            raise TypeError("an array of one number per path got into a calculation beside the tracer")
        constant = np.array(one)
        return constant if elementwise else Slot(self.record(np.broadcast_to, (constant, array.shape), {}))


def elementwise(function: Callable[..., Any], x: Any) -> Any:
    """Calls an elementwise function that is no ufunc; the call is noted where x is traced.

    The result has the precision of x, and may be real where x is complex, or complex where x is real.
    """
    if not isinstance(x, _Traced):
        return function(x)
    found = np.asarray(function(_plain(x)))
    found = found.astype(x.dtype) if found.dtype.kind == x.dtype.kind else found
    return x.tracer.wrapped(found, x.tracer.record(function, (x,), {}))


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function of arrays that is none of NumPy's; the call is noted where one of them is traced."""
    tracer = _tracer_of(arguments)
    if tracer is None:
        return function(*arguments)
    return tracer.wrapped(function(*map(_plain, arguments)), tracer.record(function, arguments, {}), is_view=True)


def looked_up(table: Any, index: Any) -> Any:
    """The entries of a table at an index along its last axis; NumPy does not see that an index is traced."""
    if not isinstance(index, _Traced):
        return np.take(table, index, axis=-1)
    found = np.take(_plain(table), _plain(index), axis=-1)
    return index.tracer.wrapped(found, index.tracer.record(np.take, (table, index), {"axis": -1}))


class _Traced(np.ndarray[Any, np.dtype[Any]]):
    """An array that depends on the sources of a tracer."""

    tracer: Tracer
    slot: int | None = None
    is_view = False

    def checked_slot(self) -> int:
        """The slot. Raises TypeError for an array that NumPy made of a traced one without calling the tracer."""
        if self.slot is None:
            raise TypeError("an array was made of a traced one in a way that the tracer does not see")
        return self.slot

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        if out is None and not keywords and method == "__call__":
            return self._called(ufunc, inputs)
        function = ufunc if method == "__call__" else _reduction(ufunc, method)
        tracer = _tracer_of(inputs)
        target = out[0] if out and out[0] is not None else None
        if keywords:
            keywords = {
                name: value
                for name, value in keywords.items()
                if name == "axis" or (value is not None and not (name == "where" and value is True))
            }
        if tracer is None:
            raise TypeError("a traced array may not take the result of a calculation that is not traced")
        if target is None:
            result = function(*map(_plain, inputs), **keywords)
            factor = _times_one(result, *inputs) if function is np.multiply else None
            return tracer.wrapped(result, tracer.record(function, inputs, keywords) if factor is None else factor)
        slot = tracer.record(function, inputs, keywords)
        if not isinstance(target, _Traced) or target.is_view:
            raise TypeError("only a traced array that is no view can be changed in place")
        function(*map(_plain, inputs), out=_plain(target), **keywords)
        target.slot = slot
        return target

    @staticmethod
    def _called(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> Any:
        """An elementwise call without keywords, the most frequent kind."""
        tracer = _tracer_of(inputs)
        assert tracer is not None  # one of the inputs is traced
        result = ufunc(*[x.view(np.ndarray) if isinstance(x, _Traced) else x for x in inputs])
        slot = _times_one(result, *inputs) if ufunc is np.multiply else None
        if slot is None:
            slot = tracer.record_elementwise(ufunc, inputs)
        return tracer.wrapped(result, slot)

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        tracer = _tracer_of(arguments)
        if tracer is None or _tracer_of(keywords.values()) is not None:
            raise TypeError(f"a traced array may not be a named argument of {function.__name__}")
        plain = function(*map(_plain, arguments), **keywords)
        if function in _OF_THE_SHAPE_ALONE:
            return plain
        return tracer.wrapped(plain, tracer.record(function, arguments, keywords), is_view=True)

    def __getitem__(self, index: Any) -> Any:
        return self._method(operator.getitem, index)

    def reshape(self, *shape: Any, **keywords: Any) -> Any:
        return self._method(np.reshape, tuple(shape[0]) if isinstance(shape[0], list | tuple) else shape)

    def squeeze(self, axis: Any = None) -> Any:
        return self._method(np.squeeze, axis)

    def astype(self, dtype: Any, *args: Any, copy: Any = True, **keywords: Any) -> Any:
        return self if self.dtype == dtype and not copy else self._method(as_type, np.dtype(dtype))

    def _method(self, function: Callable[..., Any], argument: Any) -> Any:
        slot = self.tracer.record(function, (self, argument), {})
        return self.tracer.wrapped(function(_plain(self), argument), slot, is_view=True)


def _reduction(ufunc: np.ufunc, method: str) -> Callable[..., Any]:
    if method != "reduce" or ufunc not in _REDUCTIONS:
        raise TypeError(f"the tracer knows no {ufunc.__name__}.{method}")
    return _REDUCTIONS[ufunc]


def _times_one(product: Any, one: Any, other: Any) -> int | None:
    """The slot of a factor whose other factor is 1 on every path, else None; every gradient starts from 1."""
    for factor, rest in ((one, other), (other, one)):
        equal = isinstance(factor, _Traced) and (factor.shape, factor.dtype) == (product.shape, product.dtype)
        if equal and not isinstance(rest, _Traced) and np.all(np.asarray(rest) == 1):
            return factor.slot
    return None


def _tracer_of(arguments: Any) -> Tracer | None:
    for argument in arguments:
        if isinstance(argument, _Traced):
            argument.checked_slot()
            return argument.tracer
        if isinstance(argument, list | tuple) and (tracer := _tracer_of(argument)) is not None:
            return tracer
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, _Traced):
        return value.view(np.ndarray)
    return type(value)(map(_plain, value)) if isinstance(value, list | tuple) else value
