"""Elementary functions of numbers and paths: NumPy's, or those of the executor that computes a run.

NumPy's exp, log, log1p, sin, cos and power round differently by the width of a processor's vectors. An executor whose
numbers are the same on every processor puts its own functions in their place, in programs and where numbers are folded.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from types import MappingProxyType
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")
Functions = Mapping[Any, Callable[..., Any]]
"""Functions in place of NumPy's."""
_NUMPYS: Final[Functions] = MappingProxyType({})
_IN_PLACE: ContextVar[Functions] = ContextVar("elementary functions", default=_NUMPYS)


@contextmanager
def in_place(functions: Functions) -> Iterator[None]:
    """Puts functions in place of NumPy's, in this thread."""
    token = _IN_PLACE.set(functions)
    try:
        yield
    finally:
        _IN_PLACE.reset(token)


def are_own() -> bool:
    """True if an executor computes by functions of its own in this thread."""
    return bool(_IN_PLACE.get())


def carried(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with the elementary functions of this thread, to be called in another one."""
    functions = _IN_PLACE.get()

    def called(*arguments: Any) -> Any:
        with in_place(functions):
            return function(*arguments)

    return called


def kept(most: int | None) -> Callable[[Callable[Parameters, Answer]], Callable[Parameters, Answer]]:
    """The cache of a function whose numbers come of elementary functions: each executor has answers of its own.

    ``most`` answers are kept, all for None.
    """

    def decorated(function: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
        @lru_cache(most)
        def of_executor(_: bool, *arguments: Parameters.args, **keywords: Parameters.kwargs) -> Answer:
            return function(*arguments, **keywords)

        @wraps(function)
        def called(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Answer:
            return of_executor(are_own(), *arguments, **keywords)  # type: ignore[arg-type]  # all are hashable

        return called

    return decorated


def _by_executor(function: np.ufunc) -> Callable[..., Any]:
    @wraps(function)
    def called(*arguments: Any, **keywords: Any) -> Any:
        return _IN_PLACE.get().get(function, function)(*arguments, **keywords)

    called.__module__ = __name__  # programs travel to workers of a cluster by the place of their functions
    return called


exp, log, log1p = (_by_executor(one) for one in (np.exp, np.log, np.log1p))
sin, cos, power = (_by_executor(one) for one in (np.sin, np.cos, np.power))
EVALUATED: Final[Functions] = {np.exp: exp, np.log: log, np.log1p: log1p, np.sin: sin, np.cos: cos, np.power: power}
"""Functions of a program, as the executor of a call computes them, where these are not NumPy's."""
