"""Likelihood ratios that hold paths fixed from an anchor on, against those of all dates."""

from dataclasses import replace
from math import hypot

import numpy as np
import pytest

from greeks_cli.engine.estimators.methods import Differentiation, Method
from greeks_cli.engine.execution.numbers import Numbers, fetched, widths_of
from greeks_cli.engine.execution.selection import Pilot
from greeks_cli.engine.execution.traced import scenario_of
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
    "one": (SINGLE, "delta,gamma,vega,rho,vanna"),
    "curves": (CURVED, "delta,gamma,vega,d(rate[1])"),
    "two": (SEVERAL, "delta,hessian,vega,rho,d(correlation)"),
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
    anchored = replace(plain, anchor=request.contract.anchor)
    assert anchored.anchor == 19
    one, other = derivatives(request, plain), derivatives(request, anchored)
    for index, values in other.items():
        noise = hypot(one[index].std(), values.std()) / N_PATHS**0.5
        assert abs(values.mean() - one[index].mean()) < 4 * noise, index
    spots = [index for index in other if all(name.startswith("spot") for name in index)]
    assert all(other[index].std() < 0.5 * one[index].std() for index in spots)


def test_density_of_paths_that_no_leaf_moves_is_one():
    assert density([Still()], {}, [""]) == 1.0


class Still:
    """Increments that no leaf moves."""

    n_later = 0
    first = np.array([0.5, -1.0])
    first_deviation = np.float64(0.3)

    def independent_first(self, part):
        return self.first
