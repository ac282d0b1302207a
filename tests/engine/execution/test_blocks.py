"""Blocks, plans, accumulators and estimates of a request."""

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.execution.accumulator import StackAccumulator
from greeks_cli.engine.execution.blocks import Blocks
from greeks_cli.engine.execution.compile import compiled, plan, simplified
from greeks_cli.engine.execution.dot import dot_graph
from greeks_cli.engine.execution.estimates import Truth, estimates, student_quantile
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import ESTIMATE
from greeks_cli.engine.execution.unseen.rare_events import unseen
from greeks_cli.terms.building import build_request


def asked(greeks="delta,gamma", market=None, **simulation):
    return build_request({"strike": 100}, {"vol": 0.2, **(market or {})}, simulation, greeks)


def blocks_of(contract=None, **simulation):
    request = build_request(contract or {"strike": 100}, {"vol": 0.2}, simulation)
    return Blocks(request, request.simulation.paths)


@pytest.mark.parametrize(
    "settings", [{}, {"antithetic": True}, {"sampler": "sobol", "paths": 1 << 20}, {"paths": 2049}], ids=str
)
def test_blocks_have_all_paths(settings):
    blocks = blocks_of(**{"paths": 1_000_001 if not settings else 1_000_000, **settings})
    assert sum(map(blocks.paths_in, range(blocks.count))) == blocks.request.simulation.paths
    assert blocks.normals(0).shape == (1, blocks.paths_in(0))


def test_steps_are_in_proportion_to_the_time_between_dates():
    assert blocks_of({"kind": "asian", "strike": 1, "fixing_times": [0.25, 1.0]}, steps=8).steps == (2, 6)
    assert blocks_of({"kind": "lookback", "strike": 1}, steps=5).steps == (5,)


def test_antithetic_normals_are_opposite_and_their_pairs_one_sample():
    blocks = blocks_of(antithetic=True, paths=4000)
    normals, half = blocks.normals(0), blocks.paths_in(0) // 2
    np.testing.assert_array_equal(normals[:, half:], -normals[:, :half])
    np.testing.assert_array_equal(blocks.samples(normals[0]), np.zeros(half))


def test_scramble_is_one_sample():
    blocks = blocks_of(sampler="sobol", paths=1 << 14)
    row = blocks.normals(0)[0]
    assert len(blocks.samples(row)) == len(row) // blocks.scramble_size


def test_bias_is_measured_where_a_kernel_smooths():
    assert isinstance(plan(asked()), Plan)
    assert plan(asked(width=2)).measures_bias(0)
    assert not plan(asked("delta")).measures_bias(0)


def test_accumulator_is_complete_with_its_last_row():
    chosen = plan(asked("delta"))
    factors = {(ESTIMATE, greek.parameters): np.array([2.0]) for greek in chosen.request.greeks}
    accumulator = StackAccumulator(chosen, factors, HOST)
    rows = np.arange(20.0).reshape(2, 1, 10)
    for name, row in zip(factors, rows, strict=True):
        assert not accumulator.is_complete
        accumulator.add(name, row, 10)
    assert accumulator.is_complete
    np.testing.assert_allclose(accumulator.moments().values.mean[:, 0], 2 * rows.mean(axis=2)[:, 0])
    assert accumulator.moments().paths == 10


def test_estimates_are_the_moments_of_the_executable():
    chosen = plan(asked("delta", paths=4000))
    group = compiled(simplified([chosen]))
    sums, (tails,) = group.accumulate(0), group.tails(4000)
    (found,) = estimates([chosen], sums.stacks[0], [Truth((None, None))], tails)
    assert [one.value for one in found] == sums.stacks[0].values.mean[:, 0].tolist()
    assert [one.stderr for one in found] == sums.stacks[0].values.stderr[:, 0].tolist()


@pytest.mark.parametrize(("freedom", "quantile"), [(14, 2.1448), (30, 2.0423), (10**6, 1.96)])
def test_quantiles_of_student_have_four_digits(freedom, quantile):
    assert student_quantile(0.025, freedom) == pytest.approx(quantile, abs=2e-4)


def test_unseen_event_has_a_bound_and_a_constant_has_none():
    far = plan(asked("delta", {"spot": 30}))
    assert (unseen(far, np.zeros(2), np.ones(2)) > 0).all()
    forward = build_request({"kind": "formula", "payoff": "S[-1]"}, {"vol": 0.2}, {}, "gamma")
    assert unseen(plan(forward), np.zeros(2), np.ones(2))[1] == 0


@pytest.mark.parametrize("contract", [{"strike": 100}, {"kind": "asian", "strike": 100, "fixings": 3}])
def test_graph_of_a_greek_names_its_leaf(contract):
    request = build_request(contract, {"vol": 0.2}, {"paths": 4000}, "price,gamma")
    found = dot_graph(request, request.greeks[1])
    assert found.startswith("digraph")
    assert "spot" in found
    assert "gamma" in found
