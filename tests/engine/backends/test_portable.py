"""Elementary functions in our own code: numbers and arrays that NumPy's take, with the bits of our own code."""

import numpy as np
import pytest

from greeks_cli.engine.backends.portable import PORTABLE

ONE_ARGUMENT = (np.exp, np.log, np.log1p, np.sin, np.cos)


@pytest.mark.parametrize("function", ONE_ARGUMENT, ids=lambda function: function.__name__)
def test_a_number_has_the_bits_of_the_same_number_in_an_array(function):
    own = PORTABLE[function]
    row = own(np.arange(1.0, 40.0))
    assert [float(own(float(x))) for x in range(1, 40)] == row.tolist()
    assert [float(own(x)) for x in range(1, 40)] == row.tolist()
    assert own(np.arange(1, 40)).tolist() == row.tolist()
    np.testing.assert_allclose(row, function(np.arange(1.0, 40.0)), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("function", ONE_ARGUMENT, ids=lambda function: function.__name__)
def test_types_and_shapes_are_numpys(function):
    for one in (np.ones((2, 3), np.float32), np.ones((2, 3)), np.float32(1), 1.0, np.ones(0)):
        ours, numpys = PORTABLE[function](one), function(one)
        assert (type(ours), ours.dtype, np.shape(ours)) == (type(numpys), numpys.dtype, np.shape(numpys))


def test_powers_are_numpys_where_they_have_no_value():
    bases, exponents = (
        np.ravel(one) for one in np.meshgrid([-1e200, -0.5, -0.0, 0.0, 0.5, 1e200], [-3.0, -0.5, 0.0, 2.5, 3.0])
    )
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(PORTABLE[np.power](bases, exponents), np.power(bases, exponents), rtol=1e-14)
    assert PORTABLE[np.power](2, 3) == 8
