"""Formulas that have begun: their past fixings, beside the built-in contracts and the formula of all fixings."""

import ast

import numpy as np
import pytest

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.payoffs.formula import _Walker
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.formulas.grammar import parse_formula
from greeks_cli.terms.formulas.observed import with_past
from greeks_cli.terms.formulas.opened import opened
from greeks_cli.terms.formulas.payments import Fixings

MARKET = {"spot": 100.0, "vol": 0.25, "rate": 0.04, "dividend_yield": 0.01}
PAST = [92.0, 97.0, 103.0]
SAME = [
    ("max(mean(S) - K, 0)", {"K": 98}, PAST, 5, {"kind": "asian", "strike": 98, "fixings": 5, "past_fixings": PAST}),
    ("max(K - gmean(S), 0)", {"K": 98}, PAST, 5,
     {"kind": "asian", "strike": 98, "fixings": 5, "type": "put", "average": "geometric", "past_fixings": PAST}),
    ("max(S[-1] - 0.9 * S[0], 0)", {}, [97], 1, {"strike": 0.9 * 97}),
    ("max(S[-1] - K, 0) if all(S > H) else 0", {"K": 98, "H": 90}, PAST, 3,
     {"kind": "barrier", "strike": 98, "barrier": 90, "barrier_type": "down-out", "monitoring": 3}),
    ("max(S[-1] - K, 0) * where(min(S) > H, 1, 0)", {"K": 98, "H": 90}, PAST, 3,
     {"kind": "barrier", "strike": 98, "barrier": 90, "barrier_type": "down-out", "monitoring": 3}),
    ("where(H < min(S), 1, 0) * max(S[-1] - K, 0)", {"K": 98, "H": 92.1}, PAST, 3,
     {"kind": "barrier", "strike": 98, "barrier": 92.1, "barrier_type": "down-out", "knocked": "out"}),
    ("max(S[-1] - K, 0) * where(any(S <= H), 1, 0)", {"K": 98, "H": 92.1}, PAST, 1, {"strike": 98}),
    ("max(max(S) - K, 0)", {"K": 98}, PAST, 3,
     {"kind": "lookback", "strike": 98, "running_extreme": 103, "monitoring": 3}),
    ("S[-1] - min(S)", {}, PAST, 3,
     {"kind": "lookback", "strike_kind": "floating", "running_extreme": 92, "monitoring": 3}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("payoff", "param", "past", "fixings", "contract"), SAME, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_formula_that_has_begun_is_priced_as_the_built_in_contract(payoff, param, past, fixings, contract):
    formula = {"kind": "formula", "payoff": payoff, "param": param, "fixings": fixings, "past_fixings": past}
    wanted = MARKET, {"paths": 60_000}, "delta,gamma,vega,theta"
    typed, built = run(build_request(formula, *wanted)), run(build_request(contract, *wanted))
    for one, other in zip(typed.estimates, built.estimates, strict=True):
        truth = other.value if other.exact is None else other.exact
        assert abs(one.value - truth) <= 4 * (one.stderr + other.stderr) + one.bias + other.bias + 1e-12, one.greek


def test_a_parameter_that_only_past_fixings_meet_has_no_greek():
    formula = {"kind": "formula", "payoff": "max(S[-1] - K, 0) if S[0] > H else 0", "param": {"K": 98, "H": 91.99}}
    found = run(build_request({**formula, "past_fixings": [92]}, MARKET, {"paths": 20_000}, "d(H),d(K)"))
    same = run(build_request({"strike": 98}, MARKET, {"paths": 20_000}, "dual_delta"))
    assert (found["d(H)"].value, found["d(K)"].value) == (0, pytest.approx(same["dual_delta"].value, rel=1e-12))


FORMULAS = [
    "mean(S)", "gmean(S)", "sum(S)", "max(S)", "min(S)", "S[0]", "S[-1]", "S[1] / S[-2]",
    "where(any(S > K), 1, 0)", "where(all(S > H), 1, 0)", "where(any(S > mean(S)), S[2], S[-1])",
    "sum(max(S - K, 0))", "mean(abs(S - mean(S)))", "max(min(S, K))", "min(where(S > K, S, H))",
    "sum(where(S[0] > K, S, H))",
    "max(mean(S) - K, 0) * where(min(S) > H, 1, 0)", "K - 1 if min(S) <= H else max(S)",
    "K if max(S) >= H > min(S) else 1",
    "where(not (S[0] > K or min(S[1], S[-1]) < H), 2, sqrt(S[0]))", "exp(log(S[0]) - log(K)) ** 2 + S[-1] ** -1",
    "where(max(S) < K and min(H, 95) < max(S), 3, 4)", "max(abs(K - H), abs(S[0] - H), S[-1])", "-sum(-S) + abs(-K)",
    "where(H < max(S), 1, 0) + 10 * where(K >= min(S), 1, 0)", "sum(S) / (max(S) - min(S) + 1)",
    "1 / S[0] + mean(1 / S)",
]  # fmt: skip


FIXINGS = Fixings((1, 2, 3, 4, 5, 6), 6)


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("n_past", [1, 3, 5, 6])
def test_the_formula_of_the_fixings_to_come_is_the_formula_of_all(text, n_past):
    draw = np.random.default_rng(n_past)
    for _ in range(20):
        fixings = draw.integers(90, 110, (6, 50)).astype(float)  # whole numbers meet the parameters
        fixings[:n_past] = fixings[:n_past, :1]
        values = {"K": float(draw.integers(90, 110)), "H": float(draw.integers(90, 110))}
        tree = parse_formula(text, values, FIXINGS)
        rewritten = with_past(parse_formula(text, values, FIXINGS), fixings[:n_past, 0].tolist(), 6 - n_past, values)
        whole = values_of(_Walker(values, {"S": fixings}, None, Sharp(), None).value(tree))
        found = values_of(_Walker(values, {"S": fixings[n_past:]}, None, Sharp(), None).value(rewritten))
        assert found + np.zeros(50) == pytest.approx(whole + np.zeros(50), rel=1e-12), ast.unparse(rewritten)


def test_ten_thousand_past_fixings_are_few_operations():
    formula = {"kind": "formula", "payoff": "max(mean(max(S - K, 0)) - 1, 0)", "param": {"K": 98}, "fixings": 2}
    past = [float(price) for price in range(50, 150)] * 100
    found = run(build_request({**formula, "past_fixings": past}, MARKET, {"paths": 1000}, ""))
    assert found["price"].value == pytest.approx(
        np.exp(-0.04) * (np.maximum(np.array(past) - 98, 0).mean() - 1), rel=1e-2
    )


@pytest.mark.parametrize(
    ("payoff", "message"),
    [
        ("S[4]", "S has the fixings 0 to 3; S[-1] is the last"),
        ("S[-5]", "S has the fixings 0 to 3; S[-1] is the last"),
        ("1 / (S[0] - 92) + S[-1]", "a part of it has no value"),
        ("log(S[0] - 93) + S[-1]", "a part of it has no value"),
    ],
)
def test_mistakes_with_past_fixings_are_one_line(payoff, message):
    formula = {"kind": "formula", "payoff": payoff, "past_fixings": PAST}
    with pytest.raises(InvalidInput) as refused:
        run(build_request(formula, MARKET, {"paths": 1000}, ""))
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "named", "numbers"),
    [
        ("max(sum(S) / 4 - 98.5, 0)", "max(sum(S) / `0` - `1`, 0)", (4.0, 98.5)),
        ("S[-1] ** 2 + 0.5 * S[0]", "S[-1] ** 2 + `0` * S[0]", (0.5,)),
        ("max(S[-1] - K * 1.5, 0)", "max(S[-1] - K * 1.5, 0)", ()),
        ("S[-1] - 7 if 2 > 1 else 0", "S[-1] - 7 if 2 > 1 else 0", ()),
        ("any(min(S, 95) < 90) * 3", "any(min(S, `0`) < `1`) * `2`", (95.0, 90.0, 3.0)),
    ],
)
def test_numbers_that_meet_fixings_are_open_and_those_that_decide_are_not(text, named, numbers):
    found, of = opened(ast.parse(text, mode="eval").body)
    shown = ast.unparse(found)
    for place in range(len(of)):
        shown = shown.replace(f"number {place}", f"`{place}`")
    assert (shown, of) == (named, numbers)
