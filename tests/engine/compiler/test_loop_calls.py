"""Calls on many rows: what they make of nodes, and calls that no loop over rows makes."""

import operator

import numpy as np
import pytest

from greeks_cli.engine.compiler import loop_calls
from greeks_cli.engine.compiler.expand import MOST_ROWS, Expansion
from greeks_cli.engine.compiler.functions import recurrence, rows_put
from greeks_cli.engine.compiler.ir import Call
from greeks_cli.engine.compiler.operations import AT, JOIN, RECURRENCE, SPREAD, VIEW, ZERO, Unfit

MANY = MOST_ROWS + 8


def expansion(*constants):
    """Slot 0 has many rows, slot 1 one; constants follow from slot 2 on."""
    found = Expansion(1)
    found.load(0, np.ones((MANY, 50)))
    found.load(1, np.ones(50))
    for slot, constant in enumerate(constants, 2):
        found.give(slot, constant)
    return found


def call(found, function, *arguments, **keywords):
    found.call(Call(function, arguments, keywords, 9))
    return found.values[9]


def test_every_function_of_rows_has_a_name():
    assert {operator.getitem, np.einsum, np.concatenate, np.split, recurrence} <= {*loop_calls._BY_NAME}


def test_the_last_sum_is_the_sum():
    row = call(expansion(), np.sum, 0, axis=(0,))
    assert (row[0].operation, row[0].place, row[0].count) == (AT, MANY - 1, 0)
    assert call(expansion(), np.sum, 0, axis=0, keepdims=True).shape == (1, 1)


def test_parts_of_a_split_that_are_joined_are_read_where_they_are():
    found = expansion([1], 0)
    first, later = call(found, np.split, 0, 2, 3)
    assert (first.shape, later.count) == ((1, 1), MANY - 1)
    found.values[7], found.values[8] = later, first
    joined = call(found, np.concatenate, (7, 8), 3)
    assert (joined.operation, joined.operands[0].operation, joined.count) == (VIEW, JOIN, MANY)
    found.values[7] = joined
    found.give(8, -1)
    assert call(found, operator.getitem, 7, 8)[0] is first[0, 0]


def test_one_row_on_many_dates_is_read_once():
    spread = call(expansion((MANY, 1)), np.broadcast_to, 1, 2)
    assert (spread.operation, spread.count) == (SPREAD, MANY)


def test_rows_put_among_zeros():
    found = expansion([3, 5], MANY)
    found.load(6, np.ones((2, 50)))
    rows = call(found, rows_put, 6, 2, 3)
    found.values[7] = rows
    found.give(8, 4)
    number = call(found, operator.getitem, 7, 8)[0]
    assert found.graph.constants[number.place][0] == ZERO


def test_a_recurrence_from_the_last_row_is_one_on_rows_in_reverse_order():
    found = expansion(True)
    rows = call(found, recurrence, 0, 0, 2)
    assert (rows.operation, rows.place) == (VIEW, (MANY - 1, -1))
    assert rows.operands[0].operation == RECURRENCE


@pytest.mark.parametrize(
    ("function", "arguments", "keywords", "constants"),
    [
        (np.sum, (0,), {"axis": 1}, ()),
        (np.sum, (0,), {}, ()),
        (np.cumsum, (0,), {"axis": 1}, ()),
        (np.sort, (0,), {"axis": 0}, ()),
        (np.concatenate, ((0, 0), 2), {}, (1,)),
        (np.split, (0, 2, 3), {}, ([5], 1)),
        (np.pad, (0, 2), {}, (((0, 0), (1, 0)),)),
        (np.einsum, (2, 0, 0), {}, ("tn,sn->n",)),
        (operator.getitem, (0, 2), {}, ((slice(None), 3),)),
        (np.reshape, (0, 2), {}, ((2, -1, 50),)),
        (np.tan, (0,), {}, ()),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_calls_across_paths_and_unknown_ones_are_refused(function, arguments, keywords, constants):
    with pytest.raises((Unfit, ValueError)):
        call(expansion(*constants), function, *arguments, **keywords)
