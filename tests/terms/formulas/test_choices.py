"""Choices of a formula are lifted out of comparisons and functions; each rewritten formula has the same values."""

import ast

import numpy as np
import pytest

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.payoffs.formula import _Walker
from greeks_cli.terms.contracts.catalogue import ON_ONE
from greeks_cli.terms.formulas.choices import folded, is_guarded, is_open, is_tangled, jumps
from greeks_cli.terms.formulas.lifting import lifted

LIFTED = {
    "where(where(S[-1] > K, 1, 0) > 0.5, 1, 0)": "0 if K >= S[-1] else 1",
    "10 / (1 + where(S[-1] > K, 1, 0))": "10.0 if K >= S[-1] else 5.0",
    "where(S[-1] > K and S[-1] > K and S[-1] > K, 1, 0)": "0 if K >= S[-1] else 1",
    "where(max(S[-1] - K, 0) > 0, 1, 0)": "0 if K >= S[-1] else 1",
    "where(max(S[-1] - K, 0) > 10, 1, 0)": None,
    "(S[-1] - K) / abs(S[-1] - K)": "-1.0 if K >= S[-1] else 1.0",
    "abs(S[-1] - K) / (S[-1] - K) * 5": "-5.0 if K >= S[-1] else 5.0",
    "abs(S[-1] - K) * (1 / (S[-1] - K))": "-1.0 if K >= S[-1] else 1.0",
    "(abs(S[-1] - K) + S[-1] - K) / (S[-1] - K)": "0.0 if K >= S[-1] else 2.0",
    "(K - S[-1]) / ((S[-1] - K) ** 2) ** 0.5": "1.0 if K >= S[-1] else -1.0",
    "max(S[-1] - K, 0) / abs(S[-1] - K)": "0.0 if K >= S[-1] else 1.0",
    "(S[-1] - K) / max(S[-1] - K, K - S[-1])": "-1.0 if K - S[-1] >= S[-1] - K else 1.0",
    "where(2 * S[-1] > 2 * K and S[-1] - K > 0, 1, 0)": "0 if 2 * K >= 2 * S[-1] else 1",
    "where(K / S[-1] < 1 and S[-1] > K, 1, 0)": "0 if K / S[-1] >= 1 else 1",
    "where(exp(S[-1] / 100) > exp(K / 100) and S[-1] > K, 1, 0)": "0 if K / 100 >= S[-1] / 100 else 1",
    "min(S[-1], 100) * max(S[-1], 100)": "S[-1] * 100",
    "abs(abs(S[-1] - K) - 10)": None,
    "where(K < S[-1] < 120 or S[-1] > 140, 1, 0)": None,
    "where(not S[-1] > K, 1, 2) ** 2": None,
    "max(where(S[-1] > K, S[-1], 0), 105) - min(S[-1], K, 90)": None,
    "exp(where(S[-1] > K, 0.1, 0)) * 3": None,
    "where(min(S[-1], 120) >= 120, 1, 0)": None,
    "where(max(S[-1], K) <= K, 1, 0)": None,
    "where(max(S[-1] - K, 0) >= 0, 1, 0) + where(max(S[-1] - K, 0) < 0, 1, 0)": None,
    "where(where(S[-1] > K, 1, 0) >= 1, 1, 0)": None,
    "where(S[-1] > K or not S[-1] > 90, 1, 0) * abs(S[-1] - 100)": None,
}
"""Formulas, and what they become where that is short."""


def tree_of(text):
    return folded(ast.parse(text, mode="eval").body, {"K": 100.0})


def values(tree, S):
    """The values of a formula at some prices, without smoothing."""
    return np.broadcast_to(values_of(_Walker({"K": 100.0}, {"S": S[None]}, None, Sharp(), None).value(tree)), S.shape)


@pytest.mark.parametrize("text", LIFTED)
def test_lifted_formula_has_the_same_values_and_simple_conditions(text):
    tree = tree_of(text)
    found = lifted(tree)
    assert not is_tangled(found)
    if LIFTED[text] is not None:
        assert ast.unparse(found) == LIFTED[text]
    S = np.linspace(60, 160, 41) + 0.123
    np.testing.assert_allclose(values(found, S), values(tree, S), rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("max(S[-1] - 100, 0) ** 0", "1"),
        ("max(S[-1] - 100, 0) ** 1", "max(S[-1] - 100, 0)"),
        ("max(S[-1], S[-1])", "S[-1]"),
        ("min(S[-1], K, S[-1])", "min(S[-1], K)"),
        ("S[-1] ** 2", "S[-1] ** 2"),
        ("abs(max(S[-1] - K, 0)) + abs(S[-1])", "max(S[-1] - K, 0) + S[-1]"),
        ("max(abs(S[-1] - K), 0)", "abs(S[-1] - K)"),
        ("sqrt((S[-1] - K) ** 2)", "abs(S[-1] - K)"),
        ("sqrt((S[-1] - K) * (S[-1] - K))", "abs(S[-1] - K)"),
        ("((S[-1] - K) ** 4) ** 0.75", "abs(S[-1] - K) ** 3.0"),
        ("sqrt(S[-1] ** 2)", "S[-1]"),
    ],
)
def test_what_is_no_kink_is_folded(text, found):
    assert ast.unparse(tree_of(text)) == found


@pytest.mark.parametrize(
    "text", ["max(S[-1] - K, 0)", "where(S[-1] > K, S[-1], 0)", "abs(S[-1] - K) + 2 * min(S[-1], K)", "mean(S) - K"]
)
def test_sums_of_choices_are_not_tangled(text):
    assert not is_tangled(tree_of(text))


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("log(S[-1] - 50) if S[-1] > 51 else 0", True),
        ("where(S[-1] > K, 1 / (S[-1] - K + 1), 0)", True),
        ("where(S[-1] > K, sqrt(S[-1]), 0)", False),
        ("where(S[-1] > K, 100 / S[-1] + log(S[-1] + K), 0)", False),
        ("where(S[-1] > K, (S[-1] - K) ** 2, 0)", False),
        ("where(S[-1] > K, (S[-1] - K) ** 0.5, 0)", True),
        ("sqrt(max(S[-1] - K, 0))", False),
    ],
)
def test_branches_are_guarded_where_they_may_have_no_value(text, guarded):
    assert is_guarded(tree_of(text), {"K": 100.0}) is guarded


@pytest.mark.parametrize(
    ("text", "jumping"),
    [
        ("max(S[-1] - K, 0)", False),
        ("where(S[-1] > K, 1, 0)", True),
        ("(S[-1] - K) / abs(S[-1] - K)", True),
        ("sqrt(max(S[-1] - K, 0))", True),
        ("max(S[-1] - K, 0) ** 2", False),
    ],
)
def test_formulas_that_may_jump(text, jumping):
    assert jumps(tree_of(text), {"K": 100.0}) is jumping


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("abs(S[-1] - K) ** 3 / (S[-1] - K)", True),
        ("max(S[-1] - K, 0) ** 2 * (S[-1] - K) ** -1", True),
        ("max(S[-1] - K, 0) / S[-1]", False),
        ("max(S[-1] - K, 0) / max(S[-1] - K, 1)", False),
        ("1 / (S[-1] - K)", False),
    ],
)
def test_jumps_may_hide_in_quotients_of_choices(text, hidden):
    assert is_open(tree_of(text), {"K": 100.0}) is hidden


def test_formula_of_too_many_branches_is_left_as_it_is():
    tree = tree_of("+".join(f"abs(abs(S[-1] - {k}) - 1)" for k in range(90, 110)))
    assert lifted(tree) is tree


def test_kinks_alone_are_not_lifted():
    """Sharp first derivatives of nested kinks are right as they are."""
    formula = ON_ONE["formula"](kind="formula", payoff="abs(abs(S[-1] - K) - 10)", param={"K": 100}, fixings=1)
    assert not formula.jumps
    assert formula.tangled_kinks
    assert ast.unparse(formula.tree) == "abs(abs(S[-1] - K) - 10)"
