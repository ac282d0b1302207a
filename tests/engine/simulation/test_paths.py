"""Paths move with their parameters as differences of simulated paths say they do."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import make_leaves, total
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import FrozenPath, MovingPath, PlainPath, ShiftedPath
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.sources import Coefficient
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.request import build_request
from tests.engine.direct import derivatives_of

VALUES = {"spot": 90.0, "vol": 0.3, "rate": 0.04, "dividend_yield": 0.01, "time": 0.0}
STEPS = {"spot": 0.05, "vol": 1e-4, "rate": 1e-4, "dividend_yield": 1e-4, "time": 1e-5}
DATES = (0.1, 0.25, 0.5, 0.9, 1.0, 1.7)
NORMALS = np.random.default_rng(5).standard_normal((len(DATES), 4))
INDICES = [*combinations_with_replacement(VALUES, 1), *combinations_with_replacement(VALUES, 2)]
LOOKS = {
    "one date": lambda path: path[2],
    "all dates": lambda path: total(path.spots * np.arange(1.0, 7.0)[:, None]),
    "total": lambda path: path.total(5),
}


def data_of(values):
    markets = Markets({name: np.array([value]) for name, value in values.items()}, np.array([DATES]))
    return PathData(Motion(DATES, NORMALS), markets)


def scenario():
    """The differentiable view of the paths, its sources plain arrays."""
    data = data_of(VALUES)

    def sourced(source, sample, is_flat=None):
        if isinstance(source, Coefficient):
            return source.of(data.markets, np.float64)[0] * np.ones_like(sample, shape=np.shape(sample) or (1,))
        return source.of(data)

    return Scenario(len(DATES), 4, np.float64, sourced, np.float64(VALUES["spot"]), np.array([VALUES["spot"]]))


def seen(look, values):
    return look(PlainPath(data_of(values), values["spot"]))


def difference(look, index):
    """By central differences, once per parameter."""

    def at(remaining, values):
        if not remaining:
            return seen(look, values)
        name, *others = remaining
        up, down = ({**values, name: values[name] + sign * STEPS[name]} for sign in (1, -1))
        return (at(others, up) - at(others, down)) / (2 * STEPS[name])

    return at(list(index), VALUES)


@pytest.mark.parametrize("index", INDICES, ids="-".join)
@pytest.mark.parametrize("look", LOOKS)
def test_derivatives_of_paths_match_differences(look, index):
    leaves = make_leaves(VALUES, VALUES, 4, np.float64)
    value = LOOKS[look](MovingPath(leaves, scenario(), DATES.__getitem__))
    found = by_grad(value, leaves, [index])[index]
    scale = np.abs(seen(LOOKS[look], VALUES))
    for name in index:
        scale = scale / STEPS[name]
    # A difference is good to about its step squared, and to rounding over the steps.
    np.testing.assert_allclose(found, difference(LOOKS[look], index), rtol=1e-4, atol=float(scale.max()) * 1e-13)


@pytest.mark.parametrize("first", ["spot", "vol", "rate", "dividend_yield"])
def test_shifted_path_stays_where_it_is_when_both_sets_of_leaves_move(first):
    leaves = make_leaves(VALUES, VALUES, 4, np.float64)
    data, end = scenario(), DATES[-1]
    shifted = ShiftedPath(leaves, data, end, first, leaves[first] * 1.0)
    np.testing.assert_array_equal(shifted[3].array, FrozenPath(leaves, data, end)[3])
    alone = MovingPath({**VALUES, first: leaves[first]}, data, end)
    index = [(first,), (first, first)]
    together = by_grad(shifted[3], leaves, index)
    moved = by_grad(ShiftedPath(VALUES, data, end, first, leaves[first])[3], leaves, index)
    for i in index:
        np.testing.assert_allclose(together[i], 0, atol=1e-10)
        np.testing.assert_allclose(moved[i], by_grad(alone[3], leaves, index)[i], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("autodiff", ["grad", "backward"])
@pytest.mark.parametrize("kind", CONTRACTS)
def test_single_precision_stays_single(kind, autodiff):
    contract = {"kind": kind, **CONTRACTS[kind].example}
    settings = {"paths": 5000, "dtype": "float32", "autodiff": autodiff}
    request = build_request(contract, {"vol": 0.2}, settings, "delta,vega,theta,gamma")
    chosen = plan(request)
    normals = chosen.blocks.normals(0)
    assert normals.dtype == np.float32
    for group in chosen.groups:
        found = derivatives_of(request, normals, group.method, group.wanted)
        assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("look", LOOKS)
def test_moving_path_starts_at_the_plain_path(look):
    leaves = make_leaves(VALUES, VALUES, 4, np.float64)
    moving = LOOKS[look](MovingPath(leaves, scenario(), DATES.__getitem__))
    np.testing.assert_allclose(moving.array, seen(LOOKS[look], VALUES), rtol=1e-14)


def test_density_over_its_present_value_is_one():
    leaves = make_leaves(VALUES, VALUES, 4, np.float64)
    np.testing.assert_array_equal(FrozenPath(leaves, scenario(), DATES.__getitem__).weight.array, np.ones(4))
