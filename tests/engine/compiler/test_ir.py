"""Programs: calls write over arrays that no later call reads, and over no others; unused calls are dropped."""

import math
from dataclasses import replace

import numpy as np
import pytest

from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.functions import exp_of_number, in_float32, log_of_number, normal_cdf
from greeks_cli.engine.compiler.ir import ROW, Shape, readers, small_buffers
from greeks_cli.engine.compiler.tracer import Tracer


def program(viewed):
    """x + 1, its double, and a sum of two: over a view of both rows of x + 1, or over copies."""
    builder = Builder()
    x = builder.source("x")
    one = builder.constant(1.0)
    more = builder.call(np.add, (x, one), {})
    both = builder.call(np.broadcast_to, (more, builder.constant(Shape((2, None)))), {}) if viewed else more
    double = builder.call(np.multiply, (more, builder.constant(2.0)), {})
    total = builder.call(np.add, (both, double), {})
    again = builder.call(np.square, (total,), {})
    found = builder.program({"double": double, "again": again})
    return replace(found, same_shape=frozenset({more, double, again} | (set() if viewed else {total})))


def written_over(program):
    """How many of its calls write over an array."""
    return sum("_written_over" in repr(function) for function, *_ in program._steps)


@pytest.mark.parametrize("viewed", [True, False])
def test_array_that_a_later_call_reads_is_not_written_over(viewed):
    x = np.arange(5.0)
    found = dict(program(viewed).run({"x": x}.__getitem__, 5))
    np.testing.assert_array_equal(x, np.arange(5.0))
    np.testing.assert_array_equal(found["double"], 2 * (x + 1))
    np.testing.assert_array_equal(np.broadcast_to(found["again"], (2, 5)), np.tile((3 * (x + 1)) ** 2, (2, 1)))


def test_sum_is_written_over_an_array_that_it_adds():
    assert written_over(program(False)) == 2  # the sum over x + 1, and its square over the sum


def test_numpy_has_its_buffer_size_back_after_a_failure():
    before = np.getbufsize()

    @small_buffers()
    def fails():
        assert np.getbufsize() < before
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert np.getbufsize() == before


def test_program_of_some_results_has_no_calls_or_sources_of_the_others():
    builder = Builder()
    x, y = builder.source("x"), builder.source("y")
    double, square = builder.call(np.multiply, (x, builder.constant(2.0)), {}), builder.call(np.square, (y,), {})
    whole = builder.program({"double": double, "square": square})
    only = whole.only(["square"])
    assert [call.function for call in only.calls] == [np.square]
    assert list(only.sources) == ["y"]
    assert not only.constants
    assert dict(only.run({"y": np.array([3.0])}.__getitem__, 1)) == {"square": np.array([9.0])}


def test_sources_and_constants_can_be_results():
    builder = Builder()
    found = builder.program({"x": builder.source("x"), "one": builder.constant(1.0)})
    assert dict(found.run(lambda source: 7.0, 3)) == {"x": 7.0, "one": 1.0}


def test_constants_of_a_run_replace_those_of_the_program():
    builder = Builder()
    factor = builder.constant(2.0)
    found = builder.program({"found": builder.call(np.multiply, (builder.source("x"), factor), {})})
    ((_, value),) = found.run(lambda source: 5.0, 1, {factor: 3.0})
    assert value == 15.0


def test_shape_has_the_number_of_paths_last():
    assert Shape((2, None)).of(7) == (2, 7)
    assert ROW.of(7) == (7,)


def reading(function, *more):
    builder = Builder()
    x, y = builder.source("x"), builder.source("y")
    one = builder.call(function, (x, *map(builder.constant, more)), {})
    other = builder.call(np.exp, (y,), {})
    return builder.program({"one": one, "other": other}), x, one, other


def test_readers_are_the_slots_that_depend_on_others():
    program, x, one, other = reading(np.square)
    assert readers(program, {x}) == (frozenset({x, one}), False)
    assert other not in readers(program, {x})[0]


def test_readers_tell_of_calls_that_are_not_elementwise():
    program, x, one, _ = reading(np.concatenate)
    found, crosses = readers(program, {x})
    assert one in found
    assert crosses


def test_functions_of_numbers_are_those_of_the_c_library():
    assert exp_of_number(0.3) == math.exp(0.3)
    assert log_of_number(0.3) == math.log(0.3)
    assert normal_cdf(-1.2) == 0.5 * math.erfc(1.2 * math.sqrt(0.5))
    assert in_float32(0.1) == float(np.float32(0.1))
    np.testing.assert_array_equal(exp_of_number(np.array([0.0, 0.3])), [1.0, math.exp(0.3)])
    with pytest.raises(ValueError, match=r"math domain error|expected a positive input"):
        log_of_number(-1.0)


@pytest.mark.parametrize("widths", [[(0, 3), (0, 0)], [(2, 1), (0, 0)], [(0, 0), (1, 4)]], ids=str)
def test_padding_by_zeros_is_numpys(widths):
    tracer = Tracer(5)
    x = tracer.source("x", np.ones((2, 5)))
    program = tracer.program({"found": np.pad(x * 2.0, widths).sum(axis=0)})
    array = np.random.default_rng(0).standard_normal((2, 5)).astype(np.float32)
    (found,) = (row for _, row in program.run(lambda source: array, 5))
    np.testing.assert_array_equal(found, np.pad(array * 2.0, widths).sum(axis=0))
