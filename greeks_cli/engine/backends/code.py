"""Machine code of kernels, compiled once per structure and process."""

from threading import RLock
from typing import Any

from greeks_cli.engine.backends import sfc64_text
from greeks_cli.engine.backends.llvm_text import Kernel, printed
from greeks_cli.engine.backends.native import Function, compiler
from greeks_cli.engine.compiler.operations import LOAD, Node

_CODE: dict[Any, Function] = {}
_LOCK = RLock()
_OF_KERNEL, _OF_NORMALS = 6, 4
"""The numbers of arguments."""


def function_of(kernel: Kernel) -> Function:
    """The code of a kernel: a function of the addresses that ``printed`` names."""
    key = kernel.structure
    with _LOCK:
        if key not in _CODE:
            _CODE[key] = compiler().function(printed(kernel), "kernel", _OF_KERNEL)
        return _CODE[key]


def elementary_of(function: Any, kind: str) -> Function:
    """The code of an elementary function of each number in a row, called as that of a kernel."""
    if (function, kind) not in _CODE:
        load = Node(0, LOAD, (), kind)
        result = Node(1, function, (load,), kind)
        _CODE[function, kind] = function_of(Kernel((load, result), (kind,), 0, (result,), ()))
    return _CODE[function, kind]


def normals_of(kind: str, bits: int) -> Function:
    """The code that draws normals: a function of addresses and a count, as ``sfc64_text`` prints it."""
    with _LOCK:
        if (kind, bits) not in _CODE:
            _CODE[kind, bits] = compiler().function(sfc64_text.printed(kind, bits), "fill", _OF_NORMALS)
        return _CODE[kind, bits]
