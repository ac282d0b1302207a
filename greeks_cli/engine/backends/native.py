"""Machine code of LLVM modules by llvmlite, which no other module imports; code lives in the memory of the process."""

import ctypes
import platform
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

Function = Callable[..., None]
_NEEDED = ("avx2", "fma")
"""Features of an x86-64 processor on which a fused multiplication and addition is one operation."""
_KEPT: list[Any] = []
"""Engines, which own the code; code is kept until the process ends."""


class Compiler:
    """LLVM's compiler for a processor: the machine's own, or one with fewer features."""

    def __init__(self, cpu: str | None = None):
        """``cpu`` is LLVM's name of a kind of processors, by default the machine's own kind."""
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self._llvm = llvm
        features = "" if cpu else llvm.get_host_cpu_features().flatten()
        target = llvm.Target.from_default_triple()
        # An engine owns its machine; one for all modules takes half of the memory of one for each.
        machine = target.create_target_machine(cpu=cpu or llvm.get_host_cpu_name(), features=features, opt=2, jit=True)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
        self._numbers = count()
        _KEPT.append(self._engine)

    def function(self, text: str, name: str, n_arguments: int) -> Function:
        """The function of a module; its arguments are pointers or integers of 64 bits."""
        module = self._llvm.parse_assembly(text)
        own_name = f"{name}{next(self._numbers)}"
        module.get_function(name).name = own_name
        self._engine.add_module(module)
        self._engine.finalize_object()
        address = self._engine.get_function_address(own_name)
        self._engine.remove_module(module)  # its text takes more memory than its code
        module.close()
        return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * n_arguments)(address)


@cache
def why_not() -> str | None:
    """The reason why there is no compiled code on this machine, with the remedy; None where there is."""
    try:
        import llvmlite.binding as llvm
    except ImportError:
        return "needs llvmlite; run: uv sync --extra jit, or pip install '.[jit]'"
    if platform.machine().lower() in ("x86_64", "amd64"):
        features = llvm.get_host_cpu_features()
        if missing := [name for name in _NEEDED if not features.get(name)]:
            return f"needs a processor with {' and '.join(missing)} (x86-64-v3)"
    return None


@cache
def compiler() -> Compiler:
    """The compiler for the machine's own processor."""
    return Compiler()
