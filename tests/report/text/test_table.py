"""Numbers in tables: significant digits, no minus before 0, powers of ten only for very large and small numbers."""

import pytest

from greeks_cli.report.text.table import estimate_cell, plain, rounded


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 1, "0"),
        (-0.0, 2, "0"),
        (0.0217, 2, "0.022"),
        (7.4, 1, "7"),
        (61.2, 1, "60"),
        (3141.0, 1, "3,000"),
        (620.4, 2, "620"),
        (512_345.0, 2, "510,000"),
        (3e6, 1, "3e+06"),
        (4e-7, 1, "4e-07"),
    ],
)
def test_plain_rounds_to_significant_digits(value, digits, text):
    assert plain(value, digits) == text


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (48_712.3, 3141, "48,712"),
        (-0.004, 0.3, "0.00"),
        (-0.0, 0.0, "0"),
        (1234.5678, 0.021, "1,234.568"),
    ],
)
def test_rounded_shows_the_digits_of_the_standard_error(value, stderr, text):
    assert rounded(value, stderr) == text


def test_estimate_cell_has_value_and_standard_error():
    assert estimate_cell(48_712.3, 3141) == "48,712 ± 3,000"
