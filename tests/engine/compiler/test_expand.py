"""Expansion: calls become operations on the numbers of one path, equal ones once, or are refused."""

import operator

import numpy as np
import pytest

from greeks_cli.engine.compiler.expand import MOST_ROWS, Expansion
from greeks_cli.engine.compiler.ir import Call, Shape
from greeks_cli.engine.compiler.operations import LOAD, Unfit


def expansion(shape=(3, 50), n_trades=1):
    found = Expansion(n_trades)
    found.load(0, np.ones(shape))
    found.give(1, 2.0)
    return found


def call(found, function, *arguments, **keywords):
    found.call(Call(function, arguments, keywords, 9))
    return found.values[9]


def test_an_operation_on_dates_is_one_for_each_date_and_equal_ones_are_one():
    found = expansion()
    assert call(found, np.multiply, 0, 1).shape == (3, 1)
    count = len(found.graph.nodes)
    call(found, np.multiply, 0, 1)
    assert len(found.graph.nodes) == count == 8  # three rows, a number and the number as float64, three products


def test_slices_move_numbers_without_an_operation():
    found = expansion()
    found.give(2, 1)
    row = call(found, operator.getitem, 0, 2)
    assert [node.operation for node in row] == [LOAD]
    assert row[0].place == 1


def test_padding_is_of_zeros_that_no_sum_adds():
    found = expansion()
    found.give(2, ((1, 0), (0, 0)))
    padded = call(found, np.pad, 0, 2)
    found.values[3], found.values[4] = padded, padded[::-1]
    total = call(found, np.add, 3, 4)
    assert total[0, 0] is padded[3, 0]


@pytest.mark.parametrize(
    ("function", "keywords"),
    [(np.sum, {"axis": 1}), (np.sum, {}), (np.cumsum, {"axis": -1}), (np.sort, {"axis": 0}), (np.tan, {})],
)
def test_calls_across_paths_and_unknown_ones_are_refused(function, keywords):
    with pytest.raises(Unfit):
        call(expansion(), function, 0, **keywords)


def test_a_sum_over_one_row_of_paths_is_refused():
    with pytest.raises(Unfit):
        call(expansion((50,)), np.sum, 0, axis=0)


def test_arrays_of_several_underlyings_on_many_dates_are_refused():
    with pytest.raises(Unfit):
        Expansion(1).load(0, np.ones((2, MOST_ROWS + 1, 50)))


def test_an_array_of_many_dates_is_one_operation_on_each():
    found = expansion((MOST_ROWS + 1, 50))
    product = call(found, np.multiply, 0, 1)
    assert (product.count, product.operation) == (MOST_ROWS + 1, np.multiply)
    assert len(found.graph.nodes) == 4  # the rows, a number, the number as float64, products


def test_few_rows_of_many_are_read_one_by_one():
    found = expansion((MOST_ROWS + 1, 50))
    found.give(2, slice(4, 0, -2))
    rows = call(found, operator.getitem, 0, 2)
    assert [found.graph.rows[node.place] for node in rows[:, 0]] == [(0, 4, 0), (0, 2, 0)]


def test_numbers_take_the_type_of_arrays_as_numpy_promotes_them():
    found = Expansion(1)
    found.load(0, np.ones(50, np.float32))
    found.give(1, 2.0)
    found.give(2, np.float64(2.0))
    assert call(found, np.multiply, 0, 1)[0].kind == "float32"
    assert call(found, np.multiply, 0, 2)[0].kind == "float64"


def test_a_number_broadcast_over_the_paths_has_numpys_type():
    found = Expansion(1)
    found.load(0, np.ones((3, 50), np.float32))
    found.give(1, 2.0)
    found.give(2, Shape((None,)))
    product = call(found, np.multiply, 0, 1)
    assert {node.kind for node in product.ravel()} == {"float32"}
    found.values[3] = call(found, np.broadcast_to, 1, 2)
    assert [node.kind for node in call(found, np.multiply, 0, 3).ravel()] == ["float64"] * 3
