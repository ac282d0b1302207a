"""Numbers of several trades in one calculation: each trade has what it would have alone, or they part."""

import numpy as np
import pytest

from greeks_cli.engine.compiler.batching import Many, Unlike, many
from greeks_cli.engine.compiler.simplify import Algebra
from greeks_cli.engine.compiler.tracer import Tape

STRIKES = np.array([0.5, 0.8, 1.5, 2.5])
X = np.random.default_rng(3).standard_normal((2, 300))

CALCULATIONS = {
    "call": lambda x, k: np.maximum(x[0] - k, 0) * (x[0] > k).astype(float),
    "factors": lambda x, k: (x[0] * k + x[1] * (3 * k)) / (2 * k) - 1 / k,
    "exponents": lambda x, k: x[0] * k * x[1] + np.exp(-np.abs(x[0] / k)),
    "equal after all": lambda x, k: x[0] * (k / k) + x[1] * (k - k),
    "numbers alone": lambda x, k: np.broadcast_to(np.exp(-k), x.shape[1:]),
    "sums over rows": lambda x, k: (k * x).sum(axis=0) + np.sqrt(k) * np.einsum("tn,tn->n", x, x),
}


def recorded(calculation):
    tape = Tape(5)
    strike = tape.source(("strike",), np.float64(0.7))
    x = tape.source(("x",), np.linspace(-1.0, 2.0, 10).reshape(2, 5))
    return tape.program({"found": calculation(x, strike)})


def calculated(program, strike):
    algebra = Algebra()
    result = algebra.include(program, lambda source: strike if source == ("strike",) else None)["found"]
    ((_, found),) = algebra.program({"found": result}).run(lambda source: X, X.shape[1])
    return found, np.asarray(result.factor)


@pytest.mark.parametrize("name", CALCULATIONS)
def test_each_row_is_what_its_own_number_gives(name):
    program = recorded(CALCULATIONS[name])
    rows, factors = calculated(program, many(STRIKES))
    rows = np.broadcast_to(rows, (len(STRIKES), X.shape[1])) * factors.reshape(-1, 1)
    for row, strike in zip(rows, STRIKES, strict=True):
        np.testing.assert_allclose(row, CALCULATIONS[name](X, strike), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    "calculation",
    [
        lambda x, k: np.maximum(x[0] * (k - 1), 0),
        lambda x, k: np.concatenate([x, (x[0] * k + x[1]).reshape(1, -1)]).sum(axis=0),
        lambda x, k: 3 * x[0] + (k / 0.8) * x[1],
    ],
    ids=["signs differ", "rows of rows", "one of them is 1"],
)
def test_what_depends_on_the_number_itself_parts_them(calculation):
    with pytest.raises(Unlike):
        calculated(recorded(calculation), many(STRIKES))


def test_what_one_calculation_found_of_its_numbers_does_not_part_the_next():
    algebra = Algebra()
    signs = recorded(lambda x, k: np.sign(k) * x[0])
    algebra.include(signs, lambda source: many(STRIKES) if source == ("strike",) else None)
    sums = recorded(lambda x, k: np.square(np.square(x) + 1).sum(axis=0))
    found = algebra.include(sums, lambda source: None)["found"]
    ((_, rows),) = algebra.program({"found": found}).run(lambda source: X, X.shape[1])
    np.testing.assert_allclose(rows * found.factor, np.square(np.square(X) + 1).sum(axis=0), rtol=1e-13)


def test_answers_are_numbers_where_numbers_are_wanted():
    found, factor = calculated(recorded(lambda x, k: (k > 0.1).astype(float) * x[0]), many(STRIKES))
    np.testing.assert_allclose(found * factor, X[0])


def test_a_question_has_one_answer_or_none():
    assert many([1.0, 2.0]) > 0
    assert many([1.0, 2.0]) != 3
    assert 0 < abs(many([-1.0, 2.0])) < 5
    with pytest.raises(Unlike):
        bool(many([1.0, 2.0]) > 1.5)
    with pytest.raises(Unlike):
        bool(many([0.0, 1.0]))


def test_equal_numbers_are_one():
    assert isinstance(many([2.0, 2.0]), float)
    assert isinstance(many([np.nan]), float)
    assert isinstance(many([0.0, -0.0]), Many)
    assert isinstance(many([2.0, 3.0]) * many([3.0, 2.0]), float)
    assert isinstance(2 * many([2.0, 3.0]), Many)
    assert isinstance(np.float64(2) * many([2.0, 3.0]), Many)
