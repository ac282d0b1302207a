"""Early exercise against published probabilities of exercise and prices."""

import csv
from pathlib import Path

import pytest

from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request

MODELS = Path(__file__).parents[1] / "reference" / "models.csv"
PROBABILITIES = {
    # QuantLib's testAmericanOption of Longstaff and Schwartz's engine: strike, vol, and the probability of a tree
    "amer-exercise-prob-36-0.2": (36, 0.2, 0.48013),
    "amer-exercise-prob-36-0.4": (36, 0.4, 0.54598),
    "amer-exercise-prob-40-0.3": (40, 0.3, 0.67569),
}
TREE = 0.015
"""The error of the tree."""
CALL_BEFORE_A_DIVIDEND = 11.656448947682
"""By quadrature; the call is best exercised just before its dividend."""
CALL_ON_THE_BEST_OF_TEN = 38.37
"""S. Becker, P. Cheridito and A. Jentzen, Journal of Machine Learning Research 20, 2019."""


def priced(contract, market, paths):
    return run(build_request({"strike": 100, **contract}, market, {"paths": paths}, "price"))


def is_between_its_bounds(price, expected, rounded):
    low, high = price.value - 4 * price.stderr, price.upper + 4 * price.upper_stderr
    return low - rounded <= expected <= high + rounded


@pytest.mark.parametrize("name", PROBABILITIES)
def test_americans_are_exercised_with_the_probability_of_a_tree(name):
    strike, vol, expected = PROBABILITIES[name]
    contract = {"type": "put", "strike": strike, "exercise": "american", "exercise_dates": 75}
    law = priced(contract, {"spot": 36, "vol": vol, "rate": 0.06}, paths=1_000).exercise
    assert law.probability == pytest.approx(expected, abs=TREE)
    assert law.probability == pytest.approx(sum(date.probability for date in law.dates))
    assert law.stderr < 0.003


def test_an_american_call_is_exercised_before_its_dividend():
    market = {"spot": 100, "vol": 0.3, "rate": 0.06, "dividends": "0.5:7"}
    result = priced({"exercise": "american"}, market, paths=4_000)
    price = result["price"]
    assert is_between_its_bounds(price, CALL_BEFORE_A_DIVIDEND, 1e-6)
    assert price.upper - price.value <= 0.01 * CALL_BEFORE_A_DIVIDEND
    early = max((date for date in result.exercise.dates if date.time < 1), key=lambda date: date.probability)
    assert early.time == pytest.approx(0.5, abs=2e-4)


def test_a_call_on_the_best_of_ten_has_its_published_price_between_its_bounds():
    contract = {"kind": "best-of", "expiry": 3, "exercise": "bermudan", "exercise_times": [k / 3 for k in range(1, 10)]}
    own = {"spot": 100, "vol": 0.2, "dividend_yield": 0.1}
    market = {"underlying": dict.fromkeys("ABCDEFGHIJ", own), "correlation": 0.0, "rate": 0.05}
    price = priced(contract, market, paths=5_000)["price"]
    assert is_between_its_bounds(price, CALL_ON_THE_BEST_OF_TEN, 0.06)
    assert price.upper - price.value <= 0.01 * CALL_ON_THE_BEST_OF_TEN + 4 * price.stderr + 4 * price.upper_stderr


def test_published_values_are_those_of_the_table():
    with MODELS.open() as file:
        rows = {row["id"]: float(row["value"]) for row in csv.DictReader(file)}
    expected = {name: row[-1] for name, row in PROBABILITIES.items()}
    expected |= {"div-spot-amer-call-0.5": CALL_BEFORE_A_DIVIDEND, "max-call-10-100": CALL_ON_THE_BEST_OF_TEN}
    assert {name: rows[name] for name in expected} == expected
