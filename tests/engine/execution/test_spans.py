"""Spans: small blocks that are run at once have the moments of blocks that are run alone, to the bit."""

import dataclasses

import numpy as np
import pytest

from greeks_cli.engine.execution.accumulator import StackMoments
from greeks_cli.engine.execution.compile import compiled, plan, planned, simplified
from greeks_cli.engine.execution.spans import Span
from greeks_cli.terms.building import build_request


def asked(contract=None, greeks="delta,gamma", **simulation):
    settings = {"paths": 9000, "device": "cpu", "executor": "numpy", **simulation}
    return build_request(contract or {"strike": 100}, {"vol": 0.2}, settings, greeks)


def group_of(*requests):
    return compiled(simplified(planned(requests)))


def numbers(moments):
    """All arrays of the moments of a stack, by name."""
    assert isinstance(moments, StackMoments)
    own = {field.name: getattr(moments, field.name) for field in dataclasses.fields(moments)}
    paths = own.pop("paths")
    return paths, {
        (name, part.name): getattr(one, part.name)
        for name, one in own.items()
        if one is not None
        for part in dataclasses.fields(one)
    }


SMALL = [
    asked(),
    asked(antithetic=True),
    asked(control=True),
    asked(sampler="sobol", paths=8192),
    asked(dtype="float32"),
    asked({"strike": 170}),
    asked({"kind": "digital", "strike": 105}, "delta,gamma,vega"),
    asked({"kind": "formula", "payoff": "max(abs(S[-1] - 100) - 10, 0) * S[0]", "fixings": 2}, estimator="pathwise"),
]


@pytest.mark.parametrize("request_", SMALL, ids=lambda one: f"{one.contract.kind} {one.simulation.sampler}")
def test_blocks_of_a_span_have_the_moments_of_blocks_alone(request_):
    group = group_of(request_)
    spans = [*group.spans]
    assert [block for span in spans for block in span] == [*range(group.n_blocks)]
    assert any(len(span) > 1 for span in spans)
    for span in spans:
        for block, found in zip(span, group.accumulate_span(span), strict=True):
            (own,), (alone,) = found.stacks, group.accumulate(block).stacks
            paths, arrays = numbers(own)
            paths_alone, others = numbers(alone)
            assert paths == paths_alone
            assert arrays.keys() == others.keys()
            for name, array in arrays.items():
                np.testing.assert_array_equal(array, others[name], err_msg=str(name))


def test_stacked_plans_keep_their_rows_apart():
    group = group_of(*(asked({"strike": 90 + k}, paths=8192) for k in range(4)))
    (span, *_) = [span for span in group.spans if len(span) > 1]
    for block, found in zip(span, group.accumulate_span(span), strict=True):
        for own, alone in zip(found.stacks, group.accumulate(block).stacks, strict=True):
            np.testing.assert_array_equal(own.values.mean, alone.values.mean)


def test_large_blocks_are_run_alone():
    group = group_of(asked(paths=200_000))
    assert all(len(span) == 1 for span in group.spans)


def test_blocks_in_which_the_bias_is_measured_are_not_joined_with_others():
    group = group_of(asked({"strike": 100, "kind": "european"}, "gamma", estimator="pathwise"))
    chosen = plan(group.plans[0].request)
    assert chosen.measures_bias(0)
    for span in group.spans:
        assert len({chosen.measures_bias(block) for block in span}) == 1


def test_shift_leaves_the_same_paths_of_each_block_plain():
    normals = [np.zeros((1, 24)), np.zeros((1, 24))]
    moved, weights = Span(range(2), normals).shifted((1.0,), 2.0)
    np.testing.assert_array_equal(moved[:, :24], moved[:, 24:])
    np.testing.assert_array_equal(weights[:24], weights[24:])
    assert (moved == 0).sum() == 6
