"""A calculation whose numbers are multiplied first gives what it gave, with fewer passes over its arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greeks_cli.engine.compiler.simplify import Algebra
from greeks_cli.engine.compiler.tracer import Tape

N = 7
SAMPLE = np.linspace(-1.0, 2.0, 3 * N).reshape(3, N)
X = np.random.default_rng(3).standard_normal((3, 500))


def recorded(calculation):
    tape = Tape(N)
    return tape.program({"found": calculation(tape.source(("x",), SAMPLE))})


def simplified(calculation, x=X, always_defined=True):
    """The calls that are left, and what they give with the factor."""
    algebra = Algebra()
    result = algebra.include(recorded(calculation), lambda source: None, always_defined)["found"]
    program = algebra.program({"found": result})
    found = dict(program.run(lambda source: x, x.shape[1]))["found"]
    return program.calls, result.factor * np.broadcast_to(found, x.shape[1:])


def functions(calls):
    return [call.function.__name__ for call in calls]


CALCULATIONS = {
    "numbers": (lambda x: 3 * (2 * x[0]) / 4 * (x[1] * 5), ["getitem", "getitem", "multiply"]),
    "one factor out of a sum": (lambda x: 2 * x[0] + 2 * x[1], ["getitem", "getitem", "add"]),
    "opposite factors": (lambda x: -2 * x[0] + 2 * x[1], ["getitem", "getitem", "subtract"]),
    "the same twice": (lambda x: 2 * x[0] + 3 * x[0] - x[0], ["getitem"]),
    "a difference that is there already": (lambda x: (x[0] - 1) * (x[0] + -1.0), ["getitem", "subtract", "square"]),
    "equal but for numbers": (lambda x: (3 * x[0]) * x[1] + x[1] * (x[0] / 2), ["getitem", "getitem", "multiply"]),
    "a term that cancels later": (lambda x: x[0] + 2 * np.exp(x[1]) + x[0] * x[2] - 2 * np.exp(x[1]), None),
    "terms that cancel in any order": (
        lambda x: (0.7 * x[0] - x[1] / 3) - (np.square(x[2]) + 0.7 * x[0]) + x[1] / 3,
        ["getitem", "square"],
    ),
    "a number is left of them": (lambda x: np.stack([np.exp((x[0] + 3.0) - x[0]), x[1]]).sum(axis=0), None),
    "terms that nearly cancel": (lambda x: x[0] + 2 * x[1] - (2 + 1e-6) * x[1], None),
    "terms that grow": (lambda x: (x[0] + x[1]) + (x[1] + x[0]) * 2 + x[1], None),
    "numbers that cancel": (lambda x: (x[0] + 3.0) + (x[1] - 3.0), ["getitem", "getitem", "add"]),
    "sizes and signs": (lambda x: np.abs(-3 * x[0]) - 3 * np.copysign(x[0], x[1]), None),
    "parts": (lambda x: np.maximum(2 * x[0], 0) + (2 * x[0] > 0).astype(float), None),
    "not of that sign": (lambda x: np.maximum(-2 * x[0], 0) + (-2 * x[0] > 0).astype(float), None),
    "what is not linear": (lambda x: np.exp(2 * x[0]) + np.log1p(np.abs(3 * x[1])) / (4 * x[2]), None),
    "sums over rows": (lambda x: (2 * x).sum(axis=0) + np.einsum("tn,tn->n", 3 * x, x), None),
    "rows keep their shape beside a zero": (lambda x: (2 * x - 2 * x + x[0]).sum(axis=0), None),
    "a number beside a zero too": (lambda x: np.concatenate([2 * x - 2 * x + 3, x]).sum(axis=0), None),
    "one row of zeros": (lambda x: (x[0] - x[0]).reshape(1, -1).sum(axis=0) + x[1], None),
    "divided by zero": (lambda x: x[0] * 0.0 + 2.0, None),
    "far out of range": (lambda x: (x[0] * 1e-200) * (x[1] * 1e-200) * 1e300, None),
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_the_result_is_the_same_but_for_rounding(name):
    calculation, left = CALCULATIONS[name]
    calls, found = simplified(calculation)
    np.testing.assert_allclose(found, np.broadcast_to(calculation(X), found.shape), rtol=1e-13, atol=1e-13)
    assert left is None or functions(calls) == left


def test_a_result_that_cancels_is_not_computed():
    calls, found = simplified(lambda x: np.exp(x[0]) * 2 - np.exp(x[0]) * 2)
    assert not calls
    assert (found == 0).all()


@pytest.mark.parametrize(
    "calculation",
    [
        lambda x: np.log(x[0]) - np.log(x[0]),
        lambda x: np.log(x[0]) * 0.0 + x[1],
        lambda x: (np.log(x[0]) * 0.0) * x[1] + 1.0,
        lambda x: np.sqrt(x[0]) * 2 - 2 * np.sqrt(x[0]) + x[1],
    ],
)
def test_what_may_not_be_a_number_is_seen_though_it_cancels(calculation):
    with np.errstate(all="ignore"):
        _, found = simplified(calculation, always_defined=False)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(calculation(X)))
    assert np.isnan(found).any()


def test_an_open_number_is_a_row_where_a_function_wants_a_shape():
    for calculation in (
        lambda x, p: np.reshape(np.broadcast_to(p, (x.shape[1],)), (1, x.shape[1])).sum(axis=0) + x[0],
        lambda x, p: np.einsum("tn,n->n", x, np.broadcast_to(p, (x.shape[1],))),
        lambda x, p: np.concatenate([x[:1] * 2, np.broadcast_to(p, (1, x.shape[1]))]).sum(axis=0),
    ):
        tape = Tape(N)
        x, p = tape.source(("x",), SAMPLE), tape.source(("p",), np.float64(1))
        algebra = Algebra()
        program = tape.program({"found": calculation(x, p)})
        found = algebra.include(program, lambda source: np.float64(3) if source == ("p",) else None)["found"]
        (row,) = dict(algebra.program({"found": found}).run(lambda source: X, X.shape[1])).values()
        np.testing.assert_allclose(found.factor * row, calculation(X, np.float64(3)), rtol=1e-13)


def test_float32_stays_float32():
    calculation = recorded(lambda x: np.float32(3) * x[0] + 2)
    algebra = Algebra()
    result = algebra.include(calculation, lambda source: None)["found"]
    program = algebra.program({"found": result})
    assert dict(program.run(lambda source: X.astype(np.float32), X.shape[1]))["found"].dtype == np.float32


def test_terms_of_very_different_size_stay_in_the_range_of_float32():
    def calculation(x):
        return x[0] * np.float32(1e-25) + np.float32(1e20) * x[1]

    tape, there = Tape(N), X.astype(np.float32)
    program = tape.program({"found": calculation(tape.source(("x",), SAMPLE.astype(np.float32)))})
    algebra = Algebra()
    found = algebra.include(program, lambda source: None)["found"]
    (row,) = dict(algebra.program({"found": found}).run(lambda source: there, X.shape[1])).values()
    np.testing.assert_allclose(found.factor * row, calculation(there), rtol=1e-6)


NUMBERS = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3)


@given(st.lists(st.tuples(st.sampled_from(["add", "from", "times", "size"]), NUMBERS), max_size=8))
def test_any_chain_of_operations_is_the_same(chain):
    def calculation(x, minus=-1):
        value = x[0]
        for i, (operation, number) in enumerate(chain):
            other = x[i % 3] * number
            match operation:
                case "add":
                    value = value + other
                case "from":
                    value = number + minus * value
                case "times":
                    value = value * (other + 1)
                case "size":
                    value = np.abs(value) * number
        return value

    _, found = simplified(calculation)
    expected = calculation(X)
    chain = [(operation, abs(number)) for operation, number in chain]
    terms = calculation(np.abs(X), minus=1)  # as large as what is rounded
    assert (np.abs(found - expected) <= 1e-14 * terms).all()
