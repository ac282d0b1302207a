"""The drawing of one trade: the curve, and the estimate over it with its error bar."""

import re

import pytest

from greeks_cli.report.pages.panel import panel
from greeks_cli.terms.books.book_row import Estimated
from greeks_cli.terms.greek import NAMED
from greeks_cli.terms.results.spot_curves import Curve
from greeks_cli.terms.units import Units

VALUES = (0.0, 1.0, 2.0)
CLOSED_FORM = Curve(NAMED["gamma"], VALUES, VALUES, VALUES, simulated=False)
ESTIMATE = Estimated(
    name="gamma", value=1, stderr=0.25, bias=0.25, unit="per spot^2", low=0.5, high=1.5, estimator="mixed"
)


def test_the_error_bar_reaches_from_low_to_high_and_beyond_by_the_bias():
    drawn = panel((90, 100, 110), CLOSED_FORM, Units.RAW, 100, ESTIMATE)
    points = re.search(r'class="curve" points="([^"]+)"', drawn)[1].split()
    bottom, top = (float(points[i].split(",")[1]) for i in (0, -1))
    x, low, high = map(float, re.search(r'class="error-bar" d="M([\d.]+),([\d.]+)V([\d.]+)', drawn).groups())
    share = [(y - bottom) / (top - bottom) for y in (low, high)]
    assert share == pytest.approx([0.25 / 2, 1.75 / 2], abs=0.01)
    assert f'cx="{x:.1f}"' in drawn


def test_axes_have_names_and_units_are_raised():
    drawn = panel((90, 100, 110), CLOSED_FORM, Units.RAW, 100, ESTIMATE)
    assert ">spot (currency)</text>" in drawn
    assert "per spot², closed form" in drawn
