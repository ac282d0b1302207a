"""Path groups: normals are drawn once a block, calls write over unused arrays, and neither changes a bit."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.compiler import ir
from greeks_cli.engine.execution.compile import plan, planned
from greeks_cli.engine.execution.path_group import PathGroup, WeightedSum
from greeks_cli.engine.execution.programs import Programs
from greeks_cli.engine.execution.shared_normals import SharedNormals, path_groups, paths_key
from greeks_cli.run.books.paths import run_together
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE
from tests.models import HESTON

FORMULAS = [
    "sum(S*K+K)+S[0]+K",
    "sum((S-K)*K)+(K+sum(S/K))",
    "where(sum(S-K)>K,sum(S-K),S[-1]*S[-1])",
    "where(S[-1]>K,S[-1]-K,0)*S[-1]/K",
]


class Drawing:
    """Stands for a plan, and for its blocks."""

    def __init__(self):
        self.drawn = []
        self.blocks = self

    def normals(self, block, device):
        self.drawn.append(block)
        if block < 0:
            raise MemoryError
        return np.full((1, 3), float(block))


def test_each_block_is_drawn_once_and_forgotten_when_all_groups_have_it():
    drawing = Drawing()
    shared = SharedNormals(drawing, 3)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda block: shared.of(block, HOST), sorted([*range(20)] * 3)))
    assert sorted(drawing.drawn) == list(range(20))
    for block in range(20):
        first, *others = found[3 * block : 3 * block + 3]
        assert all(other is first for other in others)
        assert first[0, 0] == block
    assert not shared._kept


def test_shared_normals_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        SharedNormals(Drawing(), 2).of(0, HOST)[0, 0] = 1


def test_block_that_cannot_be_drawn_fails_in_all_groups():
    shared = SharedNormals(Drawing(), 2)
    for _ in range(2):
        with pytest.raises(MemoryError):
            shared.of(-1, HOST)


def european(strike=100.0, market=None, greeks="delta,gamma", **settings):
    return build_request({"strike": strike}, {"vol": 0.2, **(market or {})}, {"paths": 3000, **settings}, greeks)


def written_over(program):
    """The number of calls that write over an array."""
    return sum("_written_over" in repr(function) for function, *_ in program._steps)


def test_single_trade_and_stack_write_over_arrays():
    plans = planned([european(100, device="cpu"), european(101, device="cpu")])
    alone, both = PathGroup.of(Programs(plans[:1])), PathGroup.of(Programs(plans))
    assert written_over(alone.parts[0].linked.chunked((True,)).common)
    (stack,) = both.parts[0].linked.chunked((True,)).stacks
    assert written_over(stack)


@pytest.mark.parametrize("settings", [{}, {"estimator": "likelihood"}, {"antithetic": True}], ids=str)
@pytest.mark.parametrize("contract", [*ON_ONE, *FORMULAS])
def test_writing_over_arrays_does_not_change_bits(monkeypatch, contract, settings):
    requests = []
    for factor in (1.0, 1.01):  # two that may be computed as one
        if contract in ON_ONE:
            example, greeks = {"kind": contract, **ON_ONE[contract].example}, "delta,gamma,vega,theta,vanna"
            for name in ON_ONE[contract].parameters:
                if example.get(name):
                    example[name] *= factor
        else:
            example = {"kind": "formula", "payoff": contract, "param": {"K": 100.0 * factor}, "fixings": 3}
            greeks = "delta,gamma,vega,d(spot,K),d(spot,spot,K)"
        requests.append(build_request(example, {"vol": 0.2}, {"paths": 3000, **settings}, greeks))
    over = [run(request).estimates for request in requests]
    together = [answer.estimates for answer in run_together(requests)]
    monkeypatch.setattr(ir, "_makes_new", lambda call: False)
    assert over == together == [run(request).estimates for request in requests]
    assert over == [answer.estimates for answer in run_together(requests)]


def test_block_leaves_the_buffer_size_of_numpy_as_it_was():
    before = np.getbufsize()
    PathGroup.of(Programs([plan(european())])).accumulate(0)
    assert np.getbufsize() == before


def test_stacks_hold_trades_of_unlike_markets():
    requests = [european(95 + i, {"vol": 0.2 + i / 50, "spot": 100 + i}, device="cpu") for i in range(6)]
    group = PathGroup.of(Programs(planned(requests)))
    assert sorted(number for stack in group.stacks for number in stack) == list(range(6))
    assert max(map(len, group.stacks)) > 1


def moments(group, block):
    """The moments of each plan of a group."""
    found = group.accumulate(block)
    return {
        number: tuple(np.array([sums.values.mean, sums.values.m2])[:, :, place].ravel())
        for stack, sums in zip(group.stacks, found.stacks, strict=True)
        for place, number in enumerate(stack)
    }


def test_moments_of_a_plan_do_not_depend_on_the_group():
    plans = planned([european(95 + i, {"vol": 0.2 + i / 50}) for i in range(5)])
    together = moments(PathGroup.of(Programs(plans)), 0)
    for number, one in enumerate(plans):
        assert together[number] == moments(PathGroup.of(Programs([one])), 0)[0]


def test_moments_of_the_total_are_those_of_the_sum_of_samples():
    plans = planned([european(95, greeks="delta,gamma"), european(105, greeks="gamma,vega")])
    sums = [WeightedSum({(0, "price"): 1.0, (1, "price"): -2.5}), WeightedSum({(1, "vega"): 3.0})]
    group = PathGroup.of(Programs(plans), sums=sums)
    found = group.accumulate(0)
    first, second = (moments(group, 0)[number] for number in (0, 1))
    assert found.total.mean[0] == pytest.approx(first[0] - 2.5 * second[0], rel=1e-12)
    assert found.total.mean[1] == pytest.approx(3 * second[2], rel=1e-12)
    assert PathGroup.of(Programs(plans)).accumulate(0).total is None


def test_moments_of_groups_add_up_over_blocks():
    group = PathGroup.of(Programs([plan(european(paths=9000))]), sums=[WeightedSum({(0, "price"): 1.0})])
    one, other = group.accumulate(0), group.accumulate(1)
    assert (one + other).paths == one.paths + other.paths
    assert (one + other).total.count == one.total.count + other.total.count


def moments_of(one, block):
    return PathGroup.of(Programs([one])).accumulate(block).stacks[0]


def test_changes_of_longer_steps_are_measured_in_every_block():
    market = {**HESTON, "mean_reversion": 0.4, "vol_of_vol": 1.0}
    request = build_request({"strike": 100, "expiry": 2}, market, {"paths": 9000}, "price,d(vol_of_vol)")
    (own,) = planned([request])
    usual = replace(own, blocks=replace(own.blocks, doublings=1))
    assert own.far_doublings > 0 == usual.far_doublings
    assert path_groups({0: own, 1: usual}) == [[0], [1]]
    first, second = (moments_of(own, block) for block in (0, 1))
    found = first + second
    assert found.far_steps.count == found.paths == 2 * found.steps.count
    np.testing.assert_allclose(found.far_steps.mean, (first.far_steps.mean + second.far_steps.mean) / 2)
    other = moments_of(usual, 0)
    assert other.far_steps is None
    np.testing.assert_array_equal(other.values.mean, first.values.mean)


def test_requests_share_paths_where_simulation_and_dates_are_equal():
    requests = [
        european(),
        european(110, {"vol": 0.4, "spot": 90}),
        european(seed=2),
        build_request({"strike": 100, "expiry": 2}, {"vol": 0.2}, {"paths": 3000}),
        european(120),
    ]
    assert path_groups(dict(enumerate(planned(requests)))) == [[0, 1, 4], [2], [3]]
    assert paths_key(requests[0]) == paths_key(requests[1]) != paths_key(requests[2])


def test_plans_of_other_dates_share_normals_and_keep_their_moments():
    later = build_request({"strike": 100, "expiry": 0.99}, {"vol": 0.2}, {"paths": 3000}, "delta,gamma")
    plans = planned([european(), later, european(seed=2)])
    assert path_groups(dict(enumerate(plans)), across_dates=True) == [[0, 1], [2]]
    change = WeightedSum({(0, "price"): 1.0, (1, "price"): -1.0})
    both = PathGroup.of(Programs(plans[:2]), sums=[change])
    together = moments(both, 0)
    first, second = (moments(PathGroup.of(Programs([one])), 0)[0] for one in plans[:2])
    assert (together[0], together[1]) == (first, second)
    total = both.accumulate(0).total
    assert total.mean[0] == pytest.approx(first[0] - second[0], rel=1e-9)
    assert 0 < total.stderr[0] < 0.01 * PathGroup.of(Programs(plans[:1])).accumulate(0).stacks[0].values.stderr[0]


def test_sobol_points_of_other_dates_are_other_groups():
    later = build_request({"strike": 100, "expiry": 0.99}, {"vol": 0.2}, {"paths": 4096, "sampler": "sobol"})
    plans = planned([european(sampler="sobol", paths=4096), later])
    assert path_groups(dict(enumerate(plans)), across_dates=True) == [[0], [1]]
