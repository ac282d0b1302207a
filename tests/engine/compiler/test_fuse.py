"""Fused kernels in C++ give what NumPy gives: compiled for the processor, and by CUDA's compiler."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import ALONE, Host
from greeks_cli.engine.compiler.fuse import PREAMBLE, Kernel, fused
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.linker import Linked
from greeks_cli.engine.execution.programs import Programs
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE

CPP, NVCC = shutil.which("g++") or shutil.which("clang++"), shutil.which("nvcc")
OPTIONS = ["-O1", "-ffp-contract=off", "-shared", "-fPIC"]


def request_of(kind, **simulation):
    contract = {"kind": kind, **ON_ONE[kind].example}
    return build_request(contract, {"vol": 0.2}, {"paths": 3000, **simulation}, "delta,gamma,vega,theta,vanna,speed")


def source(kernel: Kernel, number: str) -> str:
    """One kernel as a function of pointers and a length, as CuPy makes one of it for a GPU."""
    parameters = [f"const T* p_{name}" for name in kernel.inputs] + [f"T* p_{name}" for name in kernel.outputs]
    loads = [f"const T {name} = p_{name}[i];" for name in kernel.inputs]
    stores = [f"T& {name} = p_{name}[i];" for name in kernel.outputs]
    body = "\n".join([*loads, *stores, *kernel.lines])
    return f"typedef {number} T;\n{PREAMBLE}\nLINKAGE run({', '.join(parameters)}, long n) {{\nLOOP {{\n{body}\n}} }}\n"


def compiler(folder):
    """Makes functions of arrays from kernels by a C++ compiler, and lists the kernels."""
    made = []

    def make(kernel):
        text = '#include <cmath>\nusing namespace std;\n#define __device__\n#define LINKAGE extern "C" void\n'
        text += "#define LOOP for (long i = 0; i < n; i++)\n" + source(kernel, "double")
        file = folder / f"k{len(made)}.cpp"
        file.write_text(text)
        subprocess.run([CPP, *OPTIONS, file, "-o", file.with_suffix(".so")], check=True, capture_output=True)
        function = ctypes.CDLL(str(file.with_suffix(".so"))).run
        made.append(kernel)

        def run(*arrays):
            inputs = [np.ascontiguousarray(array, np.float64) for array in arrays]
            outputs = [np.empty(inputs[0].shape) for _ in kernel.outputs]
            pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*inputs, *outputs)]
            function(*pointers, ctypes.c_long(len(inputs[0])))
            return tuple(outputs)

        return run

    return make, made


class Fused(Host):
    """The processor with kernels in place of elementwise calls."""

    def __init__(self, make):
        self._make = make

    def results(self, program, fetch, n_paths, dtype, stack=ALONE):
        return fused(program, dtype, self._make).run(fetch, n_paths)


@pytest.mark.skipif(not CPP, reason="no C++ compiler is installed")
@pytest.mark.parametrize("kind", ON_ONE)
def test_compiled_kernels_give_what_numpy_gives(kind, tmp_path):
    chosen = plan(request_of(kind))
    chunked = Linked(Programs([chosen])).chunked((True,))
    make, made = compiler(tmp_path)
    motion = Motion(chosen.request.contract.dates, chosen.blocks.normals(0))
    with np.errstate(all="ignore"):
        expected, found = dict(chunked.run(motion, Host())), dict(chunked.run(motion, Fused(make)))
    assert made
    for name, row in expected.items():
        # Some rows are 0 but for the rounding of prices of size 100.
        np.testing.assert_allclose(found[name], row, rtol=1e-11, atol=1e-12 * max(1, np.abs(row).max()))


@pytest.mark.skipif(not CPP, reason="no C++ compiler is installed")
def test_maximum_of_a_kernel_keeps_nan(tmp_path):
    make, _ = compiler(tmp_path)
    (largest,) = make(Kernel(("a", "b"), ("c",), ("c = larger(a, b);",)))(
        np.array([np.nan, 1.0, 2.0]), np.array([1.0, np.nan, 1.0])
    )
    np.testing.assert_array_equal(largest, [np.nan, np.nan, 2.0])


def kernels_of(kind, number, biased=True, **simulation):
    made = []
    program = Linked(Programs([plan(request_of(kind, **simulation))])).chunked((biased,)).common
    fused(program, number, lambda kernel: made.append(kernel) or (lambda *arrays: ()))
    return made


def test_european_is_one_kernel():
    (kernel,) = kernels_of("european", np.float64, biased=False)
    assert len(kernel.inputs) < 5 < len(kernel.outputs) < len(kernel.lines)


def test_kernels_of_a_book_have_at_most_64_parameters():
    plans = [plan(request_of("asian", seed=7)) for _ in range(3)] + [plan(request_of("european"))] * 2
    made = []
    program = Linked(Programs(plans)).chunked((True,) * 5).common
    fused(program, np.float64, lambda kernel: made.append(kernel) or (lambda *arrays: ()))
    assert len(made) > 1
    assert max(len(kernel.inputs) + len(kernel.outputs) for kernel in made) <= 64


@pytest.mark.skipif(not NVCC, reason="CUDA's compiler is not installed")
@pytest.mark.parametrize("number", ["double", "float"])
def test_cuda_compiles_the_kernels_of_all_contracts(number, tmp_path):
    dtype = {"double": "float64", "float": "float32"}[number]
    text = '#define LINKAGE extern "C" __global__ void\n#define LOOP long i = threadIdx.x; if (i < n)\n'
    for kind in ON_ONE:
        for place, kernel in enumerate(kernels_of(kind, np.dtype(dtype).type, dtype=dtype)):
            name = f"of_{kind}_{place}".replace("-", "_")
            text += f"namespace {name} {{\n{source(kernel, number).replace('run(', f'{name}(')}}}\n"
    (tmp_path / "all.cu").write_text(text)
    subprocess.run(
        [NVCC, "-ptx", "-Werror", "all-warnings", "-Xcudafe", "--diag_suppress=177", "all.cu"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "all.ptx").stat().st_size > 0
