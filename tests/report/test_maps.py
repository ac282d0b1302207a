"""Heat maps of Greeks by pairs of underlyings, and by the quotes of a surface."""

import re

import pytest

from greeks_cli.report.pages.pair_map import pair_maps
from greeks_cli.report.pages.quote_map import is_of_quote, quote_maps
from greeks_cli.report.text.table import estimate_cell
from greeks_cli.terms.books.book_row import Summed

SPOTS = {"A": 100.0, "B": 50.0}


def summed(name, value):
    return Summed(name=name, value=value, stderr=0.1, bias=0, unit="")


def test_hessian_is_in_cash_and_symmetric():
    found = pair_maps([summed("gamma[A]", 2), summed("d(spot[A],spot[B])", -1)], ["B", "A"], SPOTS)
    (hessian,) = found
    assert hessian.rows == hessian.columns == ("B", "A")
    assert hessian.cells["A", "A"][0] == pytest.approx(200)
    assert hessian.cells["A", "B"] == pytest.approx((-50, 5))
    drawn = hessian.render()
    assert drawn.count("-50") == 2 + 2  # a number and a title in either half
    assert re.findall(r'class="(above|below)"', drawn) == ["below", "below", "above"]
    depths = list(map(float, re.findall(r'fill-opacity="([\d.]+)"', drawn)))
    assert max(depths) == depths[-1]


def test_gammas_alone_are_no_hessian():
    assert pair_maps([summed("gamma[A]", 2)], ["A", "B"], SPOTS) == []


def test_correlations_have_no_diagonal_and_long_names_are_cut():
    names = ["A_very_long_name", "B"]
    (found,) = pair_maps([summed(f"d(correlation[{names[0]},B])", 3)], names, {})
    assert list(found.cells) == [tuple(names), tuple(reversed(names))]
    assert "A_very_long_n…" in found.render()


def test_many_underlyings_have_colours_without_numbers():
    names = [f"X{number:02}" for number in range(20)]
    greeks = [summed(f"d(correlation[{one},{other}])", 7) for one in names for other in names if one < other]
    drawn = pair_maps(greeks, names, {})[0].render()
    assert ">7<" not in drawn
    assert "X00, X01: 7.00" in drawn


def test_greeks_at_quotes_have_expiries_down_and_strikes_across():
    quotes = [("1M", "110"), ("1M", "90"), ("1Y", "90")]
    estimates = [summed("vega", 9), *(summed(f"vega[{expiry}@{strike}]", 2) for expiry, strike in quotes)]
    (found,) = quote_maps(estimates)
    assert (found.rows, found.columns) == (("1M", "1Y"), ("90", "110"))
    assert list(found.cells) == quotes
    drawn = found.render()
    assert drawn.count("<rect") == 3
    assert f"1Y, 90: {estimate_cell(2, 0.1)}" in drawn
    assert [is_of_quote(one.name) for one in estimates] == [False, True, True, True]


def test_one_quote_or_none_has_no_map():
    assert quote_maps([summed("vega[1@90]", 2)]) == quote_maps([summed("vega[1]", 2)]) == []
