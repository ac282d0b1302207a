"""Our exp, log, log1p, sin and cos: their errors, their ends, and equal bits with and without AVX-512."""

import math

import mpmath
import numpy as np
import pytest

from greeks_cli.engine.backends import code
from greeks_cli.engine.backends.elementary import FUNCTIONS
from greeks_cli.engine.backends.native import Compiler
from greeks_cli.engine.backends.portable import PORTABLE

DRAW = np.random.default_rng(5)
ARGUMENTS = {
    np.exp: np.concatenate([DRAW.uniform(-5, 5, 500), DRAW.uniform(-707, 709.7, 500)]),
    np.log: np.concatenate([np.exp(DRAW.uniform(-600, 600, 500)), DRAW.uniform(0.5, 2, 500)]),
    np.log1p: np.concatenate([np.exp(-DRAW.uniform(0, 40, 500)), DRAW.uniform(-0.999, 3, 500)]),
    np.sin: np.concatenate([DRAW.uniform(-100, 100, 500), DRAW.uniform(-1e8, 1e8, 500)]),
    np.cos: np.concatenate([DRAW.uniform(-100, 100, 500), DRAW.uniform(-1e8, 1e8, 500)]),
}
assert ARGUMENTS.keys() == FUNCTIONS.keys()
ENDS = [0.0, np.inf, -np.inf, np.nan, -1.0, -2.0, 1.0, 709.0, 710.0, -1e9, 1e300, 1e-300, 5e-324, 2.5, 0.3]


@pytest.mark.parametrize("function", ARGUMENTS, ids=lambda function: function.__name__)
def test_errors_are_below_two_units_in_the_last_place(function):
    x = ARGUMENTS[function]
    with mpmath.workprec(200):
        true = [getattr(mpmath, function.__name__)(mpmath.mpf(float(one))) for one in x]
        errors = [
            abs(mpmath.mpf(float(y)) - t) / np.spacing(abs(float(t)))
            for y, t in zip(PORTABLE[function](x), true, strict=True)
        ]
    assert max(errors) < 2


@pytest.mark.parametrize("function", ARGUMENTS, ids=lambda function: function.__name__)
@np.errstate(all="ignore")
def test_zero_infinity_and_nan_give_what_numpy_gives(function):
    ends = np.array(ENDS if function not in (np.sin, np.cos) else [one for one in ENDS if abs(one) != 1e300])
    np.testing.assert_allclose(PORTABLE[function](ends), function(ends), rtol=1e-14, atol=1e-300)


def test_sin_and_cos_are_nan_where_no_digit_would_be_right():
    assert np.isnan(PORTABLE[np.sin](np.array([1e10, -1e300]))).all()


def test_exp_is_zero_where_it_would_be_denormal():
    assert list(PORTABLE[np.exp](np.array([-708.5, -745.0]))) == [0.0, 0.0]
    assert PORTABLE[np.exp](-707.0) == pytest.approx(math.exp(-707.0), rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("function", ARGUMENTS, ids=lambda function: function.__name__)
def test_bits_are_those_of_a_processor_without_avx512(monkeypatch, function, dtype):
    with np.errstate(all="ignore"):
        x = ARGUMENTS[function].astype(dtype)
        here = PORTABLE[function](x)
        monkeypatch.setattr(code, "_CODE", {})
        monkeypatch.setattr(code, "compiler", lambda: Compiler("x86-64-v3"))
        assert np.array_equal(here, PORTABLE[function](x), equal_nan=True)


def test_types_and_shapes_are_those_of_numpys_functions():
    x = np.linspace(-1, 1, 24).reshape(2, 12)
    out = np.empty_like(x)
    assert PORTABLE[np.exp](x, out=out) is out
    assert PORTABLE[np.exp](x.T).shape == (12, 2)
    assert type(PORTABLE[np.exp](1.0)) is np.float64
    assert PORTABLE[np.exp](x.astype(np.float32)).dtype == np.float32
    assert PORTABLE[np.exp](1j * np.pi) == np.exp(1j * np.pi)


@np.errstate(all="ignore")
def test_powers_are_numpys_but_for_the_last_place():
    bases, exponents = np.array([[0.3], [-2.0], [0.0], [1e200], [np.inf]]), np.array([2.0, -1.0, 0.5, 3.0, 0.0])
    np.testing.assert_allclose(PORTABLE[np.power](bases, exponents), np.power(bases, exponents), rtol=1e-15)
    assert PORTABLE[np.power](np.float32(3), 2.0).dtype == np.float32
    assert PORTABLE[np.power](0.1, 2.0) == pytest.approx(0.01, rel=1e-15)
