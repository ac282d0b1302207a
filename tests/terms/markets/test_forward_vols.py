"""The integral of the volatility under a curve: against a sum over short times, and between two dates."""

from math import sqrt

import pytest

from greeks_cli.terms.markets.curve import VolCurve
from greeks_cli.terms.markets.forward_vols import (
    forward_vol_weights,
    integral_of_vol,
    weights_in_forward_vols,
    years_until,
)

TIMES, VOLS = (0.25, 0.5, 1.0), (0.18, 0.25, 0.22)
NODES = tuple(f"vol[{time}]" for time in TIMES)
SUMS = 20_000


def integral(weights, years):
    return integral_of_vol(dict(zip(NODES, VOLS, strict=True)), weights.__getitem__, years, sqrt)


def of_dates(*dates):
    return [{n: w[k] for n, w in forward_vol_weights(NODES, TIMES, dates).items()} for k in range(len(dates))]


@pytest.mark.parametrize("date", [0.1, 0.25, 0.3, 0.75, 1.0, 1.5])
def test_integral_is_the_sum_of_the_roots_of_short_variances(date):
    curve, step = VolCurve(TIMES, VOLS, NODES), date / SUMS
    ends = [curve.mean(k * step) ** 2 * k * step for k in range(1, SUMS + 1)]
    summed = sum(sqrt((after - before) * step) for before, after in zip([0.0, *ends], ends, strict=False))
    assert integral(*of_dates(date), date) == pytest.approx(summed, rel=1e-4)


def test_weights_between_two_dates_are_differences():
    first, last = of_dates(0.3, 1.2)
    between = {name: last[name] - first[name] for name in first}
    assert integral(between, 0.9) == pytest.approx(integral(last, 1.2) - integral(first, 0.3), rel=1e-13)


def test_names_of_the_weights_are_those_of_a_quanto_alone():
    nodes = ("vol", NODES)
    assert weights_in_forward_vols((nodes,)) == ()
    assert set(weights_in_forward_vols((nodes, ("quanto", ())))) == set(of_dates(1.0)[0])
    assert years_until(NODES[0]) in of_dates(1.0)[0]
