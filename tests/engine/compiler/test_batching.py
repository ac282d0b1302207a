"""Batches of trades in one program: each trade has the numbers that it has alone, or the batch is divided."""

import numpy as np
import pytest

from greeks_cli.engine.compiler.batching import Diverging, PerTrade, in_batches, of_trades, per_trade
from greeks_cli.engine.compiler.ir import ROW, Shape
from greeks_cli.engine.compiler.simplify import Simplifier
from greeks_cli.engine.compiler.tracer import Tracer

STRIKES = np.array([0.5, 0.8, 1.5, 2.5])
ALL = slice(0, len(STRIKES))
X = np.random.default_rng(3).standard_normal((2, 300))

CALCULATIONS = {
    "call": lambda x, k: np.maximum(x[0] - k, 0) * (x[0] > k).astype(float),
    "factors": lambda x, k: (x[0] * k + x[1] * (3 * k)) / (2 * k) - 1 / k,
    "exponents": lambda x, k: x[0] * k * x[1] + np.exp(-np.abs(x[0] / k)),
    "factors equal in all trades": lambda x, k: x[0] * (k / k) + x[1] * (k - k),
    "numbers alone": lambda x, k: np.broadcast_to(np.exp(-k), x.shape[1:]),
    "sums over rows": lambda x, k: (k * x).sum(axis=0) + np.sqrt(k) * np.einsum("tn,tn->n", x, x),
}


def traced(calculation):
    tracer = Tracer(5)
    strike = tracer.source("strike", np.float64(0.7))
    x = tracer.source("x", np.linspace(-1.0, 2.0, 10).reshape(2, 5))
    return tracer.program({"found": calculation(x, strike)})


def with_strike(number):
    return lambda source: number if source == "strike" else source


def calculated(program, strike):
    """The array that the simplified program gives, a row for each trade, and its factor."""
    simplifier = Simplifier()
    result = simplifier.include(program, with_strike(strike))["found"]
    whole = simplifier.program({"found": result})
    columns = {slot: of_trades(constant, ALL, np.float64) for slot, constant in whole.constants.items()}
    ((_, found),) = whole.run(lambda source: X, X.shape[1], columns)
    return found, np.asarray(result.factor)


@pytest.mark.parametrize("name", CALCULATIONS)
def test_each_row_of_a_batch_is_that_of_the_trade_alone(name):
    program = traced(CALCULATIONS[name])
    rows, factors = calculated(program, per_trade(STRIKES))
    rows = np.broadcast_to(rows, (len(STRIKES), X.shape[1])) * factors.reshape(-1, 1)
    for row, strike in zip(rows, STRIKES, strict=True):
        np.testing.assert_allclose(row, CALCULATIONS[name](X, strike), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("calculation", "answers"),
    [
        (lambda x, k: np.maximum(x[0] * (k - 1), 0), [False, False, True, True]),
        (lambda x, k: 3 * x[0] + (k / 0.8) * x[1], [False, True, False, False]),
    ],
    ids=["factors of different signs", "factor of 1 in one trade"],
)
def test_batch_is_divided_where_trades_need_different_calls(calculation, answers):
    with pytest.raises(Diverging) as diverging:
        calculated(traced(calculation), per_trade(STRIKES))
    found = diverging.value.answers.tolist()
    assert found in (answers, [not answer for answer in answers])


def test_work_is_done_again_on_each_part_of_a_divided_batch():
    tried = []

    def work(strikes):
        tried.append(strikes)
        return "above" if per_trade(strikes) > 1 else "below" if per_trade(strikes) > 0.6 else "far below"

    assert {tuple(part): answer for part, answer in in_batches(work, STRIKES.tolist())} == {
        (1.5, 2.5): "above",
        (0.8,): "below",
        (0.5,): "far below",
    }
    assert tried[0] == STRIKES.tolist()


def test_batch_that_does_not_diverge_is_worked_on_once():
    assert list(in_batches(len, [1.0, 2.0])) == [([1.0, 2.0], 2)]


def test_numbers_of_one_program_do_not_divide_the_next():
    simplifier = Simplifier()
    simplifier.include(traced(lambda x, k: np.sign(k) * x[0]), with_strike(per_trade(STRIKES)))
    sums = traced(lambda x, k: np.square(np.square(x) + 1).sum(axis=0))
    found = simplifier.include(sums, lambda source: source)["found"]
    ((_, rows),) = simplifier.program({"found": found}).run(lambda source: X, X.shape[1])
    np.testing.assert_allclose(rows * found.factor, np.square(np.square(X) + 1).sum(axis=0), rtol=1e-13)


def test_comparison_of_constants_is_a_number_in_arithmetic():
    found, factor = calculated(traced(lambda x, k: (k > 0.1).astype(float) * x[0]), per_trade(STRIKES))
    np.testing.assert_allclose(found * factor, X[0])


def test_comparison_has_one_answer_for_all_trades_or_diverges():
    assert per_trade([1.0, 2.0]) > 0
    assert per_trade([1.0, 2.0]) != 3
    assert 0 < abs(per_trade([-1.0, 2.0])) < 5
    with pytest.raises(Diverging):
        bool(per_trade([1.0, 2.0]) > 1.5)
    with pytest.raises(Diverging):
        bool(per_trade([0.0, 1.0]))


def test_values_equal_to_the_bit_are_one_value():
    assert isinstance(per_trade([2.0, 2.0]), float)
    assert isinstance(per_trade([np.nan]), float)
    assert isinstance(per_trade([2.0, np.nextafter(2.0, 3.0)]), PerTrade)
    np.testing.assert_array_equal(per_trade(np.array([[1.0, 2.0], [1.0, 2.0]])), [1.0, 2.0])


def test_zeros_of_both_signs_are_one_value():
    found = per_trade([0.0, -0.0])
    assert isinstance(found, float)
    assert not np.signbit(found)
    assert not np.signbit(per_trade([-0.0]))


def test_arithmetic_keeps_a_value_for_each_trade():
    for found in (2 * per_trade([2.0, 3.0]), np.float64(2) * per_trade([2.0, 3.0])):
        assert isinstance(found, PerTrade)
        assert found.values.tolist() == [4.0, 6.0]
    equal = per_trade([2.0, 3.0]) * per_trade([3.0, 2.0])
    assert equal == 6  # in all trades


ARRAYS = np.arange(8.0).reshape(4, 2) + 1
"""An array of shape (2,) for each trade."""


@pytest.mark.parametrize(
    "calculation",
    [
        lambda number, array, common: number * array,
        lambda number, array, common: (common - number) / array,
        lambda number, array, common: np.exp(array) * common + number,
        lambda number, array, common: common[:, None] * array * number,
    ],
    ids=["number and array", "array of all trades", "functions", "more axes"],
)
def test_arithmetic_of_arrays_per_trade_is_that_of_each_trade(calculation):
    common = np.array([3.0, -5.0])
    found = calculation(per_trade(STRIKES), per_trade(ARRAYS), common)
    assert isinstance(found, PerTrade)
    for row, strike, array in zip(found.values, STRIKES, ARRAYS, strict=True):
        np.testing.assert_array_equal(row, calculation(strike, array, common))


def test_numbers_per_trade_take_the_type_of_arrays():
    product = per_trade(STRIKES) * per_trade(ARRAYS.astype(np.float32))
    assert product.values.dtype == np.float32
    np.testing.assert_array_equal(product.values[1], np.float32(STRIKES[1]) * ARRAYS[1].astype(np.float32))


def test_numbers_of_some_trades_are_a_column_and_of_one_trade_a_number():
    numbers, arrays = per_trade(STRIKES), per_trade(ARRAYS)
    np.testing.assert_array_equal(of_trades(numbers, slice(1, 3), np.float32), np.float32([[0.8], [1.5]]))
    assert of_trades(numbers, slice(1, 3), np.float32).dtype == np.float32
    assert of_trades(numbers, slice(2, 3), np.float32) == 1.5
    np.testing.assert_array_equal(of_trades(arrays, slice(2, 3), np.float64), ARRAYS[2])
    assert of_trades(7.0, ALL, np.float64) == 7.0


def test_shape_of_a_row_has_a_row_for_each_trade():
    assert of_trades(ROW, ALL, np.float64) == Shape((len(STRIKES), None))
    assert of_trades(ROW, slice(2, 3), np.float64) == ROW
    assert of_trades(Shape((3, None)), ALL, np.float64) == Shape((3, None))
