"""Heat maps of Greeks by pairs of underlyings."""

import re

import pytest

from greeks_cli.report.pair_map import pair_maps
from greeks_cli.terms.book_row import Summed

SPOTS = {"A": 100.0, "B": 50.0}


def summed(name, value):
    return Summed(name=name, value=value, stderr=0.1, bias=0, unit="")


def test_hessian_is_in_cash_and_symmetric():
    found = pair_maps([summed("gamma[A]", 2), summed("d(spot[A],spot[B])", -1)], ["B", "A"], SPOTS)
    (hessian,) = found
    assert hessian.names == ("B", "A")
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
    assert list(found.cells) == [tuple(names)]
    assert "A_very_long_n…" in found.render()


def test_many_underlyings_have_colours_without_numbers():
    names = [f"X{number:02}" for number in range(20)]
    greeks = [summed(f"d(correlation[{one},{other}])", 7) for one in names for other in names if one < other]
    drawn = pair_maps(greeks, names, {})[0].render()
    assert ">7<" not in drawn
    assert "X00, X01: 7.00" in drawn
