"""Elementary functions: NumPy's, or an executor's in their place, in programs, folded numbers and other threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.batching import PerTrade
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.elementary import carried, in_place, kept

TWICE = {np.exp: lambda x, out=None: np.multiply(x, 2.0, out=out)}


def test_a_function_is_numpys_outside_and_the_executors_inside():
    assert elementary.exp(0.0) == 1
    with in_place(TWICE):
        assert elementary.exp(4.0) == 8
        with in_place({}):
            assert elementary.exp(0.0) == 1
        assert elementary.log(1.0) == 0
    assert elementary.exp(0.0) == 1


@pytest.mark.parametrize("name", ["exp", "log", "log1p", "sin", "cos", "power"])
def test_functions_travel_to_other_processes_by_their_place(name):
    function = getattr(elementary, name)
    assert pickle.loads(pickle.dumps(function)) is function


def test_programs_and_folded_numbers_take_the_functions_of_the_executor():
    builder = Builder()
    path = builder.call(np.exp, (builder.source("x"),), {})
    program = builder.program({"path": path})
    with in_place(TWICE):
        number = builder.call(np.exp, (builder.constant(3.0),), {})
        numbers = builder.call(np.exp, (builder.constant(PerTrade(np.array([3.0, 4.0]))),), {})
        found = dict(program.run(lambda _: np.array([1.0, 5.0]), 2))
    assert builder.constants[number] == 6
    assert builder.constants[numbers].values.tolist() == [6, 8]
    assert found["path"].tolist() == [2, 10]
    (same,) = dict(program.run(lambda _: np.zeros(2), 2)).values()
    assert same.tolist() == [1, 1]


def test_functions_are_those_of_a_thread_and_are_carried_to_others():
    with ThreadPoolExecutor(1) as pool, in_place(TWICE):
        assert list(pool.map(elementary.exp, [0.0])) == [1]
        assert list(pool.map(carried(elementary.exp), [4.0])) == [8]


def test_what_is_kept_is_kept_for_each_executor():
    found = []

    @kept(2)
    def exponential(x):
        found.append(x)
        return float(elementary.exp(x))

    assert [exponential(0.0), exponential(0.0)] == [1, 1]
    with in_place(TWICE):
        assert [exponential(0.0), exponential(0.0)] == [0, 0]
    assert exponential(0.0) == 1
    assert found == [0.0, 0.0]
