"""Paths move with their parameters as differences of simulated paths say they do."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from greeks_cli.engine.autodiff.leaves import make_leaves
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.autodiff.ops import total
from greeks_cli.engine.estimators.methods import derivatives
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.simulation.path_data import Scenario, Simulated
from greeks_cli.engine.simulation.paths import FrozenPath, ShiftedPath, SimulatedPath
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.request import build_request

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


def seen(look, values):
    leaves = make_leaves(values, (), 4, np.float64)
    return look(SimulatedPath(leaves, Scenario(Simulated(values, DATES, NORMALS))))


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
    value = LOOKS[look](SimulatedPath(leaves, Scenario(Simulated(VALUES, DATES, NORMALS))))
    found = by_grad(value, leaves, [index])[index]
    scale = np.abs(seen(LOOKS[look], VALUES))
    for name in index:
        scale = scale / STEPS[name]
    # A difference is good to about its step squared, and to rounding over the steps.
    np.testing.assert_allclose(found, difference(LOOKS[look], index), rtol=1e-4, atol=float(scale.max()) * 1e-13)


@pytest.mark.parametrize("first", ["spot", "vol", "rate", "dividend_yield"])
def test_a_shifted_path_stays_where_it_is_when_both_sets_of_leaves_move(first):
    leaves = make_leaves(VALUES, VALUES, 4, np.float64)
    scenario = Scenario(Simulated(VALUES, DATES, NORMALS))
    shifted = ShiftedPath(leaves, scenario, first, leaves[first] * 1.0)
    np.testing.assert_array_equal(shifted[3].array, FrozenPath(leaves, scenario)[3])
    alone = SimulatedPath({**VALUES, first: leaves[first]}, scenario)
    index = [(first,), (first, first)]
    together = by_grad(shifted[3], leaves, index)
    moved = by_grad(ShiftedPath(VALUES, scenario, first, leaves[first])[3], leaves, index)
    for i in index:
        np.testing.assert_allclose(together[i], 0, atol=1e-10)
        np.testing.assert_allclose(moved[i], by_grad(alone[3], leaves, index)[i], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("autodiff", ["grad", "backward"])
@pytest.mark.parametrize("kind", CONTRACTS)
def test_single_precision_stays_single(kind, autodiff):
    contract = {"kind": kind, **CONTRACTS[kind].example}
    settings = {"paths": 5000, "dtype": "float32", "autodiff": autodiff}
    request = build_request(contract, {"vol": 0.2}, settings, "delta,vega,theta,gamma")
    plan = Plan.of(request)
    scenario = Scenario(Simulated.of(request, plan.normals(0)))
    for group in plan.groups:
        found = derivatives(request, request.contract, scenario, group.method, group.wanted)
        assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}
