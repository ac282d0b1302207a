"""Segments: as few kernels as fit, and NumPy's calls between them; normals drawn by printed code."""

import numpy as np
import pytest

from greeks_cli.engine.backends import sfc64_text
from greeks_cli.engine.backends.launch import Launch, kernel_of
from greeks_cli.engine.backends.llvm_text import printed
from greeks_cli.engine.backends.native import Compiler
from greeks_cli.engine.backends.operation_text import LANES
from greeks_cli.engine.backends.segments import Segments
from greeks_cli.engine.backends.ziggurat import BITS
from greeks_cli.engine.compiler import expand
from greeks_cli.engine.compiler.functions import normal_cdf
from greeks_cli.engine.compiler.ir import Call

X = np.linspace(-2, 2, 300)


def steps(*calls):
    segments = Segments(calls, frozenset({calls[-1].result}), frozenset(), 1)
    values = dict(segments.run({}, {0: X}, len(X)))
    return segments._found, values[calls[-1].result]


def test_a_call_that_is_numpys_stands_between_two_kernels():
    found, rows = steps(Call(np.square, (0,), {}, 1), Call(normal_cdf, (1,), {}, 2), Call(np.add, (2, 1), {}, 3))
    assert [type(step) for step in found] == [Launch, Call, Launch]
    np.testing.assert_allclose(rows, normal_cdf(X**2) + X**2, rtol=1e-15)


def test_long_programs_are_divided_into_kernels(monkeypatch):
    from greeks_cli.engine.backends import segments

    monkeypatch.setattr(segments, "MOST_NODES", 10)
    found, rows = steps(*(Call(np.add, (i, 0), {}, i + 1) for i in range(30)))
    assert len(found) > 2
    np.testing.assert_allclose(rows, 31 * X, rtol=1e-14)


def test_kernels_are_of_eight_lanes_and_nothing_is_contracted():
    graph = expand.Expansion(1)
    graph.load(0, X)
    graph.call(Call(np.multiply, (0, 0), {}, 1))
    graph.call(Call(np.add, (1, 0), {}, 2))
    graph.call(Call(np.exp, (2,), {}, 3))
    kernel, rows, constants = kernel_of(graph, list(graph.values[3]), [])
    text = printed(kernel)
    assert (rows, constants) == (((0, 0, 0),), ())
    assert f"<{LANES} x double>" in text
    assert "fmuladd" not in text
    for name in ("fast", "contract", "reassoc", "afn"):
        assert f" {name} " not in text


@pytest.mark.parametrize("cpu", [None, "x86-64-v3"])
@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 1001])
def test_words_are_those_of_numpys_sfc64(count, cpu):
    generator = np.random.SFC64(5)
    state = generator.state["state"]["state"].copy()
    expected = generator.random_raw((count + 1) // 2).view(np.int32)[:count].astype(float)
    out, units = np.empty(count), np.ones(1 << BITS)
    fill = Compiler(cpu).function(sfc64_text.printed("double", BITS), "fill", 4)
    fill(state.ctypes.data, units.ctypes.data, out.ctypes.data, count)
    assert np.array_equal(out, expected)
    assert np.array_equal(state, generator.state["state"]["state"])
