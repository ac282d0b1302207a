"""Increments given variance and jumps: recovered normals, densities, and what is integrated."""

import numpy as np
import pytest

from greeks_cli.engine.simulation.models.conditional import (
    differences,
    increments,
    integrates,
    levels,
    likelihood,
    normals_of,
)
from greeks_cli.engine.simulation.schedule import KnownSchedule
from greeks_cli.terms.building import build_request
from greeks_cli.terms.markets.models import Model
from tests.models import HESTON, MERTON

DATES = [0.25, 1.0]
REQUEST = build_request({"kind": "asian", "strike": 100, "fixing_times": DATES}, MERTON, {})
NORMALS = np.random.default_rng(5).standard_normal((2, 1000))


class Jumps:
    """Two jumps before the first date, none after."""

    jump_counts = np.array([[2.0], [0.0]]) * np.ones((2, 1000))


def merton(**changes):
    return increments(Model.MERTON, REQUEST.values | changes, KnownSchedule(REQUEST), 2, Jumps())


def test_means_and_variances_know_the_jumps():
    found = merton()
    np.testing.assert_allclose(found.variance[:, 0], [0.2**2 * 0.25 + 2 * 0.15**2, 0.2**2 * 0.75])
    mean_factor = np.exp(-0.1 + 0.5 * 0.15**2) - 1
    first = -0.5 * 0.2**2 * 0.25 - 2 * 0.1 - 0.8 * 0.25 * mean_factor
    np.testing.assert_allclose(found.mean[:, 0], [first, -0.5 * 0.2**2 * 0.75 - 0.8 * 0.75 * mean_factor])
    np.testing.assert_allclose(np.ravel(found.forward), [0.02 * date for date in DATES])


def test_normals_are_recovered_from_levels():
    found = merton()
    np.testing.assert_allclose(normals_of(found, levels(found, NORMALS)), NORMALS, atol=1e-12)
    np.testing.assert_allclose(differences(np.cumsum(NORMALS, axis=0)), NORMALS, atol=1e-12)


@pytest.mark.parametrize("name", ["vol", "rate", "jump_mean", "time"])
def test_scores_have_mean_0(name):
    # The score in a parameter is the derivative of the log-density of fixed paths.
    logs, h = levels(merton(), NORMALS), 1e-5
    up, down = (merton(**{name: REQUEST.values[name] + step}) for step in (h, -h))
    held = [likelihood(one, normals_of(one, logs)) - one.likelihood for one in (up, down)]
    score = (held[0] - held[1]) / (2 * h)
    assert abs(score.mean()) < 4 * score.std() / np.sqrt(score.size)


@pytest.mark.parametrize(
    ("contract", "market", "simulation", "expected"),
    [
        ({"strike": 100}, HESTON, {}, True),
        ({"strike": 100}, HESTON, {"estimator": "pathwise"}, False),
        ({"strike": 100}, HESTON, {"width": 1.0}, False),
        ({"strike": 100}, {**HESTON, "dividends": "0.5:1"}, {}, False),
        ({"strike": 100}, {"vol": 0.2}, {}, False),
        ({"kind": "asian", "strike": 100, "fixings": 2}, HESTON, {}, False),
    ],
)
def test_europeans_are_integrated_unless_an_estimator_is_asked_for(contract, market, simulation, expected):
    assert integrates(build_request(contract, market, simulation)) == expected
