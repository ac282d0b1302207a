"""Several underlyings under models: sums over time steps, joint increments, and the paths that they make."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from greeks_cli.engine.execution.compile import compiled, plan, simplified
from greeks_cli.engine.execution.traced import scenario_of
from greeks_cli.engine.simulation.any_market import markets_of, moved_market, plain_path
from greeks_cli.engine.simulation.any_paths import any_paths
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.joint import model_data
from greeks_cli.engine.simulation.joint.increments import Part, joint_increments
from greeks_cli.engine.simulation.joint.model_data import JointModelData
from greeks_cli.engine.simulation.joint.model_paths import JointModelPaths
from greeks_cli.engine.simulation.joint.paths import JointPaths
from greeks_cli.engine.simulation.joint.recursion import Wanted, joint_sums
from greeks_cli.engine.simulation.models.model_path import ModelPath
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.schedule import KnownSchedule
from tests.contracts.joint import asked
from tests.models import MIXED

DATES = [0.4, 1.0]
PAYOFF = {"kind": "formula", "payoff": "max(A[-1] - B[0] + C[-1] - D[0], 0)", "fixing_times": DATES}
REQUEST = asked(PAYOFF, "price", MIXED)
GRID = Grid.of(REQUEST, 20)
MOTION = Motion(REQUEST.path_dates, np.random.default_rng(4).standard_normal((GRID.n_rows, 20_000)), GRID)


def sums(wanted, **changes):
    return sums_of(REQUEST, wanted, **changes)


@np.errstate(invalid="ignore")  # a quadratic step near 0, which an exponential one replaces
def sums_of(request, wanted, **changes):
    market = moved_market(request, {**request.values, **changes})
    return joint_sums(market, MOTION, [wanted])[wanted]


def test_a_grid_has_normals_of_every_date_jump_and_variance():
    assert (GRID.n_underlyings, GRID.n_jumping, GRID.n_stepped, GRID.steps) == (4, 2, 2, (8, 12))
    assert GRID.n_rows == 2 * (4 + 2) + 2 * 20
    halved = GRID.halved_normals(MOTION.normals)
    np.testing.assert_allclose(halved[12 + 10], (MOTION.normals[32] + MOTION.normals[33]) / 2**0.5)


QUANTITIES = {
    "mean": (("C",), ["vol_of_vol[C]", "correlation[A,C]", "time"]),
    "variance": (("C",), ["initial_variance[C]", "correlation[A,C]"]),
    "deviation": (("C",), ["spot_vol_correlation[C]", "correlation[A,C]"]),
    "product": (("A", "C"), ["vol_of_vol[A]", "mean_reversion[C]", "correlation[A,C]", "time"]),
}


@pytest.mark.parametrize(("name", "parameter"), [(n, p) for n, (_, ps) in QUANTITIES.items() for p in ps])
def test_first_derivatives_of_sums_are_those_of_differences(name, parameter):
    underlyings, h = QUANTITIES[name][0], 1e-6
    found = sums(Wanted(name, underlyings, (parameter,)))
    ends = [sums(Wanted(name, underlyings, ()), **{parameter: REQUEST.values[parameter] + d}) for d in (h, -h)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("index", [*combinations_with_replacement(["correlation[A,C]", "vol_of_vol[A]", "time"], 2)])
def test_second_derivatives_of_products_are_differences_of_the_first(index):
    first, second = index
    h = 1e-5
    found = sums(Wanted("product", ("A", "C"), tuple(sorted(index))))
    ends = [sums(Wanted("product", ("A", "C"), (first,)), **{second: REQUEST.values[second] + d}) for d in (h, -h)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2 * h), rtol=1e-3, atol=1e-6)


OTHERS = [("A", {"vol_of_vol": 1.5}), ("C", {"spot_vol_correlation": 0.0}), ("C", {"vol_of_vol": 1.2})]


@pytest.mark.parametrize(("name", "changes"), OTHERS, ids=str)
def test_derivatives_in_correlations_hold_near_zero_and_where_programs_differ(name, changes):
    """Variances that often are 0 take exponential steps; a parameter of 0 makes one underlying's program shorter."""
    own = {one: {**market, **(changes if one == name else {})} for one, market in MIXED["underlying"].items()}
    request = asked(PAYOFF, "price", {**MIXED, "underlying": own})
    value, h = request.values["correlation[A,C]"], 1e-6
    found = sums_of(request, Wanted("product", ("A", "C"), ("correlation[A,C]",)))
    ends = [sums_of(request, Wanted("product", ("A", "C"), ()), **{"correlation[A,C]": value + d}) for d in (h, -h)]
    difference = (ends[0] - ends[1]) / (2 * h)
    near = np.isclose(found, difference, rtol=1e-3, atol=1e-6)
    assert near.mean() > 0.999  # but for paths that leave 0 between the two ends


def test_sums_of_other_markets_are_left_out():
    others = [Wanted("mean", ("E",), ()), Wanted("mean", ("A",), ("correlation[A,E]",)), Wanted("mean", ("B",), ())]
    assert list(joint_sums(markets_of([REQUEST]), MOTION, others)) == []


def increments_of(data):
    markets = data.markets
    parts = zip(markets.names, REQUEST.parts, strict=True)
    named = [Part(name, own.sole_market.model, KnownSchedule(own)) for name, own in parts]
    return joint_increments(named, markets.values, 2, data)


def test_covariances_are_sums_over_steps():
    found = increments_of(JointModelData(MOTION, markets_of([REQUEST])))
    rows = found.rows
    variances = sums(Wanted("variance", ("A",), ())), sums(Wanted("variance", ("C",), ()))
    np.testing.assert_allclose(rows[0][0] ** 2, variances[0])
    np.testing.assert_allclose(sum(weight**2 for weight in rows[2]) - 0.15**2 * jumps("C"), variances[1], rtol=1e-9)
    rho_a, rho_c = -0.6, -0.4
    given = 0.5 * (1 - rho_a * rho_c) / ((1 - rho_a**2) * (1 - rho_c**2)) ** 0.5
    np.testing.assert_allclose(rows[0][0] * rows[2][0], given * sums(Wanted("product", ("A", "C"), ())))
    # Beside a constant variance: its deviation per step times the sum of the others.
    deviations = sums(Wanted("deviation", ("A",), ())) * 0.3 * np.sqrt([[0.4], [0.6]])
    np.testing.assert_allclose(rows[0][0] * rows[1][0], 0.3 / 0.8 * deviations)


def jumps(name):
    return JointModelData(MOTION, markets_of([REQUEST])).counts(name)


def test_jumps_of_underlyings_are_independent_and_as_many_as_expected():
    one, other = jumps("B"), jumps("C")
    np.testing.assert_allclose(one.mean(axis=1), [0.8 * 0.4, 0.8 * 0.6], rtol=0.05)
    for of_date in zip(one, other, strict=True):
        assert abs(np.corrcoef(of_date)[0, 1]) < 4 / one.shape[1] ** 0.5


def test_normals_are_recovered_from_levels():
    data = JointModelData(MOTION, markets_of([REQUEST]))
    found = increments_of(data)
    normals = [data.part(k).motion.normals[:2] for k in range(4)]
    later = found.at(slice(1, 2))
    forwards = [part.forward for part in found.parts]
    changes = [
        (level - forward)[1:] - (level - forward)[:1] for level, forward in zip(data.logarithms, forwards, strict=True)
    ]
    for one, other in zip(later.normals_of(changes), normals, strict=True):
        np.testing.assert_allclose(one, other[1:], atol=1e-9)


def test_discounted_prices_are_martingales_and_logarithms_correlate_as_their_brownian_motions():
    path = plain_path(JointModelData(MOTION, markets_of([REQUEST])), REQUEST, REQUEST.values)
    for part in path.parts:
        last = part[-1] * np.exp(-0.02)
        assert abs(last.mean() - 100) < 4 * last.std() / len(last) ** 0.5
    logs = [np.log(path.of(name)[-1]) for name in "AD"]
    assert abs(np.corrcoef(logs)[0, 1] - 0.2) < 0.05  # A's variance is random: a little less than its correlation


def test_paths_are_those_of_models_where_one_underlying_has_one():
    def sourced(source, sample, is_flat=None):
        return sample

    for request, kind in ((REQUEST, JointModelPaths), (asked(PAYOFF, "price", LOGNORMAL), JointPaths)):
        scenarios = [scenario_of(request, k, 5, np.float64, sourced) for k in range(4)]
        paths = any_paths(scenarios, [KnownSchedule(part) for part in request.parts])
        assert isinstance(paths, kind)
    single = any_paths([scenario_of(REQUEST.parts[0], 0, 5, np.float64, sourced)], [KnownSchedule(REQUEST.parts[0])])
    assert isinstance(single.moving(REQUEST.parts[0].values), ModelPath)


LOGNORMAL = {"underlying": {name: {"vol": 0.2} for name in "ABCD"}, "correlation": 0.5}


def test_a_shorter_piece_of_paths_has_the_same_bits():
    some = replace_motion(MOTION, slice(100, 200))
    whole = JointModelData(MOTION, markets_of([REQUEST])).logarithms
    for one, other in zip(JointModelData(some, markets_of([REQUEST])).logarithms, whole, strict=True):
        np.testing.assert_array_equal(one, other[:, 100:200])


def replace_motion(motion, paths):
    return Motion(motion.dates, motion.normals[:, paths], motion.grid)


def test_a_request_with_other_values_moves_its_paths():
    moved = moved_market(REQUEST, {**REQUEST.values, "vol_of_vol[C]": 0.3})
    before, after = (JointModelData(MOTION, own).logarithms for own in (markets_of([REQUEST]), moved))
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])


def test_steps_are_taken_once_for_all_that_programs_read(monkeypatch):
    """A block takes the steps of its variances once, and once more where half as many steps tell their bias."""
    taken = []

    def counted(*arguments):
        taken.append(len(arguments[-1]))
        return joint_sums(*arguments)

    monkeypatch.setattr(model_data, "joint_sums", counted)
    market = {"rate": 0.02, "correlation": 0.5, "underlying": {name: MIXED["underlying"][name] for name in "AC"}}
    greeks = "delta,d(spot[A],spot[C]),d(vol_of_vol[A]),d(correlation[A,C])"
    programs = simplified([plan(asked({"kind": "best-of", "strike": 100}, greeks, market, paths=4096, steps=8))])
    group = compiled(programs)
    taken.clear()
    group.accumulate(0)
    assert len(taken) == 1 + group.plans[0].measures_steps(0)
