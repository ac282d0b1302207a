"""Formula payoffs: the built-in contracts written as formulas, and the refusal of all other text."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import FormulaError, InvalidInput, NonFiniteEstimate
from greeks_cli.terms.formulas.grammar import parse_formula
from greeks_cli.terms.formulas.payments import Fixings
from tests.conftest import assert_narrow

GREEKS = "delta,gamma,vega,theta"


def fixings_of(n):
    """Fixings of one underlying, a year apart."""
    return Fixings(tuple(range(1, n + 1)), n)


SAME = [
    ("max(S[-1] - K, 0)", {"K": 100}, 1, {"kind": "european", "strike": 100}),
    ("max(0, K - S[0])", {"K": 100}, 1, {"kind": "european", "strike": 100, "type": "put"}),
    ("abs(S[-1] - K)", {"K": 100}, 1, {"kind": "straddle", "strike": 100}),
    ("max(mean(S) - K, 0)", {"K": 95}, 4, {"kind": "asian", "strike": 95, "fixings": 4}),
    ("max(sum(S) / 4 - K, 0)", {"K": 95}, 4, {"kind": "asian", "strike": 95, "fixings": 4}),
    ("max(K - gmean(S), 0)", {"K": 95}, 4,
     {"kind": "asian", "strike": 95, "fixings": 4, "type": "put", "average": "geometric"}),
    ("2 if S[-1] > K else 0", {"K": 100}, 1, {"kind": "digital", "strike": 100, "cash": 2}),
    ("where(S[-1] > K, S[-1], 0)", {"K": 100}, 1, {"kind": "digital", "strike": 100, "payout": "asset"}),
    ("max(S[-1] - K, 0) * where(min(S) > H, 1, 0)", {"K": 100, "H": 90}, 3,
     {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": "down-out", "monitoring": 3}),
    ("max(S[-1] - K, 0) if all(S > H) else 0", {"K": 100, "H": 90}, 3,
     {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": "down-out", "monitoring": 3}),
    ("max(S[-1] - K, 0) if any(S <= H) and not K < 0 else 0", {"K": 100, "H": 90}, 3,
     {"kind": "barrier", "strike": 100, "barrier": 90, "barrier_type": "down-in", "monitoring": 3}),
    ("max(S[1] - S[0], 0)", {}, 2, {"kind": "forward-start", "start": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("payoff", "param", "fixings", "contract"), SAME, ids=lambda value: value if isinstance(value, str) else ""
)
def test_formula_is_priced_as_the_built_in_contract(payoff, param, fixings, contract):
    formula = {"kind": "formula", "payoff": payoff, "param": param, "fixings": fixings}
    typed = run(build_request(formula, {"vol": 0.2}, {"paths": 60_000}, GREEKS))
    built = run(build_request(contract, {"vol": 0.2}, {"paths": 60_000}, GREEKS))
    assert typed["price"].value == pytest.approx(built["price"].value, rel=1e-9)
    for one, other in zip(typed.estimates, built.estimates, strict=True):
        # The same paths, but perhaps other kinks, and so other widths or another estimator.
        assert abs(one.value - other.value) <= 4 * (one.stderr + other.stderr) + one.bias + other.bias + 1e-12, (
            one.greek
        )
    assert typed["price"].stderr == pytest.approx(built["price"].stderr, rel=1e-9)
    assert_narrow(built)
    assert_narrow(replace(typed, request=built.request))


def test_formula_parameters_are_differentiated():
    formula = {"kind": "formula", "payoff": "max(S[-1] - K, 0)", "param": {"K": 100}}
    typed = run(build_request(formula, {"vol": 0.2}, {"paths": 50_000}, "d(K),d(spot,K)"))
    built = run(build_request({"strike": 100}, {"vol": 0.2}, {"paths": 50_000}, "dual_delta,d(spot,strike)"))
    for one, other in zip(typed.estimates, built.estimates, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)


def test_fixing_today_is_the_spot():
    formula = {"kind": "formula", "payoff": "S[0]", "fixing_times": [0, 1]}
    result = run(build_request(formula, {"vol": 0.2, "rate": 0}, {"paths": 1000}, "delta"))
    assert [estimate.value for estimate in result.estimates] == pytest.approx([100, 1])


WRONG = [
    ("S", "is a value at every date", 0),
    ("S[-1] > 3", "use where(condition, 1, 0)", 0),
    ("1 + foo", "unknown name 'foo'", 4),
    ("1 + maxx(S)", "did you mean 'max'", 4),
    ("max(S", "not a formula", 3),
    ("S[7]", "S has the fixings 0 to 3", 2),
    ("S[-1] ** S[0]", "a power must be a plain number", 0),
    ("S[-1] == 3", "prices are compared by", 0),
    ("mean(S[-1])", "mean of one argument wants a value at every date", 5),
    ("where(S[-1], 1, 2)", "a condition is wanted here", 6),
    ("1 + (S[0] > 2)", "a condition is not a number", 5),
    ("sqrt(S[0], 2)", "takes one argument", 0),
    ("max(S, key=3)", "not allowed here", 0),
    ("().__class__", "not allowed here", 0),
    ("__import__('os').system('true')", "not allowed here", 0),
    ("[x for x in S][0]", "not allowed here", 0),
    ("lambda: 1", "not allowed here", 0),
    ("'text'", "not allowed here", 0),
    ("1e999", "too large", 0),
    ("True", "not numbers", 0),
    ("", "not a formula", 0),
    ("-" * 200 + "1", "nested more than", 41),
    ("1+" * 1100 + "1", "at most 2000", 2000),
    ("1+" * 250 + "1", "more than 250 terms", 0),
    ("S[-1]+max(" * 41 + "0" + ",1)" * 41, "nested more than", 200),
    ("1+" * 125 + "max(" + "1+" * 125 + "1, 2)", "more than 250 terms", 250),
    ("é + S[0]", "unknown name", 0),
    ("S[-1] # \x1b[31m", "no comments and no control characters", 6),
    ("max(S[-1],\n0)", "no comments and no control characters", 10),
    ("S[-1]\u202e", "no comments and no control characters", 5),
]


@pytest.mark.parametrize(("text", "message", "column"), WRONG, ids=lambda value: str(value)[:20])
def test_a_bad_formula_gets_a_remedy_and_a_caret(text, message, column):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text, {}, fixings_of(4))
    assert message in str(caught.value)
    assert caught.value.detail[1] == "  " + " " * min(column, 50) + "^"


LONG = ["+".join(["S[-1]"] * 250), "1*" * 248 + "max(S[-1], 1)*1", "-".join(["max(S[-1]-1,0)"] * 30)]


@pytest.mark.parametrize("payoff", [*LONG, f"where(S[-1] > 1, {LONG[0]}, 0)"], ids=lambda text: text[:8])
def test_long_sums_and_products_are_priced(payoff, greeks):
    outcome = greeks("price", "--contract", "formula", "--payoff", payoff, "--vol", "0.2", "--greeks", "delta,vega")
    assert (outcome.code, outcome.err) == (0, "")


@settings(max_examples=10_000, deadline=None)
@given(st.one_of(st.text(max_size=60), st.text("S[]()+-*/<>=,.KH0159 maxinwhere", max_size=40)))
def test_random_text_is_a_formula_or_a_clear_error(text):
    refused = None
    try:
        parsed = parse_formula(text, {"K": 1.0, "H": 2.0}, fixings_of(3))
    except FormulaError as error:
        refused = error
    if refused is None:
        assert parsed is not None
    else:
        assert len(str(refused)) > 10
        assert refused.detail[1].strip() == "^"


def test_the_command_shows_the_caret(greeks):
    outcome = greeks("price", "--contract", "formula", "--payoff", "max(S[-1] - K, 0)", "--vol", "0.2")
    assert outcome.code == 2
    assert outcome.err.splitlines() == [
        "greeks: --payoff: unknown name 'K'; set it with --param K=..., or choose from S",
        "  max(S[-1] - K, 0)",
        "              ^",
    ]


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("K", "--param: 'K' is not a parameter; write K=100"),
        ("S=3", "param 'S' cannot be a name"),
        ("vol=3", "param 'vol' cannot be a name"),
        ("K=x", "--param: x: should be a valid number"),
        ("1=2", "param '1' cannot be a name"),
    ],
)
def test_a_bad_parameter_is_refused(greeks, param, message):
    outcome = greeks("price", "--contract", "formula", "--payoff", "S[-1]", "--vol", "0.2", "--param", param)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


def test_nan_payoff_names_the_greek():
    request = build_request({"kind": "formula", "payoff": "log(0 - S[-1])"}, {"vol": 0.2}, {"paths": 1000}, "price")
    with pytest.raises(NonFiniteEstimate, match="price: the estimate is nan"):
        run(request)


def test_division_by_zero_is_invalid_input():
    request = build_request({"kind": "formula", "payoff": "1 / (2 - 2)"}, {"vol": 0.2}, {}, "price")
    with pytest.raises(InvalidInput, match=r"--payoff: .* has no value: float division by zero"):
        run(request)


@pytest.mark.parametrize("payoff", ["(0-1)**0.5", "1/0", "log(0-1)", "exp(1000)", "sqrt(0-4)"])
def test_constants_without_a_value_are_refused(payoff):
    request = build_request({"kind": "formula", "payoff": payoff}, {"vol": 0.2}, {"paths": 1000}, "price")
    with pytest.raises(InvalidInput, match="a part of it has no value"):
        run(request)


def test_negative_powers_are_priced():
    formula = {"kind": "formula", "payoff": "S[-1]**-1 * 10000"}
    assert run(build_request(formula, {"vol": 1e-6, "rate": 0}, {"paths": 1000}, "price"))[
        "price"
    ].value == pytest.approx(100)


def test_a_kink_at_a_value_known_today_is_refused():
    formula = {"kind": "formula", "payoff": "max(S[0] - 100, 0)", "fixing_times": [0, 1]}
    with pytest.raises(InvalidInput, match="bends exactly at a value that is known today"):
        run(build_request(formula, {"vol": 0.2}, {"paths": 1000}, "gamma"))
    assert run(build_request(formula, {"vol": 0.2}, {"paths": 1000}, "price"))["price"].value == 0


@pytest.mark.parametrize(
    "payoff", ["0*log(S[-1]-100)+S[-1]", "log(S[-1]-100)-log(S[-1]-100)", "a*sqrt(S[-1]-100)+S[-1]"]
)
@pytest.mark.parametrize("greeks", [[], "delta"])
def test_nan_that_cancels_in_the_payoff_is_an_error(payoff, greeks):
    contract = {"kind": "formula", "payoff": payoff, "param": {"a": 0.0} if "a*" in payoff else {}}
    with pytest.raises(NonFiniteEstimate):
        run(build_request(contract, {"vol": 0.2}, {"paths": 4000}, greeks))


def test_derivative_at_a_kink_of_parameters_alone_is_refused():
    contract = {"kind": "formula", "payoff": "max(K-90,0)+max(S[-1]-K,0)", "param": {"K": 100.0}}
    assert run(build_request(contract, {"vol": 0.2}, {"paths": 4000}, "delta"))["price"].value > 10
    with pytest.raises(InvalidInput, match="bends in parameters alone"):
        run(build_request(contract, {"vol": 0.2}, {"paths": 4000}, "d(K)"))


@pytest.mark.parametrize(
    ("payoff", "fixings", "settled"),
    [
        (
            "mean(where(S > 90, mean(sqrt(S - 20)), 0))",
            2,
            lambda S: np.where(S > 90, np.sqrt(S - 20).mean(0), 0).mean(0),
        ),
        ("min(100, max(K, S[-1])) * where(K <= 100, 1, 0)", 1, lambda S: np.full(S.shape[1], 100.0)),
        ("where(not S[-1] <= min(mean(S), min(S), S[-1]), 0, 1)", 2, lambda S: S[-1] <= S.min(0)),
        ("where(max(S) >= S[-1], 1, 0) * where(max(S) > S[-1], 0, 1)", 2, lambda S: S.max(0) == S[-1]),
        ("where(sum(where(S > K, 1, 0)) >= 2, 1, 0)", 3, lambda S: (S > 100).sum(0) >= 2),
        ("where(min(S[-1], 120) >= 120, 1, 0)", 1, lambda S: S[-1] >= 120),
        ("sum(S**0) + S[-1] * mean(S**0)", 2, lambda S: 2 + S[-1]),
        ("sum(where(S >= S, 1, 0)) * where(S[-1] > K, 1, 0)", 2, lambda S: 2 * (S[-1] > 100)),
        ("log(S[-1] - 50) if S[-1] > 51 else 0", 1, lambda S: np.log(np.where(S[-1] > 51, S[-1] - 50, 1))),
        ("S[-1]", 1, lambda S: S[-1]),
    ],
)
def test_price_is_the_mean_of_the_formula_on_the_same_paths(payoff, fixings, settled):
    param = {"K": 100.0} if "K" in payoff else {}
    contract = {"kind": "formula", "payoff": payoff, "param": param, "fixings": fixings}
    request = build_request(contract, {"vol": 0.3}, {"paths": 4000}, "delta,rho,theta")
    blocks = plan(request).blocks
    paid = []
    for block in range(blocks.count):
        motion = Motion(request.contract.dates, blocks.normals(block))
        paid.append(settled(100 * PathData(motion, Markets.of([request])).growths))
    price = run(request)["price"]
    assert price.value == pytest.approx(np.exp(-0.01) * np.concatenate(paid).mean(), rel=1e-9)
