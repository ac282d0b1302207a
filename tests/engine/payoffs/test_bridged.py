"""Barriers along bridges, on given bridges."""

import numpy as np

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.payoffs.bridged import rebate_between, untouched_so_far
from greeks_cli.engine.simulation.bridges import Bridges

PRICES = np.array([[100.0, 100.0], [90.0, 104.0], [79.0, 96.0]])
BRIDGES = Bridges(
    np.log(PRICES[:2]),
    np.log(PRICES[1:]),
    np.full((2, 1), 0.01),
    0.0,
    np.array([[0.01], [0.03]]),
    np.zeros((2, 2)),
    None,
    range(2),
)


def so_far(*sides):
    return values_of(untouched_so_far(BRIDGES, sides, Sharp()))


def test_probabilities_multiply_and_are_0_beyond_the_barrier():
    found = so_far((80.0, 1.0))
    first = 1 - np.exp(-2 * np.log(100 / 80) * np.log(PRICES[1] / 80) / 0.01)
    second = 1 - np.exp(-2 * np.log(104 / 80) * np.log(96 / 80) / 0.01)
    np.testing.assert_allclose(found, [[1, 1], first, [0, first[1] * second]])


def test_two_barriers_are_two_probabilities():
    both = so_far((80.0, 1.0), (110.0, -1.0))
    each = [so_far(one) for one in ((80.0, 1.0), (110.0, -1.0))]
    np.testing.assert_allclose(both, each[0] * each[1])


def test_rebate_is_paid_in_the_middle_of_the_bridge_that_touches():
    untouched = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(rebate_between(BRIDGES, untouched, 0.04), np.exp([0.03, 0.01]))
