"""Recurrences and rows over dates: values and derivatives beside products and sums spelt out, traces, linear size."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.recurrences import linear_recurrence, running_product
from greeks_cli.engine.autodiff.rows import chosen_rows, placed_rows, rows_before
from greeks_cli.engine.compiler.tracer import Tracer

N_DATES, N_PATHS = 5, 3
rng = np.random.default_rng(1)
ONE, OTHER = rng.uniform(0.5, 1.5, (2, N_DATES, N_PATHS))
INDICES = [(), ("x",), ("y",), ("x", "x"), ("x", "y"), ("x", "x", "y"), ("y", "y", "y"), ("x", "x", "y", "y")]


def leaves():
    return {name: chainer.Variable(np.full(N_PATHS, number)) for name, number in (("x", 0.7), ("y", 1.3))}


def spelt_out(factors, addends):
    found = [addends[0]]
    for k in range(1, N_DATES):
        found.append(factors[k] * found[-1] + addends[k])
    return found


@pytest.mark.parametrize("index", INDICES)
def test_derivatives_of_a_recurrence_are_those_of_its_terms(index):
    def value(solve):
        own = leaves()
        factors, addends = F.exp(own["x"] * ONE) * own["y"], F.sin(own["y"] * OTHER + own["x"])
        rows = solve(factors, addends)
        paid = sum(rows[k] * (k + 1) * own["x"] for k in range(N_DATES))
        return by_grad(paid, own, [index])[index]

    np.testing.assert_allclose(value(linear_recurrence), value(spelt_out), rtol=1e-12)


@pytest.mark.parametrize("index", [(), ("x",), ("x", "x"), ("x", "x", "x")])
@pytest.mark.parametrize("zero", [None, 0, 2, 4])
def test_derivatives_of_a_product_need_no_division(zero, index):
    own = leaves()
    scale = ONE.copy()
    scale[zero if zero is not None else slice(0)] = 0
    factors = own["x"] * scale
    paid = F.sum(running_product(factors) * np.arange(1.0, N_DATES + 2)[:, None], axis=0)
    terms = [np.ones(N_PATHS), *np.cumprod(scale, axis=0)]
    powers = [np.prod(range(k, k - len(index), -1)) * 0.7 ** (k - len(index)) for k in range(N_DATES + 1)]
    expected = sum((k + 1) * power * term for k, (power, term) in enumerate(zip(powers, terms, strict=True)))
    np.testing.assert_allclose(by_grad(paid, own, [index])[index], expected, rtol=1e-12)


def test_rows_are_chosen_and_put_back():
    rows = np.arange(10.0).reshape(5, 2)
    assert chosen_rows(rows, range(5)) is rows
    np.testing.assert_array_equal(chosen_rows(rows, [1, 2]), rows[1:3])
    np.testing.assert_array_equal(chosen_rows(rows, [0, 3]), rows[[0, 3]])
    np.testing.assert_array_equal(rows_before(rows), [[0, 0], *rows[:-1]])
    np.testing.assert_array_equal(placed_rows(rows[:2], [1, 4], 5)[[0, 2, 3]], 0)
    x = chainer.Variable(rows)
    chosen = chosen_rows(x, [0, 3]) * np.array([[2.0], [3.0]])
    (slope,) = chainer.grad([F.sum(chosen * chosen)], [x])
    np.testing.assert_allclose(slope.array, rows * np.array([[8], [0], [0], [18], [0]]))


def test_a_trace_has_one_call_for_each_recurrence():
    def calls(n_dates):
        tracer = Tracer(N_PATHS)
        own = {"x": chainer.Variable(tracer.source("x", np.full(N_PATHS, 0.7)))}
        rows = tracer.source("rows", np.ones((n_dates, N_PATHS)))
        found = by_grad(F.sum(running_product(own["x"] * rows), axis=0), own, [(), ("x",), ("x", "x")])
        return tracer.program(found)

    program = calls(4)
    assert len(program.calls) == len(calls(400).calls)
    numbers = {"x": np.full(N_PATHS, 0.9), "rows": np.ones((4, N_PATHS))}
    found = dict(program.run(numbers.__getitem__, N_PATHS))
    np.testing.assert_allclose(found["x", "x"], sum(k * (k - 1) * 0.9 ** (k - 2) for k in range(5)))
