"""Open numbers: a trace of one gives, to the bit, what Chainer computes with the number itself."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.open_number import OpenNumber
from greeks_cli.engine.compiler.tracer import Tracer

ROW = np.array([0.7, 1.3, 2.9])
OPERATIONS = {
    "sums": lambda x, number: number + x + number - (number - x) + (x - number),
    "products": lambda x, number: x * number * (number * x),
    "quotients": lambda x, number: x / number + number / x,
    "numbers": lambda x, number: x * (2 * number + 1) / (1 / number + number * number) + (-number),
    "functions": lambda x, number: x * ops.log(number) + ops.exp(number),
}


@pytest.mark.parametrize("is_variable", [True, False], ids=["variable", "array"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", OPERATIONS)
def test_trace_of_an_open_number_serves_every_number(name, dtype, is_variable):
    tracer = Tracer(len(ROW))
    row, number = tracer.source("row", ROW.astype(dtype)), tracer.source("number", dtype(1))
    operand = chainer.Variable(row) if is_variable else row
    found = ops.values_of(OPERATIONS[name](operand, OpenNumber(number)))
    program = tracer.program({"result": found})
    for value in (0.1, 3.3):
        other = ROW.astype(dtype)
        expected = ops.values_of(OPERATIONS[name](chainer.Variable(other) if is_variable else other, value))
        ((_, result),) = program.run({"row": other, "number": value}.__getitem__, len(ROW))
        exact = is_variable or dtype is np.float64  # arrays of float32 meet numbers of float64 in a raw trace
        np.testing.assert_allclose(np.asarray(result, dtype), expected, rtol=0 if exact else 1e-6)


def test_derivative_passes_an_open_number():
    tracer = Tracer(3)
    x = chainer.Variable(tracer.source("row", ROW))
    (slope,) = chainer.grad([x * x * OpenNumber(tracer.source("number", 1.0))], [x], enable_double_backprop=True)
    program = tracer.program({"slope": slope.array})
    ((_, found),) = program.run({"row": ROW, "number": 1.7}.__getitem__, 3)
    np.testing.assert_array_equal(found, 2 * ROW * 1.7)
