"""Derivatives by Chainer on the paths themselves, without a trace: the reference of traced programs."""

import numpy as np

from greeks_cli.engine.estimators.methods import Differentiation
from greeks_cli.engine.execution.numbers import Numbers, fetched, widths_of
from greeks_cli.engine.simulation.models.model_paths import paths_of
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.scenario import Scenario
from greeks_cli.engine.simulation.schedule import KnownSchedule


def fetch_of(request, normals, method):
    """Fetches the sources of the traces of a request from some normals."""
    numbers = Numbers([request])
    data = PathData(Motion(request.contract.dates, normals), numbers.markets)
    return fetched(data, numbers, widths_of([method]))


def scenario_of(request, normals, method):
    """The scenario whose sources are plain arrays, of shape (1,) where a trace has a number."""
    request = request.by_place
    fetch, dtype = fetch_of(request, normals, method), normals.dtype.type

    def sourced(source, sample, is_flat=None):
        value = np.asarray(fetch(source))
        return value if value.ndim else value.reshape(1)

    spot = request.market.spot
    return Scenario(request, normals.shape[1], dtype, sourced, dtype(spot), np.array([spot], dtype))


def derivatives_of(request, normals, method, wanted):
    """The wanted derivatives by a method, each of shape (n_paths,)."""
    request = request.by_place
    scenario, contract = scenario_of(request, normals, method), request.contract
    paths = paths_of(scenario, KnownSchedule(request))
    found = Differentiation(request, contract, paths, request.payoff_values, scenario.n_paths, scenario.dtype)
    return found.derivatives(method, wanted)
