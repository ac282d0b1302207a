"""Densities by scores: derivatives of every order beside those of the exponential, and the size of their traces."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.scores import weight_of
from greeks_cli.engine.compiler.tracer import Tracer

N_PATHS = 4
NUMBERS = np.random.default_rng(1).uniform(0.5, 1.5, (3, N_PATHS))


def leaves():
    return {name: chainer.Variable(np.full(N_PATHS, number)) for name, number in (("x", 0.7), ("y", 1.3), ("z", 2.0))}


def log_density(own):
    return F.sin(own["x"] * NUMBERS[0]) * own["y"] + F.log(own["y"] * NUMBERS[1]) * own["x"]


@pytest.mark.parametrize("order", range(5))
def test_derivatives_are_those_of_the_density_over_its_present_value(order):
    for index in combinations_with_replacement(("x", "y"), order):
        own, other = leaves(), leaves()
        found = log_density(other)
        expected = by_grad(F.exp(found - found.array) * other["x"], other, [index])[index]
        weight = weight_of(log_density(own), own.values()) * own["x"]
        np.testing.assert_allclose(by_grad(weight, own, [index])[index], expected, rtol=1e-11)


def test_a_leaf_that_no_density_depends_on_has_no_derivative():
    own = leaves()
    np.testing.assert_array_equal(by_grad(weight_of(log_density(own), own.values()), own, [("z",)])["z",], 0)


def test_a_density_of_numbers_alone_is_one():
    assert weight_of(NUMBERS[0], leaves().values()) == 1.0
    assert weight_of(log_density(leaves()), [0.5]) == 1.0


def test_second_derivatives_are_products_of_scores():
    """Of n leaves with a score each: n products with a payoff, and one more for each of n (n + 1) / 2 pairs."""
    n = 6
    tracer = Tracer(N_PATHS)
    names = [f"x{i}" for i in range(n)]
    own = {name: chainer.Variable(np.full(N_PATHS, 1.0)) for name in names}
    rows = [tracer.source(name, np.ones(N_PATHS)) for name in names]
    found = sum(leaf * row for leaf, row in zip(own.values(), rows, strict=True))
    paid = tracer.source("paid", np.ones(N_PATHS)) * weight_of(found, own.values())
    program = tracer.program(by_grad(paid, own, list(combinations_with_replacement(names, 2))))
    assert len(program.calls) == n + n * (n + 1) // 2
