"""Parts of a path group: pieces of the paths and notes of samples leave the moments of a span as they are."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.engine.estimators.moments import Moments
from greeks_cli.engine.execution.compile import planned
from greeks_cli.engine.execution.part import PartRun
from greeks_cli.engine.execution.path_group import PathGroup
from greeks_cli.engine.execution.programs import ESTIMATE, Programs
from greeks_cli.engine.execution.spans import Span
from greeks_cli.terms.building import build_request
from tests.models import HESTON


def run_of(market):
    """A run of two trades that differ in strikes, on their first block."""
    settings = {"paths": 3000, "device": "cpu", "executor": "numpy"}
    requests = [build_request({"strike": strike}, market, settings, "delta,gamma") for strike in (95, 105)]
    group = PathGroup.of(Programs(planned(requests)))
    blocks = group.plans[0].blocks
    (part,) = group.parts
    return PartRun(part, Span(range(1), [blocks.normals(0, HOST)]), HOST), arithmetic(requests[0].simulation)


@pytest.mark.parametrize("market", [{"vol": 0.2}, HESTON], ids=["gbm", "heston"])
def test_pieces_do_not_change_bits(market):
    run, rounding = run_of(market)
    with rounding:
        (whole,), (pieces,) = (run.moments(n, None, False) for n in (1, 3))
    assert whole.paths == run.span.n_paths
    np.testing.assert_array_equal(whole.values.mean, pieces.values.mean)
    np.testing.assert_array_equal(whole.values.m2, pieces.values.m2)


def test_noted_samples_are_those_of_the_moments():
    run, rounding = run_of({"vol": 0.2})
    noted = {}
    with rounding:
        (found,) = run.moments(1, lambda *note: noted.update({note[1]: note}), False)
    for row, greek in enumerate(run.part.plans[0].request.greeks):
        numbers, _, samples, factors = noted[ESTIMATE, greek.parameters]
        assert numbers == [0, 1]
        np.testing.assert_allclose(found.values.mean[row], Moments.of(samples, HOST).mean * factors, rtol=1e-12)
