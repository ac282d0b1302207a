"""Elementary functions act on numbers, arrays and Variables alike; kinks use their kernels in order."""

import math

import numpy as np
import pytest

from greeks_cli.engine.autodiff import ops
from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.terms.errors import InvalidInput


@pytest.mark.parametrize("name", ["exp", "log", "sqrt"])
def test_function_has_one_value_for_numbers_arrays_and_variables(name):
    function, expected = getattr(ops, name), getattr(math, name)(0.3)
    assert function(0.3) == expected
    assert function(np.array(0.3)) == expected
    np.testing.assert_allclose(function(np.array([0.3])), [expected], rtol=1e-15)
    np.testing.assert_allclose(function(chainer.Variable(np.array([0.3]))).array, [expected], rtol=1e-15)


def test_only_differentiated_parameters_are_variables():
    leaves = ops.make_leaves({"spot": 100.0, "vol": 0.2}, {"spot"}, 3, np.float32)
    assert ops.is_variable(leaves["spot"])
    assert leaves["spot"].dtype == np.float32
    assert leaves["vol"] == 0.2


def test_sums_and_rows_keep_what_they_are_made_of():
    rows = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ops.total(rows), [3, 5, 7])
    np.testing.assert_array_equal(ops.total(chainer.Variable(rows)).array, [3, 5, 7])
    assert ops.concat([rows, chainer.Variable(rows)]).shape == (4, 3)
    assert ops.minimum(1.0, 2.0) == 1.0


def test_number_beside_float32_paths_is_rounded_to_their_type():
    assert ops.as_constant(np.array(0.1, np.float32)) == np.float32(0.1)
    assert ops.as_constant(0.1) == 0.1


@pytest.mark.parametrize("n_rows", range(1, 6))
def test_sharp_maximum_is_that_of_the_rows(n_rows):
    rows = np.random.default_rng(n_rows).standard_normal((n_rows, 50))
    found = Smoother([Kernel.plain(0)] * n_rows).maximum(rows)
    np.testing.assert_allclose(getattr(found, "array", found), rows.max(axis=0), atol=1e-15)


def test_kink_without_a_kernel_is_refused():
    smoother = Smoother([Kernel.plain(0)])
    smoother.step(np.ones(2))
    with pytest.raises(InvalidInput, match="bends in parameters alone"):
        smoother.positive_part(np.ones(2))
