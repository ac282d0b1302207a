"""Quintic splines: what they interpolate, how smooth they are, and how they go on beyond their knots."""

import numpy as np
import pytest

from greeks_cli.terms.markets.pieces import DEGREE, cardinal_splines

KNOTS = np.log(np.array([60, 70, 80, 90, 95, 100, 105, 110, 120, 140]) / 100)
VALUES = 0.04 + 0.1 * (KNOTS - 0.05) ** 2 - 0.02 * KNOTS
BENDS = [(False, False), (True, False), (False, True), (True, True)]
EVERYWHERE = np.linspace(-2, 2, 1601)


def spline(bends=(False, False), values=VALUES):
    return cardinal_splines(KNOTS, bends).times(values)


@pytest.mark.parametrize("bends", BENDS)
def test_spline_takes_its_values_at_the_knots(bends):
    np.testing.assert_allclose(spline(bends).at(KNOTS), VALUES, rtol=1e-14)


@pytest.mark.parametrize("bends", BENDS)
def test_derivatives_are_continuous_to_the_third_order_and_between_the_ends_to_the_fourth(bends):
    found, tiny = spline(bends), 1e-10
    for order in range(5):
        breaks = found.breaks if order < 4 else KNOTS[1:-1]
        jumps = found.at(breaks + tiny, order) - found.at(breaks - tiny, order)
        np.testing.assert_allclose(jumps, 0, atol=1e-6 * max(1, np.abs(found.at(KNOTS, order)).max()))


@pytest.mark.parametrize("order", range(DEGREE))
def test_derivatives_are_differences(order):
    found, step = spline((True, True)), 1e-5
    x = EVERYWHERE + 1e-4  # no break
    central = (found.at(x + step, order) - found.at(x - step, order)) / (2 * step)
    exact = found.at(x, order + 1)
    np.testing.assert_allclose(central, exact, atol=1e-4 * (1 + np.abs(exact).max()))


def test_spline_of_a_constant_and_of_a_line_is_exact():
    np.testing.assert_allclose(spline(values=np.full(10, 0.04)).at(EVERYWHERE), 0.04, rtol=1e-13)
    np.testing.assert_allclose(spline(values=1 + KNOTS).at(EVERYWHERE), 1 + EVERYWHERE, atol=1e-13)


def test_spline_goes_on_linearly_or_bends_to_a_constant():
    far = np.array([-5.0, 5.0])
    for bends in BENDS:
        slopes = spline(bends).at(far, 1)
        expected = np.where(bends, 0, spline().at(KNOTS[[0, -1]], 1))
        np.testing.assert_allclose(slopes, expected, atol=1e-15)
        np.testing.assert_allclose(spline(bends).at(far, 2), 0, atol=1e-15)


def test_smooth_function_is_approached_with_the_sixth_power_of_the_distance():
    def error(n):
        knots = np.linspace(-1, 1, n)
        inside = np.linspace(-0.3, 0.3, 101)
        return np.abs(
            cardinal_splines(knots, (False, False)).times(np.sin(2 * knots)).at(inside) - np.sin(2 * inside)
        ).max()

    assert error(41) < error(21) / 40


def test_pieces_divided_further_are_the_same_function():
    found = spline((True, True))
    divided = found.on(np.union1d(found.breaks, [-0.3, 0.2, 0.33]))
    for order in range(4):
        np.testing.assert_allclose(divided.at(EVERYWHERE, order), found.at(EVERYWHERE, order), atol=1e-11)


def test_order_of_several_functions_and_of_some_of_them():
    splines = cardinal_splines(KNOTS, (False, True))
    assert splines.at(EVERYWHERE).shape == (10, len(EVERYWHERE))
    np.testing.assert_array_equal(splines.only([2, 5]).at(EVERYWHERE), splines.at(EVERYWHERE)[[2, 5]])
    np.testing.assert_allclose(splines.at(KNOTS), np.eye(10), atol=1e-14)
