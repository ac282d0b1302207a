"""Bodies with loops over rows: random programs on many dates agree with NumPy's, in kernels without NumPy's calls."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST, SlicedSums, Stack
from greeks_cli.engine.backends.body_text import BodyText
from greeks_cli.engine.backends.compiled import Compiled
from greeks_cli.engine.backends.launch import Launch
from greeks_cli.engine.backends.operation_text import Text
from greeks_cli.engine.backends.sections import Sections
from greeks_cli.engine.compiler.operations import Graph
from greeks_cli.engine.compiler.row_loops import total
from tests.engine.backends.random_programs import Dated


def inputs(n_dates, n_paths, dtype=float):
    draw = np.random.default_rng(n_paths)
    arrays = {name: draw.normal(size=(n_dates, n_paths)).astype(dtype) for name in ("dates", "others")}
    return {**arrays, "x": draw.normal(size=n_paths).astype(dtype)}


@pytest.mark.parametrize("n_paths", [8, 1003])
@pytest.mark.parametrize("n_dates", [33, 60])
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_on_dates_agree_with_numpy_and_leave_it_no_call(seed, n_dates, n_paths):
    program, arrays, executor = Dated(seed, n_dates).program(), inputs(n_dates, n_paths), Compiled()
    expected = dict(HOST.results(program, arrays.__getitem__, n_paths, np.float64))
    found = dict(executor.results(program, arrays.__getitem__, n_paths, np.float64))
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        np.testing.assert_allclose(found[name], rows, rtol=1e-12, atol=1e-12)
    (_, segments) = next(iter(executor._of_structures.values()))
    assert {type(step) for step in segments._found} == {Launch}


def test_float32_stays_float32_in_loops():
    program, arrays = Dated(3, 40).program(), inputs(40, 100, np.float32)
    expected = dict(HOST.results(program, arrays.__getitem__, 100, np.float32))
    for name, rows in Compiled().results(program, arrays.__getitem__, 100, np.float32):
        assert rows.dtype == expected[name].dtype
        np.testing.assert_allclose(rows, expected[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_paths", [1024, 5001])
def test_sums_of_results_are_those_of_their_rows(n_paths):
    program, arrays = Dated(5, 40).program(), inputs(40, n_paths)
    program = program.only(name for name in program.results if name < len(program.results) - 3)
    expected = dict(HOST.results(program, arrays.__getitem__, n_paths, np.float64))
    wanted = Stack(1, frozenset(program.results))
    for name, sums in Compiled().results(program, arrays.__getitem__, n_paths, np.float64, wanted):
        assert isinstance(sums, SlicedSums)
        mean = sums.centres[0] + sums.deviations[0].sum() / n_paths
        assert mean == pytest.approx(expected[name].mean(), rel=1e-11, abs=1e-12)


def test_a_loop_is_one_block_that_ends_after_its_rows():
    graph = Graph()
    rows = graph.load(0, 0, "float64", 50, 1)
    nodes = total(graph, np.add, graph.call(np.exp, (rows,)))
    sections, text = Sections(graph.nodes, [nodes]), Text()
    BodyText(text, sections, (nodes,), {}, "paths").print()
    lines = "\n".join(text.lines)
    assert lines.count("rows0:") == lines.count("after0:") == 1
    assert "icmp slt i64 %d0_next, 50" in lines
    assert sections.n_scratch == 0
