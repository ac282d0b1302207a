"""Table of checks: columns on screens of several widths."""

import pytest

from greeks_cli.report.text.check_table import check_table
from greeks_cli.report.text.screen import Screen
from greeks_cli.terms.results.studies import MethodResult

RESULTS = [
    MethodResult("d(spot_vol_correlation)", "closed form", -1.8657123, 0.0, 0.0),
    MethodResult("d(spot_vol_correlation)", "conditional (here pathwise)", -1.912, 0.33, 0.31, z=-0.02),
]


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(None, None), (120, None), (100, "bias"), (90, "bias, result"), (80, "bias, result, stderr")],
)
def test_no_cell_is_cut_and_columns_left_out_are_named(width, left_out):
    text = check_table("a call", RESULTS, 4.0, Screen(width=width))
    assert "conditional (here pathwise)" in text
    assert "-1.8657123" in text
    assert "…" not in text
    assert ("left out for width" in text) == (left_out is not None)
    if left_out:
        assert f"left out for width: {left_out}; a wider" in text


def test_the_limit_decides_what_agrees():
    text = check_table("a call", RESULTS, 0.01, Screen())
    assert "reference" in text
    assert "DISAGREES" in text
