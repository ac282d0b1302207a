"""Likelihood ratios that hold paths fixed at anchors, and their conditional estimates, against those of all dates."""

from dataclasses import replace
from math import hypot
from types import SimpleNamespace

import numpy as np
import pytest

from greeks_cli.engine.autodiff.softplus import Kernel
from greeks_cli.engine.estimators.methods import Differentiation, Method
from greeks_cli.engine.execution.choice.selection import Pilot
from greeks_cli.engine.execution.numbers import Numbers, fetched, widths_of
from greeks_cli.engine.execution.traced import scenario_of
from greeks_cli.engine.simulation.anchored import Bridges, Increments, IndependentIncrements
from greeks_cli.engine.simulation.any_market import data_of
from greeks_cli.engine.simulation.any_paths import any_paths
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.joint_density import density
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.schedule import KnownSchedule
from greeks_cli.terms.building import build_request
from greeks_cli.terms.simulation import Estimator

N_PATHS = 40_000
SINGLE = {"spot": 100, "vol": 0.25, "rate": 0.03, "dividend_yield": 0.02}
CURVED = {**SINGLE, "rate": "0.25:0.01,1:0.04"}
SEVERAL = {
    "underlying": {"A": {"spot": 100, "vol": 0.25}, "B": {"spot": 90, "vol": 0.3, "dividend_yield": 0.01}},
    "correlation": 0.4,
    "rate": 0.03,
}
NOTE = {"kind": "autocallable", "fixings": 2, "coupon": 0.08, "knock_in": 0.75, "knock_in_monitoring": 40}
MARKETS = {
    "one": (SINGLE, "delta,gamma,vega,rho,vanna,volga,theta,charm,veta"),
    "curves": (CURVED, "delta,gamma,vega,d(rate[1]),theta"),
    "two": (SEVERAL, "delta,hessian,vega,rho,d(correlation),theta,d(correlation,vol[A])"),
}


def derivatives(request, method):
    """The derivatives of a method on some paths, by Chainer itself."""
    grid = Grid.of(request)
    normals = np.random.default_rng(5).normal(size=(grid.n_rows, N_PATHS))
    numbers = Numbers([request])
    fetch = fetched(data_of(Motion(request.path_dates, normals, grid), numbers.markets), numbers, widths_of([method]))

    def sourced(source, sample, is_flat=None):
        value = np.asarray(fetch(source))
        return value if value.ndim else value.reshape(1)

    wanted = [greek.parameters for greek in request.greeks if greek.order]
    scenarios = [scenario_of(request, part, N_PATHS, np.float64, sourced) for part in range(len(request.parts))]
    for scenario in scenarios:
        scenario.differentiate_laws(Estimator.LIKELIHOOD, False, wanted)
    paths = any_paths(scenarios, [KnownSchedule(part) for part in request.parts])
    found = Differentiation(request, request.contract, paths, request.values, N_PATHS, np.float64)
    return {index: np.asarray(value) for index, value in found.derivatives(method, wanted).items()}


@pytest.mark.parametrize("market", MARKETS)
def test_anchored_derivatives_are_those_of_all_dates_with_less_noise(market):
    fields, greeks = MARKETS[market]
    request = build_request(NOTE, fields, {"paths": N_PATHS}, greeks)
    kernels = Pilot.of_all([request])[0].candidates[request.greeks[1].parameters][0].kernels
    plain = Method(Estimator.LIKELIHOOD, kernels)
    anchored = replace(plain, anchors=request.contract.anchors)
    assert anchored.anchors == (19, 39)
    one, other = derivatives(request, plain), derivatives(request, anchored)
    for index, values in other.items():
        noise = hypot(one[index].std(), values.std()) / N_PATHS**0.5
        assert abs(values.mean() - one[index].mean()) < 4 * noise, index
    moved = ("spot", "vol", "correlation", "time")
    less_noisy = [index for index in other if all(name.startswith(moved) for name in index)]
    assert all(other[index].std() < 0.4 * one[index].std() for index in less_noisy)
    in_time = [index for index in other if "time" in index]
    assert in_time
    assert all(other[index].std() < 0.1 * one[index].std() for index in in_time)


@pytest.mark.parametrize("market", MARKETS)
def test_a_note_of_one_fixing_moves_before_its_only_anchor_alone(market):
    fields, greeks = MARKETS[market]
    request = build_request({**NOTE, "fixings": 1}, fields, {"paths": N_PATHS}, greeks)
    kernels = Pilot.of_all([request])[0].candidates[request.greeks[1].parameters][0].kernels
    plain = Method(Estimator.LIKELIHOOD, kernels)
    one, other = derivatives(request, plain), derivatives(request, replace(plain, anchors=(39,)))
    for index, values in other.items():
        noise = hypot(one[index].std(), values.std()) / N_PATHS**0.5
        assert abs(values.mean() - one[index].mean()) < 4 * noise, index


def test_conditional_first_derivatives_with_anchors_have_little_variance():
    """As noisy as a density of the anchors alone is, it acts on the little that kernels leave."""
    greeks = "delta,vega,theta,d(correlation)"
    request = build_request({**NOTE, "knock_in_monitoring": 200}, SEVERAL, {"paths": N_PATHS}, greeks)
    methods = Pilot.of_all([request])[0].candidates[("time",)]
    anchored = next(method for method in methods if method.estimator is Estimator.CONDITIONAL)
    assert anchored.anchors == (99, 199)
    assert anchored.smooths(("vol[A]",), request.contract)
    plain = replace(anchored, anchors=(), rest=())
    assert not plain.smooths(("vol[A]",), request.contract)
    one, other = derivatives(request, plain), derivatives(request, anchored)
    for index, values in other.items():
        noise = hypot(one[index].std(), values.std()) / N_PATHS**0.5
        assert abs(values.mean() - one[index].mean()) < 4 * noise, index
    ratios = {index: other[index].var() / one[index].var() for index in other}
    assert max(ratios.values()) < 0.25
    assert ratios[("time",)] < 0.01


def test_wider_kernels_leave_a_smooth_part_as_it_is():
    smooth, rest = Kernel.polynomial(2.0, 1, 4), Kernel.plain(0.5, 1)
    method = Method(Estimator.CONDITIONAL, (smooth,), anchors=(3,), rest=(rest,))
    wider = method.wider(widths_of([method]), 2)
    assert wider[0, 0] == pytest.approx(2.0)
    assert wider[0, 1] == pytest.approx(1.0)
    pathwise = replace(method, estimator=Estimator.PATHWISE, rest=())
    assert pathwise.wider(widths_of([pathwise]), 2)[0, 0] == pytest.approx(4.0)


def test_bridges_are_independent_of_the_increments_between_anchors():
    anchors, dates = (1, 4), (0.1, 0.3, 0.4, 0.7, 1.0)
    normals = np.random.default_rng(1).normal(size=(5, 100_000))
    data = SimpleNamespace(motion=Motion(dates, normals))
    bridges, increments = Bridges(anchors).of(data), Increments(anchors).of(data)
    assert np.abs(bridges[[1, 4]]).max() < 1e-12
    assert increments == pytest.approx(IndependentIncrements(0, anchors).of(data))
    assert increments.var() == pytest.approx(1, abs=4 * (2 / 1e5) ** 0.5)
    for place, start, end in ((0, 0.0, 0.3), (2, 0.3, 1.0), (3, 0.3, 1.0)):
        variance = (dates[place] - start) * (end - dates[place]) / (end - start)
        assert bridges[place].var() == pytest.approx(variance, rel=4 * (2 / 1e5) ** 0.5)
        assert abs(np.corrcoef(bridges[place], increments[0])[0, 1]) < 4 / 1e5**0.5


def test_density_of_paths_that_no_leaf_moves_is_one():
    assert density([Still()], {}, [""]) == 1.0


class Still:
    """Increments that no leaf moves."""

    n_later = 0
    first = np.array([0.5, -1.0])
    first_deviation = np.float64(0.3)

    def independent_first(self, part):
        return self.first
