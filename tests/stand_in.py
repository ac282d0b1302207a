"""A stand-in for CuPy on NumPy's arrays, as strict as CuPy is, that counts transfers.

It has what CuPy 13 and 14 document of what is used here, by the same names and with the same arguments, and no more:
its arrays take over calls of ufuncs (not their methods) and the functions below, refuse to meet a NumPy array or to
become one, and leave the device only by ``get``. CuPy also reads a number off an array for ``float`` and ``bool``,
and waits for it; this refuses.
"""

import sys
import types

import numpy as np


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):  # noqa: N801  # CuPy's name
    """An array of the device; ``_values`` are what a GPU would hold."""

    def __init__(self, values):
        self._values = np.asarray(values)

    shape = property(lambda self: self._values.shape)
    ndim = property(lambda self: self._values.ndim)
    dtype = property(lambda self: self._values.dtype)

    def __array__(self, *args, **keywords):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def __float__(self):
        raise TypeError("a number is read off an array, and everything waits for it")

    __bool__ = __int__ = __index__ = __float__

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **keywords):
        if method != "__call__":
            return NotImplemented
        plain = [_values(one) for one in inputs]
        if not out:
            return ndarray(ufunc(*plain, **keywords))
        ufunc(*plain, out=out[0]._values, **keywords)
        return out[0]

    def __array_function__(self, function, types, arguments, keywords):
        ours = getattr(sys.modules[__name__], function.__name__, None)
        if ours is None or not set(types) <= {ndarray, np.ndarray}:
            return NotImplemented
        return ours(*arguments, **keywords)

    def __len__(self):
        return len(self._values)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        return ndarray(self._values[index])

    def __setitem__(self, index, value):
        self._values[index] = _values(value)

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        return self if not copy and self.dtype == dtype else ndarray(self._values.astype(dtype))

    def sum(self, axis=None, dtype=None, out=None, keepdims=False):
        return sum(self, axis, dtype, out, keepdims)

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        return ndarray(self._values.mean(axis, dtype, keepdims=keepdims))

    def reshape(self, *shape):
        return ndarray(self._values.reshape(*shape))

    def get(self):
        crossings.out.append(self._values.size)
        return self._values.copy()


def _values(value):
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return value._values if isinstance(value, ndarray) else value


class Crossings:
    """Sizes of the arrays that were moved to the device, and back."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.into, self.out = [], []


crossings = Crossings()


def asarray(a, dtype=None, order=None):
    if isinstance(a, ndarray):
        return a
    values = np.array(a, dtype)
    crossings.into.append(values.size)
    return ndarray(values)


def empty(shape, dtype=float, order="C"):
    return ndarray(np.full(shape, np.nan, dtype))


def ones(shape, dtype=float, order="C"):
    return ndarray(np.ones(shape, dtype))


def zeros_like(a, dtype=None, order="K", subok=None, shape=None):
    return ndarray(np.zeros_like(_values(a), dtype, shape=shape))


def broadcast_to(array, shape):
    return ndarray(np.broadcast_to(_on_device(array), shape))


def concatenate(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    return ndarray(np.concatenate([_on_device(one) for one in tup], axis, dtype=dtype, casting=casting))


def stack(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    return ndarray(np.stack([_on_device(one) for one in tup], axis))


def einsum(subscripts, *operands, dtype=None, optimize=False):
    return ndarray(np.einsum(subscripts, *map(_on_device, operands)))


def cumsum(a, axis=None, dtype=None, out=None):
    return ndarray(np.cumsum(_on_device(a), axis, dtype))


def pad(array, pad_width, mode="constant", **keywords):
    return ndarray(np.pad(_on_device(array), pad_width, mode, **keywords))


def reshape(a, newshape, order="C", *, copy=None):
    return ndarray(np.reshape(_on_device(a), newshape))


def split(ary, indices_or_sections, axis=0):
    return [ndarray(part) for part in np.split(_on_device(ary), indices_or_sections, axis)]


def squeeze(a, axis=None):
    return ndarray(np.squeeze(_on_device(a), axis))


def sum(a, axis=None, dtype=None, out=None, keepdims=False):
    return ndarray(np.sum(_on_device(a), axis, dtype, keepdims=keepdims))


def take(a, indices, axis=None, out=None):
    return ndarray(np.take(_on_device(a), _on_device(indices), axis))


def _on_device(array):
    """The values of an array that a function of CuPy's takes, which no number and no NumPy array is."""
    if not isinstance(array, ndarray):
        raise TypeError(f"Unsupported type {type(array)}")
    return array._values


class ElementwiseKernel:
    """Lines of C++ that are Python too, but for types and semicolons, on whole arrays of one type T."""

    def __init__(self, in_params, out_params, operation, name="kernel", *, preamble=""):
        (self._inputs, self._outputs) = (
            [_name_of(one) for one in parameters.split(", ")] for parameters in (in_params, out_params)
        )
        self._lines = [line.removeprefix("T ").removesuffix(";") for line in operation.splitlines()]

    def __call__(self, *arrays):
        values = dict(zip(self._inputs, map(_on_device, arrays), strict=True))
        (dtype,) = {value.dtype for value in values.values()}
        (shape,) = {value.shape for value in values.values()}
        for line in self._lines:
            name, text = line.split(" = ")
            values[name] = eval(text, {**_IN_CPP, "T": lambda x: np.asarray(x, dtype)}, values)
            assert values[name].dtype == dtype, line
        found = tuple(ndarray(np.broadcast_to(values[name], shape).copy()) for name in self._outputs)
        return found if len(found) > 1 else found[0]


_IN_CPP = {name: getattr(np, name) for name in ("exp", "log", "log1p", "sqrt", "fabs", "copysign")}
_IN_CPP["larger"] = np.maximum


def _name_of(parameter):
    kind, name = parameter.split()
    assert kind == "T"
    return name


class _RandomState:
    """Random numbers by seed; not cuRAND's, which has no copy on the host."""

    def __init__(self, seed=None, method=None):
        assert method == cuda.curand.CURAND_RNG_PSEUDO_PHILOX4_32_10
        assert 0 <= seed < 2**64
        self._generator = np.random.Generator(np.random.Philox(seed))

    def standard_normal(self, size=None, dtype=float):
        return ndarray(self._generator.standard_normal(size, dtype=np.dtype(dtype)))


class _Device:
    """One of those that there are, current for the length of a ``with``."""

    mem_info = (8 << 30, 16 << 30)

    def __init__(self, number):
        assert 0 <= number < cuda.runtime.getDeviceCount()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        return None


random = types.SimpleNamespace(RandomState=_RandomState)
cuda = types.SimpleNamespace(
    Device=_Device,
    curand=types.SimpleNamespace(CURAND_RNG_PSEUDO_PHILOX4_32_10=161),
    runtime=types.SimpleNamespace(getDeviceCount=lambda: 1),
)


def get_default_memory_pool():
    return types.SimpleNamespace(free_all_blocks=lambda: None)
