"""Polynomials of expressions: equal however they are written."""

import ast
from fractions import Fraction

import pytest

from greeks_cli.terms.formulas.polynomials import difference, polynomial, ratio


def of(text):
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(S[-1] - K) ** 2", "S[-1] * S[-1] - 2 * K * S[-1] + K ** 2"),
        ("S[-1] / K - 1", "(S[-1] - K) / K"),
        ("-(S[0] - S[1]) * 3", "3 * S[1] - S[0] - S[0] - +S[0]"),
        ("S[-1] / (S[0] + 1) * (S[0] + 1) - S[-1] * 1.0", "S[-1] * (S[0] + 1) / (S[0] + 1) - S[-1]"),
    ],
)
def test_expressions_that_are_equal_have_one_polynomial(one, other):
    assert polynomial(of(one)) == polynomial(of(other))


@pytest.mark.parametrize(
    ("one", "other", "times"),
    [("S[-1] - K", "K - S[-1]", -1), ("(S[-1] - K) / 4", "2 * S[-1] - 2 * K", 0.125), ("K - K", "S[-1] - K", 0)],
)
def test_ratio_of_multiples_is_a_number(one, other, times):
    assert ratio(of(one), of(other)) == times


@pytest.mark.parametrize(("one", "other"), [("S[-1] - K", "S[-1] + K"), ("S[-1]", "K - K"), ("S[-1]", "S[0]")])
def test_other_ratios_are_no_numbers(one, other):
    assert ratio(of(one), of(other)) is None


def test_differences_by_a_positive_factor_are_one():
    is_positive = lambda atom: atom.startswith("Subscript(")  # noqa: E731
    usual, sign = difference(of("S[-1]"), of("K"), is_positive)
    assert sign == -1
    assert sorted(usual.values()) == [Fraction(-1), Fraction(1)]
    for one, other in [("2 * S[-1]", "K + K"), ("1", "K / S[-1]"), ("S[-1] ** 2", "S[-1] * K")]:
        assert difference(of(one), of(other), is_positive) == (usual, sign)
    assert difference(of("K"), of("S[-1]"), is_positive) == (usual, 1)
    assert difference(of("S[-1] * K"), of("K ** 2"), is_positive) != (usual, sign)  # the sign of K is not known


def test_long_products_are_atoms():
    assert len(polynomial(of("(" + "+".join(f"S[{k}]" for k in range(20)) + ") ** 3"))) == 1
