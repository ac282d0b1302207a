"""Numbers of steps: calls that no path changes are made once for each step, with the program's values."""

import numpy as np

from greeks_cli.engine.backends.step_numbers import StepNumbers
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.functions import log_of_number


def step():
    """(x + log(h)) times entries of a table that is scaled by h, and h itself."""
    builder = Builder()
    x, h = builder.source("x"), builder.source("h")
    table = builder.call(np.multiply, (builder.constant(np.arange(4.0)), h), {})
    entry = builder.call(np.take, (table, builder.constant(2)), {"axis": -1})
    moved = builder.call(np.add, (x, builder.call(log_of_number, (h,), {})), {})
    return builder.program({"product": builder.call(np.multiply, (moved, entry), {}), "h": h})


def test_calls_on_paths_are_left_and_others_have_a_row_for_each_step():
    numbers = StepNumbers(step(), ["h"], {"h": 0.5})
    assert [call.function for call in numbers.calls] == [np.add, np.multiply]
    rows = numbers.rows({"h": np.array([0.5, 2.0, 4.0])}, 3)
    columns = {tuple(column[:, 0]) for column in rows.values()}
    assert columns == {(0.5, 2.0, 4.0), tuple(map(log_of_number, (0.5, 2.0, 4.0))), (1.0, 4.0, 8.0)}
    assert {float(value) for value in numbers.samples.values()} == {0.5, float(np.log(0.5)), 1.0}


def test_a_table_of_a_step_is_one_row():
    builder = Builder()
    table = builder.call(np.multiply, (builder.constant(np.arange(6.0).reshape(2, 3)), builder.source("h")), {})
    found = builder.call(np.take, (table, builder.source("place")), {"axis": -1})
    numbers = StepNumbers(builder.program({"": found}), ["h"], {"h": 1.0})
    (rows,) = numbers.rows({"h": np.array([1.0, 10.0])}, 2).values()
    np.testing.assert_array_equal(rows, [np.arange(6.0), 10 * np.arange(6.0)])


def test_calls_on_constants_alone_have_equal_rows():
    builder = Builder()
    table = builder.call(np.broadcast_to, (builder.constant(np.arange(3.0)), builder.constant((2, 3))), {})
    found = builder.call(np.take, (table, builder.source("place")), {"axis": -1})
    (rows,) = StepNumbers(builder.program({"": found}), [], {}).rows({}, 4).values()
    np.testing.assert_array_equal(rows, [[0, 1, 2, 0, 1, 2]] * 4)
