"""Bridges of a path that is watched at all times: their starts, ends and variances, and pairs of them."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.bridges import Levels, bridges_of
from greeks_cli.engine.simulation.schedule import KnownSchedule
from greeks_cli.terms.building import build_request
from tests.models import MERTON

BARRIER = {"kind": "barrier", "strike": 100, "barrier": 80, "barrier_type": "down-out", "expiry": 1.0}
MARKET = {**MERTON, "jump_intensity": 0.4}
REQUEST = build_request(BARRIER, MARKET, {"steps": 8})
LEVELS = Levels(np.log(100.0), np.log([[98.0], [103.0], [90.0], [95.0]]) * np.ones((4, 3)))
VARIANCE = 0.2**2 / 4


class Paths:
    """Four intervals, with a jump in the third."""

    jump_counts = np.array([[0.0], [0.0], [1.0], [0.0]]) * np.ones((4, 3))

    of_jumps = np.zeros((4, 3))
    exponentials = np.full((4, 3), 0.5)

    def __init__(self, joins: bool):
        self.joined = np.array([[1.0], [0.0], [1.0], [0.0]]) * np.ones((4, 3)) * joins


def bridges(paths=None):
    schedule, paths = KnownSchedule(REQUEST), paths or Paths(False)
    return bridges_of(REQUEST.market.model, REQUEST.values, schedule, LEVELS, paths, REQUEST.bridges)


def test_a_request_has_the_dates_between_its_bridges():
    assert REQUEST.path_dates == (0.25, 0.5, 0.75, 1.0)
    assert REQUEST.bridges == range(4)
    later = build_request({**BARRIER, "window_start": 0.2, "window_end": 0.6}, MARKET, {"steps": 8})
    np.testing.assert_allclose(later.path_dates, [0.2, 0.3, 0.4, 0.5, 0.6, 1.0])
    assert later.bridges == range(1, 5)
    assert len(build_request(BARRIER, {**MERTON, "jump_intensity": 10.0}, {"steps": 8}).bridges) == 40


def test_jumps_fall_on_the_middle_of_two_bridges():
    found = bridges()
    np.testing.assert_allclose(found.variance[:, 0], VARIANCE)
    unjumped = [0, 1, 3]
    np.testing.assert_allclose(np.exp(found.starts[unjumped, 0]), [100, 98, 90])
    np.testing.assert_allclose(np.exp(found.ends[unjumped, 0]), [98, 103, 95])
    mean = 0.02 / 4 - 0.5 * VARIANCE - 0.4 / 4 * (np.exp(-0.1 + 0.5 * 0.15**2) - 1) - 0.1
    jump = -0.1 + 0.15**2 / (0.15**2 + VARIANCE) * (np.log(90 / 103) - mean)
    np.testing.assert_allclose(found.starts[2], np.log(103))
    np.testing.assert_allclose(found.ends[2], np.log(90) - jump)


def test_joined_bridges_span_two_intervals():
    found = bridges(Paths(True))
    np.testing.assert_allclose(np.exp(found.starts[1]), 100)
    np.testing.assert_allclose(np.exp(found.ends[[1, 3], 0]), [103, 95])
    np.testing.assert_allclose(found.variance[[1, 3], 0], 2 * VARIANCE)
    assert (found.starts[3] < np.log(103)).all()  # the jump of the pair falls on its start, the middle of all
    np.testing.assert_allclose(found.alone(np.full((4, 3), 0.3))[:, 0], [1, 0.3, 1, 0.3])


def test_sizes_of_jumps_have_the_spread_that_the_whole_change_leaves():
    drawn = Paths(False)
    drawn.of_jumps = np.ones((4, 3))
    moved = bridges().ends[2] - bridges(drawn).ends[2]
    np.testing.assert_allclose(moved, np.sqrt(1 / (1 / VARIANCE + 1 / 0.15**2)))
    np.testing.assert_allclose(bridges().ends[[0, 1, 3]], bridges(drawn).ends[[0, 1, 3]])


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes_pass_their_levels_with_the_probability_of_a_bridge(sign):
    found = bridges()
    extremes = found.extremes(sign)
    beyond = 2 * (extremes - found.starts) * (extremes - found.ends) / VARIANCE
    np.testing.assert_allclose(beyond, 0.5)
    assert (sign * (extremes - found.ends) > 0).all()
    joined = bridges(Paths(True))
    np.testing.assert_allclose(joined.extremes(sign)[[0, 2]], joined.starts[[0, 2]])


@pytest.mark.parametrize("slope", [-0.002, 0.002])
def test_variance_to_a_level_follows_the_slope(slope):
    found = bridges()._replace(slope=np.full((4, 1), slope))
    away = 1e-4
    level = 0.5 * (found.starts + found.ends) + away
    np.testing.assert_allclose(found.variance_to(level) - found.variance, 0.5 * slope * away, rtol=1e-3)
    assert (found.variance_to(level + 100) > 0).all()
