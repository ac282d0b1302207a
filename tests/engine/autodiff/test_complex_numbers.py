"""Complex operands against mpmath, at every order."""

import mpmath
import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.complex_numbers import (
    as_complex,
    exponential_quotient,
    logarithmic_quotient,
    real_part,
)
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import exp, make_leaves, sqrt
from greeks_cli.engine.compiler.tracer import Tracer

FREQUENCIES = np.array([[0.3 - 0.5j], [2.0 + 0.25j], [9.0 - 1.5j]])
ORDERS = [("x",) * n + ("y",) * m for n in range(5) for m in range(5 - n)]


def value(x, y):
    """A real function of two real operands that goes by complex ones."""
    x, y = as_complex(x), as_complex(y)
    root = sqrt(x * x + y * FREQUENCIES)
    return F.sum(
        real_part(exp(-root) * exponential_quotient(root) * logarithmic_quotient(y / (x + FREQUENCIES))), axis=0
    )


def true_value(x, y):
    found = mpmath.mpf(0)
    for frequency in FREQUENCIES.ravel().tolist():
        root, small = mpmath.sqrt(x * x + y * frequency), y / (x + frequency)
        found += mpmath.re(
            mpmath.exp(-root) * (1 - mpmath.exp(-root)) / root * mpmath.log(1 + small) / small,
        )
    return found


def test_every_order_agrees_with_mpmath():
    numbers = {"x": np.array([0.7, 1.9, 4.0]), "y": np.array([0.4, 1e-3, 3.0])}
    leaves = make_leaves(numbers, {"x", "y"}, 3, np.float64)
    found = by_grad(value(**leaves), leaves, ORDERS)
    with mpmath.workdps(60):
        for index in ORDERS:
            orders = index.count("x"), index.count("y")
            for k in range(3):
                true = mpmath.diff(true_value, (numbers["x"][k], numbers["y"][k]), orders)
                assert found[index][k] == pytest.approx(float(true), rel=1e-10), (index, k)
            assert found[index].dtype == np.float64


def test_a_program_repeats_complex_operands():
    samples = {"x": np.full(3, 0.7), "y": np.full(3, 0.4)}
    tracer = Tracer(3)
    traced = {name: tracer.source(name, sample) for name, sample in samples.items()}
    leaves = make_leaves(traced, {"x", "y"}, 3, np.float64)
    program = tracer.program(by_grad(value(**leaves), leaves, ORDERS))
    numbers = {"x": np.array([0.7, 1.9, 4.0, 5.0]), "y": np.array([0.4, 1e-3, 3.0, 2.0])}
    replayed = dict(program.run(numbers.__getitem__, 4))
    leaves = make_leaves(numbers, {"x", "y"}, 4, np.float64)
    direct = by_grad(value(**leaves), leaves, ORDERS)
    for index in ORDERS:
        assert replayed[index] == pytest.approx(direct[index], rel=1e-13)


@pytest.mark.parametrize("order", range(5))
@pytest.mark.parametrize("function", [exponential_quotient, logarithmic_quotient])
def test_quotients_are_exact_near_zero_and_beyond_the_series(function, order):
    places = np.array([1e-9, 1e-4 + 1e-5j, 0.49j, 0.3 - 0.41j, 0.6 + 0.1j, -0.7j, 0.9, 1.2 + 3j, 40 - 7j])
    variable = chainer.Variable(places)
    derivative = function(variable)
    for _ in range(order):
        (derivative,) = chainer.grad([derivative], [variable], enable_double_backprop=True)

    def true(x):
        return (1 - mpmath.exp(-x)) / x if function is exponential_quotient else mpmath.log(1 + x) / x

    with mpmath.workdps(80):
        expected = [complex(mpmath.diff(true, mpmath.mpc(place), order)) for place in places.tolist()]
    assert derivative.array == pytest.approx(np.array(expected), rel=2e-12)
    if not order:
        assert function(places) == pytest.approx(np.array(expected), rel=2e-15)
