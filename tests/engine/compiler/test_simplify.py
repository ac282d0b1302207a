"""A simplified program gives the numbers of the traced one, with fewer calls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greeks_cli.engine.compiler.simplify import Simplifier, simplified
from greeks_cli.engine.compiler.tracer import Tracer

N = 7
SAMPLE = np.linspace(-1.0, 2.0, 3 * N).reshape(3, N)
X = np.random.default_rng(3).standard_normal((3, 500))


def traced(calculation):
    tracer = Tracer(N)
    return tracer.program({"found": calculation(tracer.source("x", SAMPLE))})


def calls_and_values(calculation, x=X, always_defined=True):
    """The calls that are left, and the values of the result with its factor."""
    simplifier = Simplifier()
    result = simplifier.include(traced(calculation), lambda source: source, always_defined)["found"]
    program = simplifier.program({"found": result})
    found = dict(program.run(lambda source: x, x.shape[1]))["found"]
    return program.calls, result.factor * np.broadcast_to(found, x.shape[1:])


def functions(calls):
    return [call.function.__name__ for call in calls]


CALCULATIONS = {
    "numbers": (lambda x: 3 * (2 * x[0]) / 4 * (x[1] * 5), ["getitem", "getitem", "multiply"]),
    "one factor out of a sum": (lambda x: 2 * x[0] + 2 * x[1], ["getitem", "getitem", "add"]),
    "opposite factors": (lambda x: -2 * x[0] + 2 * x[1], ["getitem", "getitem", "subtract"]),
    "one array three times": (lambda x: 2 * x[0] + 3 * x[0] - x[0], ["getitem"]),
    "a difference made before": (lambda x: (x[0] - 1) * (x[0] + -1.0), ["getitem", "subtract", "square"]),
    "equal but for numbers": (lambda x: (3 * x[0]) * x[1] + x[1] * (x[0] / 2), ["getitem", "getitem", "multiply"]),
    "a term that cancels later": (lambda x: x[0] + 2 * np.exp(x[1]) + x[0] * x[2] - 2 * np.exp(x[1]), None),
    "terms that cancel in any order": (
        lambda x: (0.7 * x[0] - x[1] / 3) - (np.square(x[2]) + 0.7 * x[0]) + x[1] / 3,
        ["getitem", "square"],
    ),
    "terms that cancel to a number": (lambda x: np.stack([np.exp((x[0] + 3.0) - x[0]), x[1]]).sum(axis=0), None),
    "terms that nearly cancel": (lambda x: x[0] + 2 * x[1] - (2 + 1e-6) * x[1], None),
    "terms that grow": (lambda x: (x[0] + x[1]) + (x[1] + x[0]) * 2 + x[1], None),
    "numbers that cancel": (lambda x: (x[0] + 3.0) + (x[1] - 3.0), ["getitem", "getitem", "add"]),
    "absolute values and signs": (lambda x: np.abs(-3 * x[0]) - 3 * np.copysign(x[0], x[1]), None),
    "positive parts": (lambda x: np.maximum(2 * x[0], 0) + (2 * x[0] > 0).astype(float), None),
    "negative factors": (lambda x: np.maximum(-2 * x[0], 0) + (-2 * x[0] > 0).astype(float), None),
    "functions that are not linear": (lambda x: np.exp(2 * x[0]) + np.log1p(np.abs(3 * x[1])) / (4 * x[2]), None),
    "sums over rows": (lambda x: (2 * x).sum(axis=0) + np.einsum("tn,tn->n", 3 * x, x), None),
    "rows keep their shape beside a zero": (lambda x: (2 * x - 2 * x + x[0]).sum(axis=0), None),
    "a number beside a zero too": (lambda x: np.concatenate([2 * x - 2 * x + 3, x]).sum(axis=0), None),
    "one row of zeros": (lambda x: (x[0] - x[0]).reshape(1, -1).sum(axis=0) + x[1], None),
    "divided by zero": (lambda x: x[0] * 0.0 + 2.0, None),
    "far out of range": (lambda x: (x[0] * 1e-200) * (x[1] * 1e-200) * 1e300, None),
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_simplified_program_gives_the_same_but_for_rounding(name):
    calculation, left = CALCULATIONS[name]
    calls, found = calls_and_values(calculation)
    np.testing.assert_allclose(found, np.broadcast_to(calculation(X), found.shape), rtol=1e-13, atol=1e-13)
    assert left is None or functions(calls) == left


def test_result_that_cancels_is_not_computed():
    calls, found = calls_and_values(lambda x: np.exp(x[0]) * 2 - np.exp(x[0]) * 2)
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
def test_nan_is_kept_where_its_term_cancels(calculation):
    with np.errstate(all="ignore"):
        _, found = calls_and_values(calculation, always_defined=False)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(calculation(X)))
    assert np.isnan(found).any()


def test_bound_number_is_a_row_where_a_function_wants_a_shape():
    for calculation in (
        lambda x, p: np.reshape(np.broadcast_to(p, (x.shape[1],)), (1, x.shape[1])).sum(axis=0) + x[0],
        lambda x, p: np.einsum("tn,n->n", x, np.broadcast_to(p, (x.shape[1],))),
        lambda x, p: np.concatenate([x[:1] * 2, np.broadcast_to(p, (1, x.shape[1]))]).sum(axis=0),
    ):
        tracer = Tracer(N)
        x, p = tracer.source("x", SAMPLE), tracer.source("p", np.float64(1))
        simplifier = Simplifier()
        program = tracer.program({"found": calculation(x, p)})
        found = simplifier.include(program, lambda source: np.float64(3) if source == "p" else source)["found"]
        (row,) = dict(simplifier.program({"found": found}).run(lambda source: X, X.shape[1])).values()
        np.testing.assert_allclose(found.factor * row, calculation(X, np.float64(3)), rtol=1e-13)


def test_simplified_program_stays_in_float32():
    simplifier = Simplifier()
    result = simplifier.include(traced(lambda x: np.float32(3) * x[0] + 2), lambda source: source)["found"]
    program = simplifier.program({"found": result})
    assert dict(program.run(lambda source: X.astype(np.float32), X.shape[1]))["found"].dtype == np.float32


def test_terms_of_very_different_size_stay_in_the_range_of_float32():
    def calculation(x):
        return x[0] * np.float32(1e-25) + np.float32(1e20) * x[1]

    tracer, single = Tracer(N), X.astype(np.float32)
    program = tracer.program({"found": calculation(tracer.source("x", SAMPLE.astype(np.float32)))})
    simplifier = Simplifier()
    found = simplifier.include(program, lambda source: source)["found"]
    (row,) = dict(simplifier.program({"found": found}).run(lambda source: single, X.shape[1])).values()
    np.testing.assert_allclose(found.factor * row, calculation(single), rtol=1e-6)


NUMBERS = st.floats(-1e3, 1e3).filter(lambda x: x == 0 or abs(x) > 1e-3)


@given(st.lists(st.tuples(st.sampled_from(["add", "from", "times", "size"]), NUMBERS), max_size=8))
def test_any_chain_of_operations_gives_the_same_but_for_rounding(chain):
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

    _, found = calls_and_values(calculation)
    expected = calculation(X)
    chain = [(operation, abs(number)) for operation, number in chain]
    terms = calculation(np.abs(X), minus=1)  # as large as what is rounded
    assert (np.abs(found - expected) <= 1e-14 * terms).all()


def calls_of_function(calculation, bind, always_defined=True):
    tracer = Tracer(N)
    x, p = tracer.source("x", SAMPLE), tracer.source("p", np.float64(0.7))
    program = simplified(tracer.program({"found": calculation(x, p)}), bind, always_defined)
    return program, dict(program.run(lambda source: {"x": X, "p": 2.0, "q": 2.0}[source], X.shape[1]))["found"]


def test_function_simplified_multiplies_factors_in():
    program, found = calls_of_function(lambda x, p: 3 * (p * x[0]), lambda source: 2.0 if source == "p" else source)
    assert set(program.sources) == {"x"}
    assert functions(program.calls) == ["getitem", "multiply"]
    np.testing.assert_allclose(found, 6 * X[0], rtol=1e-15)


def test_source_that_is_not_bound_stays_a_source():
    program, found = calls_of_function(lambda x, p: 3 * (p * x[0]), lambda source: source)
    assert set(program.sources) == {"x", "p"}
    np.testing.assert_allclose(found, 6 * X[0], rtol=1e-15)


def test_source_bound_to_another_source_takes_its_place():
    program, found = calls_of_function(lambda x, p: p * x[0], lambda source: "q" if source == "p" else source)
    assert set(program.sources) == {"x", "q"}
    np.testing.assert_allclose(found, 2 * X[0], rtol=1e-15)
