"""A traced program gives the numbers of the calculation to the bit; calls that the tracer cannot see are refused."""

import pickle

import numpy as np
import pytest

from greeks_cli.engine.compiler.tracer import Tracer, elementwise, looked_up

N = 7
SAMPLE = np.linspace(-1.0, 2.0, 3 * N).reshape(3, N)
TABLE = np.array([np.linspace(-1, 1, N), np.arange(7.0)])
"""A table as long as there are paths."""
RNG = np.random.default_rng(5)


def traced_and_direct(calculation, n_paths=1000):
    """The calculation traced on few paths and run on more, the calculation itself on these, and the program."""
    tracer = Tracer(N)
    program = tracer.program({"found": calculation(tracer.source("x", SAMPLE))})
    x = RNG.standard_normal((3, n_paths))
    return (
        dict(program.run({"x": x}.__getitem__, n_paths))["found"],
        np.broadcast_to(calculation(x), (n_paths,)),
        program,
    )


def in_place(x):
    value = np.exp(x[0])
    value *= 3
    before = value + 1
    value -= x[1]
    return value * before


CALCULATIONS = {
    "arithmetic": lambda x: (x[0] - 2 * x[1]) / (1 + x[2] ** 2),
    "in place": in_place,
    "rows": lambda x: np.concatenate([x[1:], x[:1]])[2] + np.pad(x[:1], [(2, 0), (0, 0)])[2],
    "sums": lambda x: x.sum(axis=0) + np.einsum("tn,tn->n", x, x) + x[0].reshape(1, -1).squeeze((0,)),
    "broadcast": lambda x: np.broadcast_to(x[0], x.shape).sum(axis=0),
    "parameters": lambda x: x[0] * np.broadcast_to(3.0, (x.shape[-1],)) + np.ones_like(x[1]),
    "parameters in rows": lambda x: np.concatenate([np.full((1, x.shape[-1]), 4.0), x]).sum(axis=0),
    "types": lambda x: (x[0] > 0).astype(x.dtype) + np.maximum(x[1] > 0, x[2]),
    "parts": lambda x: np.split(x, [1], axis=0)[1][1],
    "tables": lambda x: looked_up(TABLE, (x[0] > TABLE[0, :-1, None]).sum(axis=0))[1] * x[1],
    "no source": lambda x: np.full(x.shape[-1], 2.5),
}


@pytest.mark.parametrize("name", CALCULATIONS)
def test_a_program_repeats_the_calculation_to_the_bit(name):
    again, direct, _ = traced_and_direct(CALCULATIONS[name])
    np.testing.assert_array_equal(np.broadcast_to(again, direct.shape), direct)


def test_equal_calls_are_made_once_and_unused_calls_never():
    def wasteful(x):
        np.sin(x[0])  # no result needs it
        return np.exp(x[0]) * np.exp(x[0])

    _, _, program = traced_and_direct(wasteful)
    assert [call.function for call in program.calls].count(np.exp) == 1
    assert np.sin not in [call.function for call in program.calls]


@pytest.mark.parametrize(
    "hidden",
    [
        lambda x: x[0] * np.asarray(x[1]),
        lambda x: x[0] + np.arange(x.shape[-1]),
        lambda x: x[0].copy() + 1,
        lambda x: np.zeros(x.shape[-1]).__iadd__(x[0]),
        lambda x: x[0].__iadd__(1.0),
    ],
    ids=["stripped", "beside", "copied", "into a plain array", "into a view"],
)
def test_calculation_that_hides_calls_from_the_tracer_is_refused(hidden):
    with pytest.raises(TypeError, match=r"tracer|traced"):
        traced_and_direct(hidden)


def test_pickled_program_gives_the_same_bits():
    _, _, program = traced_and_direct(CALCULATIONS["sums"])
    x = RNG.standard_normal((3, 50))
    unpickled = pickle.loads(pickle.dumps(program))
    np.testing.assert_array_equal(
        dict(unpickled.run(lambda source: x, 50))["found"], dict(program.run(lambda source: x, 50))["found"]
    )


def test_one_trace_serves_any_number_of_rows_of_paths():
    calculation = CALCULATIONS["broadcast"]
    for n_paths in (1, N, 4000):
        again, direct, _ = traced_and_direct(calculation, n_paths)
        np.testing.assert_array_equal(np.broadcast_to(again, direct.shape), direct)


def test_source_asked_for_twice_is_one_source():
    tracer = Tracer(N)
    program = tracer.program({"found": tracer.source("x", SAMPLE)[0] + tracer.source("x", SAMPLE)[1]})
    assert list(program.sources) == ["x"]
    x = RNG.standard_normal((3, 50))
    np.testing.assert_array_equal(dict(program.run(lambda source: x, 50))["found"], x[0] + x[1])


def test_trace_does_not_depend_on_the_samples():
    def program(sample):
        tracer = Tracer(N)
        strike = tracer.source("strike", sample)
        return tracer.program({"found": np.maximum(tracer.source("x", SAMPLE)[0] * (1 / strike) - strike, 0)})

    one, other = program(np.float64(1)), program(np.float64(250.0))
    assert one.calls == other.calls
    assert one.constants == other.constants


def test_elementwise_function_that_is_no_ufunc_is_one_call():
    double = np.frompyfunc(lambda x: 2.0 * x, 1, 1)
    tracer = Tracer(N)
    found = elementwise(double, tracer.source("k", np.float64(3)))
    program = tracer.program({"found": found})
    assert [call.function for call in program.calls] == [double]
    assert elementwise(double, 4.0) == 8.0
