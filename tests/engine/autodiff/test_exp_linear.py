"""The exponential of a linear form: derivatives of every order are those of the function."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import F, chainer
from greeks_cli.engine.autodiff.exp_linear import Coefficients, ExpLinear
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.path_nodes import evaluate, log_of

W = np.random.default_rng(1).standard_normal((2, 5))
AT = np.array([0.5, 2.0])
"""Two dates."""
A, B, S = 0.3, 0.7, 50.0


class _Form(Coefficients):
    """L = a b t + a^2 W less its value at (a, b); coefficients of 1 and of W."""

    TABLE = {  # noqa: RUF012
        ("a",): (B * AT, [2 * A] * 2), ("b",): (A * AT, [0] * 2), ("a", "b"): (AT, [0] * 2),
        ("a", "a"): ([0] * 2, [2] * 2),
    }  # fmt: skip

    def pattern(self, index):
        found = self.TABLE.get(tuple(sorted(index)))
        return None if found is None else np.array(found) != 0

    def _of(self, index, row):
        return np.array(self.TABLE[tuple(sorted(index))][row], float)

    def number(self, index, row, date, rounded):
        return self._of(index, row)[date : date + 1]

    def column(self, index, row, dates):
        return self._of(index, row)[dates, None]

    def vector(self, index, row, dates):
        return self._of(index, row)[dates]


def value_at(a, b, s):
    return s / S * 100 * np.exp((a * b - A * B) * AT[:, None] + (a * a - A * A) * W)


FORM = ExpLinear(_Form(), [None, W], lambda dates: value_at(A, B, S)[dates], "s", np.array([S]))


def exact(index):
    """By hand, with L_a = b t + 2 a W, L_b = a t."""
    one, value = 1 / S, value_at(A, B, S)
    slope_a, slope_b, t = B * AT[:, None] + 2 * A * W, A * AT[:, None], AT[:, None]
    return value * {
        (): 1.0, ("s",): one, ("a",): slope_a, ("b",): slope_b, ("a", "s"): one * slope_a, ("s", "s"): 0 * t,
        ("a", "b"): slope_a * slope_b + t, ("a", "a"): slope_a**2 + 2 * W, ("b", "b"): slope_b**2,
        ("a", "b", "b"): slope_a * slope_b**2 + 2 * t * slope_b,
    }[index]  # fmt: skip


INDICES = [(), ("s",), ("a",), ("b",), ("a", "s"), ("s", "s"), ("a", "b"), ("a", "a"), ("b", "b"), ("a", "b", "b")]


def found(index, dates, summed=False):
    leaves = {name: chainer.Variable(np.full(5, value)) for name, value in (("a", A), ("b", B), ("s", S))}
    value = evaluate(FORM, leaves, dates, summed)
    value = value if summed or isinstance(dates, int) else chainer.functions.sum(value, axis=0)
    return by_grad(value, leaves, [index])[index]


@pytest.mark.parametrize("index", INDICES, ids="-".join)
def test_derivatives_at_one_date_at_all_dates_and_of_the_sum_are_exact(index):
    np.testing.assert_allclose(found(index, 1), np.broadcast_to(exact(index), (2, 5))[1], rtol=1e-12)
    for summed in (False, True):
        np.testing.assert_allclose(found(index, slice(0, 2), summed), exact(index).sum(axis=0), rtol=1e-12)


def test_derivative_twice_in_the_scale_vanishes():
    assert FORM.vanishes(("s", "s"))
    assert not FORM.vanishes(("a", "s"))


def test_plain_leaves_give_plain_arrays():
    np.testing.assert_array_equal(evaluate(FORM, {"a": A, "b": B}, 0), value_at(A, B, S)[0])


@pytest.mark.parametrize("summed", [False, True])
def test_logarithm_is_linear(summed):
    """Derivatives of every order of w (log x)^2 by the linear form are those by the logarithm of the quantity."""
    n = W.shape[1]

    def found(logarithm):
        leaves = {name: chainer.Variable(np.full(n, value)) for name, value in (("a", A), ("b", B), ("s", S))}
        logs = logarithm(evaluate(FORM, leaves, slice(0, 2)))
        value = F.sum(logs * logs * leaves["b"], axis=0) if logs.ndim == 2 else logs * logs * leaves["b"]
        return by_grad(value, leaves, INDICES)

    linear = found(lambda x: log_of(x, summed))
    plain = found(lambda x: F.sum(F.log(x), axis=0) if summed else F.log(x))
    for index in INDICES:
        np.testing.assert_allclose(linear[index], plain[index], rtol=1e-11, atol=1e-11)
    assert log_of(value_at(A, B, S), summed).shape == ((n,) if summed else (2, n))
