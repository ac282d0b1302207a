"""Dividends in cash as a reason against a method, by the parameters of a derivative."""

import pytest

from greeks_cli.engine.execution.choice.cash_kinks import cash_moves_kinks, pays_cash, starts_by
from greeks_cli.terms.building import build_request
from tests.contracts.joint import asked

DATES = {"kind": "formula", "payoff": "max(A[-1] - B[0], 0)", "fixing_times": [0.4, 1.0]}


def of_two(model):
    paying = {"spot": 100, "vol": 0.2, "dividends": "0.7:4,2:1", "dividend_model": model}
    return asked(DATES, "price", {"underlying": {"A": paying, "B": {"spot": 90, "vol": 0.3}}, "correlation": 0.5})


@pytest.mark.parametrize(
    ("model", "index", "moves"),
    [
        ("jump", ("dividend[A:0.7]",), True),
        ("jump", ("spot[A]", "rate"), False),
        ("jump", ("dividend[A:2]",), False),  # it is paid after the last date
        ("escrowed", ("rate", "spot[B]"), True),
        ("escrowed", ("dividend_yield[A]",), True),
        ("escrowed", ("dividend_yield[B]",), False),
        ("escrowed", ("spot[A]", "vol[A]", "time", "correlation[A,B]"), False),
    ],
)
def test_dividends_and_what_escrowed_ones_are_worth_move_kinks(model, index, moves):
    request = of_two(model)
    assert cash_moves_kinks(request, index) is moves
    assert pays_cash(request)


@pytest.mark.parametrize(
    ("parameter", "alone"),
    [("spot[A]", True), ("vol[A]", True), ("correlation[A,B]", True), ("dividend_yield[B]", True), ("rate", False)],
)
def test_the_start_of_an_escrowed_price_moves_with_rates(parameter, alone):
    assert starts_by(of_two("escrowed"), parameter) is alone
    assert starts_by(of_two("jump"), parameter)


def test_one_underlying_has_its_names_alone():
    market = {"spot": 100, "vol": 0.2, "dividends": "0.5:4", "dividend_model": "escrowed"}
    request = build_request({"strike": 100}, market, {}, "price")
    assert cash_moves_kinks(request, ("dividend[0.5]",))
    assert not cash_moves_kinks(request, ("rate",))  # the only date is after the dividend
    assert not starts_by(request, "rate")
    assert not pays_cash(build_request({"strike": 100}, {"spot": 100, "vol": 0.2}, {}, "price"))
