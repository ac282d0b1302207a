"""Look-ups in tables: the entries of NumPy's take, in a compiled program, at counted places."""

import operator

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.backends.compiled import Compiled
from greeks_cli.engine.backends.launch import Launch
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.look_ups import counted
from greeks_cli.engine.compiler.operations import Graph, Unfit

BREAKS = np.linspace(-1, 1, 6)


@pytest.mark.parametrize("table", [np.arange(7.0) ** 2, np.arange(21.0).reshape(3, 7)], ids=["row", "columns"])
def test_entries_at_the_number_of_breaks_below_are_numpys(table):
    builder, x = Builder(), np.array([-9.0, 9.0, np.nan, *np.linspace(-1.2, 1.2, 30)])
    above = builder.call(np.greater, (builder.source("x"), builder.constant(BREAKS[:, None])), {})
    place = builder.call(np.sum, (above,), {"axis": 0, "dtype": np.int16})
    found = builder.call(np.take, (builder.constant(table), place), {"axis": -1})
    row = found if table.ndim == 1 else builder.call(operator.getitem, (found, builder.constant(1)), {})
    program, executor = builder.program({"": row}), Compiled()
    ((_, expected),) = HOST.results(program, {"x": x}.__getitem__, len(x), np.float64)
    ((_, ours),) = executor.results(program, {"x": x}.__getitem__, len(x), np.float64)
    np.testing.assert_array_equal(ours, expected)
    ((_, segments),) = executor._of_structures.values()
    assert [type(step) for step in segments._found] == [Launch]


def test_a_sum_of_numbers_is_no_count():
    graph = Graph()
    with pytest.raises(Unfit):
        counted(graph, np.array([[graph.load(0, 0, "float64")]], object))
