"""The builder gives equal calls and equal constants one slot, and folds calls of constants."""

import numpy as np
import pytest

from greeks_cli.engine.compiler.batching import per_trade
from greeks_cli.engine.compiler.builder import Builder


def test_equal_calls_have_one_slot():
    builder = Builder()
    x = builder.source("x")
    assert builder.call(np.exp, (x,), {}) == builder.call(np.exp, (x,), {})
    assert builder.call(np.sum, (x,), {"axis": 0}) == builder.call(np.sum, (x,), {"axis": 0})
    assert builder.call(np.sum, (x,), {"axis": 0}) != builder.call(np.sum, (x,), {"axis": 1})


def test_equal_sources_have_one_slot():
    builder = Builder()
    assert builder.source(("growth", 1)) == builder.source(("growth", 1)) != builder.source(("growth", 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 2.0),
        (1, 1.0),
        (0.0, -0.0),
        (np.array([1.0]), np.array([1.0], np.float32)),
        (np.array([1.0]), np.array([[1.0]])),
        (np.array([1.0, 2.0]), per_trade([1.0, 2.0])),
    ],
    ids=["values", "types", "signs of zero", "dtypes", "shapes", "an array and a number per trade"],
)
def test_constants_share_a_slot_only_where_equal_to_the_bit(one, other):
    builder = Builder()
    assert builder.constant(one) == builder.constant(one)
    assert builder.constant(one) != builder.constant(other)


def test_call_of_constants_becomes_a_constant():
    builder = Builder()
    slot = builder.call(np.multiply, (builder.constant(2.0), builder.constant(3.0)), {})
    assert builder.constants[slot] == 6.0
    program = builder.program({"six": slot})
    assert not program.calls
    assert dict(program.run(lambda source: None, 1)) == {"six": 6.0}


def test_call_of_numbers_per_trade_becomes_a_constant_per_trade():
    builder = Builder()
    slot = builder.call(np.multiply, (builder.constant(per_trade([2.0, 3.0])), builder.constant(3.0)), {})
    assert builder.constants[slot].values.tolist() == [6.0, 9.0]


def test_program_leaves_out_calls_that_no_result_needs():
    builder = Builder()
    x = builder.source("x")
    builder.call(np.sin, (x,), {})
    program = builder.program({"found": builder.call(np.exp, (x,), {})})
    assert [call.function for call in program.calls] == [np.exp]
