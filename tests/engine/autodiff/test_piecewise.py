"""Piecewise polynomials of paths: derivatives of every order, and traces of them."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.piecewise import piecewise
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.terms.markets.pieces import Pieces, cardinal_splines

KNOTS = np.array([-0.4, -0.1, 0.0, 0.15, 0.5])
SPLINES = cardinal_splines(KNOTS, (False, True))
ONE = SPLINES.times(np.array([0.09, 0.05, 0.04, 0.035, 0.03]))
X = np.linspace(-0.9, 0.9, 64)


@pytest.mark.parametrize("order", range(5))
def test_derivatives_of_a_graph_are_those_of_the_pieces(order):
    x = chainer.Variable(X)
    found = by_grad(piecewise(ONE, x) * 2, {"x": x}, [("x",) * order])[("x",) * order]
    np.testing.assert_allclose(found, 2 * ONE.at(X, order), rtol=1e-13, atol=1e-13)


def test_derivatives_beyond_the_degree_are_zero():
    assert not piecewise(ONE, chainer.Variable(X), 7).array.any()


def test_several_functions_stand_in_front_and_their_derivatives_add_up():
    x = chainer.Variable(X)
    each = piecewise(SPLINES, x)
    assert each.shape == (5, 64)
    found = by_grad(F.sum(each, axis=0), {"x": x}, [(), ("x",)])
    np.testing.assert_allclose(found[()], 1, rtol=1e-13)
    np.testing.assert_allclose(found[("x",)], 0, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_trace_gives_the_bits_of_the_calculation_and_the_simplified_program_nearly(dtype):
    def calculation(x):
        x = chainer.Variable(x)
        value = F.sum(piecewise(SPLINES, x), axis=0) + piecewise(ONE, x)
        return by_grad(value * x, {"x": x}, [("x", "x")])[("x", "x")]

    tracer = Tracer(8)  # as many paths as breaks
    program = tracer.program({"found": calculation(tracer.source("x", X[:8].astype(dtype)))})
    x = X.astype(dtype)
    direct = calculation(x)
    assert direct.dtype == dtype
    np.testing.assert_array_equal(dict(program.run({"x": x}.__getitem__, len(x)))["found"], direct)
    quick = simplified(program, lambda source: source, True)
    found = dict(quick.run({"x": x}.__getitem__, len(x)))["found"]
    np.testing.assert_allclose(found, direct, rtol=1e-9, atol=1e-9 if dtype is np.float64 else 1e-3)


def test_number_that_is_the_same_on_every_path():
    tracer = Tracer(5)
    found = piecewise(ONE, tracer.source("x", np.float64(0.1)), 1)
    program = tracer.program({"found": found})
    assert dict(program.run({"x": np.float64(0.2)}.__getitem__, 3))["found"] == ONE.at(np.array([0.2]), 1)
    assert piecewise(ONE, 0.2, 1) == ONE.at(np.array([0.2]), 1)


def test_tables_may_be_sources_of_a_program():
    """One trace serves markets whose splines have as many pieces."""

    def value(pieces, x):
        x = chainer.Variable(x)
        return by_grad(piecewise(pieces, x), {"x": x}, [("x",)])[("x",)]

    tracer = Tracer(8)
    tables = ("breaks", "origins", "coefficients")
    traced = Pieces(*(tracer.source(name, getattr(ONE, name), is_flat=False) for name in tables))
    program = tracer.program({"found": value(traced, tracer.source("x", X[:8]))})
    other = cardinal_splines(np.array([-0.5, -0.2, 0.1, 0.3, 0.4]), (True, False)).times(np.array([5.0, 2, 3, 1, 2]))
    for pieces in (ONE, other):
        given = {"x": X, **{name: getattr(pieces, name) for name in tables}}
        np.testing.assert_array_equal(dict(program.run(given.__getitem__, 64))["found"], value(pieces, X))
        quick = simplified(program, lambda source: source, True)
        np.testing.assert_allclose(dict(quick.run(given.__getitem__, 64))["found"], value(pieces, X), rtol=1e-12)
