"""Formulas with payments at dates, of one underlying and of several: exact values, a simulation, names."""

from math import exp, hypot

import numpy as np
import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput
from tests.contracts.joint import TWO, asked, assert_near

RATE, CORRELATION = 0.03, 0.5
MARKET = {"underlying": TWO, "correlation": CORRELATION, "rate": RATE}
TIMES = (0.3, 0.8, 1.2)
FORMULA = {"kind": "formula", "expiry": 1.2, "fixing_times": TIMES}


def simulated(payoff, n_paths=400_000):
    """The price by a simulation of its own, and its standard error; ``payoff`` takes prices of A and B by fixing."""
    steps = np.diff(TIMES, prepend=0.0)[:, None]
    one, other = np.random.default_rng(3).normal(size=(2, len(TIMES), n_paths))
    normals = {"A": one, "B": CORRELATION * one + (1 - CORRELATION**2) ** 0.5 * other}

    def prices(name):
        own = TWO[name]
        drift = RATE - own.get("dividend_yield", 0.0) - own["vol"] ** 2 / 2
        return own["spot"] * np.exp(np.cumsum(drift * steps + own["vol"] * steps**0.5 * normals[name], axis=0))

    values = payoff(prices("A"), prices("B"))
    return values.mean(), values.std() / n_paths**0.5


def discount(time):
    return exp(-RATE * time)


OF_TWO = [
    ("max(A[-1] / A0, B[-1] / B0)", lambda a, b: discount(1.2) * np.maximum(a[-1] / 100, b[-1] / 95)),
    (
        "pay(0.5, max(A[0] - 100, 0)) + pay(0.8, where(B[1] > B0, 7, 0)) + max(B[2] - A[2], 0)",
        lambda a, b: (
            discount(0.5) * np.maximum(a[0] - 100, 0)
            + discount(0.8) * 7 * (b[1] > 95)
            + discount(1.2) * np.maximum(b[2] - a[2], 0)
        ),
    ),
    (
        "pay(0.4, 5) if A[0] > B[0] else pay(0.9, max(B[1] - A[0], 0))",
        lambda a, b: np.where(a[0] > b[0], discount(0.4) * 5, discount(0.9) * np.maximum(b[1] - a[0], 0)),
    ),
]


@pytest.mark.parametrize(("payoff", "values"), OF_TWO, ids=[text for text, _ in OF_TWO])
def test_formula_of_two_underlyings_has_the_price_of_a_simulation(payoff, values):
    theirs, stderr = simulated(values)
    ours = run(asked({**FORMULA, "payoff": payoff}, "price", MARKET))["price"]
    assert abs(ours.value - theirs) < 4 * hypot(ours.stderr, stderr)


def test_formula_of_two_underlyings_has_the_greeks_of_an_exchange():
    formula = {"kind": "formula", "payoff": "max(A[-1] - B[-1], 0)"}
    greeks = "delta,hessian,vega,d(correlation)"
    found, known = (
        run(asked(contract, greeks, MARKET, paths=paths))
        for contract, paths in ((formula, 100_000), ({"kind": "exchange"}, 2048))
    )
    for estimate in found.estimates:
        assert_near(estimate, known[estimate.greek.name].exact, precision=0.05)


@pytest.mark.parametrize("names", [("growth", "B"), ("A", "A0"), ("correlation", "if_")], ids=str)
def test_names_of_underlyings_are_theirs_alone(names):
    one, other = names
    market = {"underlying": {one: TWO["A"], other: TWO["B"]}, "correlation": 0.5, "rate": RATE}
    formula = {"kind": "formula", "payoff": f"pay(0.5, {one}[0]) + {other}[-1]", "fixing_times": (0.5, 1.0)}
    found = run(asked(formula, "delta", market))
    assert_near(found[f"delta[{one}]"], exp(-0.01 * 0.5))
    assert_near(found[f"delta[{other}]"], 1.0)


@pytest.mark.parametrize("time", [1e-9, 0.25, 0.5, 0.9999999999, 1.0, 1.0000000001])
def test_payment_is_discounted_from_its_time(time):
    formula = {"kind": "formula", "payoff": f"pay({time}, 5)", "fixing_times": (0.5, 1.0)}
    found = run(build_request(formula, {"spot": 100, "vol": 0.2, "rate": 0.05}, {"paths": 2048}, "rho,theta"))
    assert found["price"].value == pytest.approx(5 * exp(-0.05 * time), rel=1e-12 if time < 0.9 else 1e-9)
    assert found["rho"].value == pytest.approx(-time * 5 * exp(-0.05 * time), rel=1e-9)


MISTAKES = [
    ("pay(0.4, S[0])", "before the fixing at 0.5"),
    ("pay(0.5, max(S))", "before the fixing at 1"),
    ("pay(0, 5)", "made after today"),
    ("pay(2, 5)", "until expiry 1"),
    ("pay(-1, 5)", "plain number of years"),
    ("pay('a', 5)", "plain number of years"),
    ("pay(0.5, pay(0.6, 5))", "a payment stands alone"),
    ("2 * pay(0.5, 5)", "put factors within"),
    ("pay(0.4, 5) if S[0] > 100 else 0", "before the fixing at 0.5 that decides it"),
    ("pay(0.5, S)", "one number per path"),
    ("pay * S[-1]", "'pay' is a word of formulas"),
    ("vol * S[-1]", "'vol' is a word of formulas"),
]


@pytest.mark.parametrize(("payoff", "message"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_mistakes_are_one_line(payoff, message):
    with pytest.raises(InvalidInput, match=message):
        build_request(
            {"kind": "formula", "payoff": payoff, "fixing_times": (0.5, 1.0)}, {"spot": 100, "vol": 0.2}, {}, "price"
        )
