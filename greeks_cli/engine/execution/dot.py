"""The Chainer graph behind a number as a picture."""

from dataclasses import replace

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Operand, make_leaves
from greeks_cli.engine.compiler.ir import Source
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.numbers import Numbers, fetched, widths_of
from greeks_cli.engine.execution.traced import scenario_of
from greeks_cli.engine.exercise.policy import with_policy
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.simulation.any_market import data_of
from greeks_cli.engine.simulation.any_paths import any_paths
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.normals import PATHS, standard_normals
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.engine.simulation.schedule import KnownSchedule
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator

_PATHS_SHOWN = 4


def steps_drawn(request: Request) -> int:
    """The number of time steps of the paths drawn, those asked for or the usual ones; 0 where sampling is exact."""
    return sum(Grid.usual(request).steps)


@np.errstate(all="ignore")  # steps of a kind that a path does not take
def dot_graph(request: Request, greek: Greek) -> str:
    """The graph of one Greek in the DOT language, its leaves named; drawn on four paths."""
    import chainer.computational_graph as drawing

    request = request.by_place
    contract, grid = request.contract, Grid.usual(request)
    simulation = request.simulation.model_copy(update={"estimator": Estimator.PATHWISE})
    (group, *_) = plan(replace(request, simulation=simulation)).groups
    normals = standard_normals(request.simulation.seed, PATHS, 0, (1,) * grid.n_rows, _PATHS_SHOWN, np.float64)
    live = set(greek.parameters) or {next(iter(request.values))}
    leaves = make_leaves(with_policy(request, request.payoff_values), live, _PATHS_SHOWN, np.float64)
    for name in live:
        leaves[name].name = name
    numbers = Numbers([request])
    fetch = fetched(
        data_of(Motion(request.path_dates, normals, grid), numbers.markets), numbers, widths_of([group.method])
    )

    def sourced(source: Source, sample: Operand, is_flat: bool | None = None) -> Operand:
        return fetch(source)

    scenarios = [scenario_of(request, part, _PATHS_SHOWN, np.float64, sourced) for part in range(len(request.parts))]
    for scenario in scenarios:
        scenario.differentiate_laws(Estimator.PATHWISE, False, [greek.parameters])
    path = any_paths(scenarios, [KnownSchedule(own) for own in request.parts]).moving(leaves)
    node = discounted_payoff(contract, leaves, path, Smoother(group.method.kernels))
    for name in greek.parameters:
        ones = chainer.Variable(np.ones_like(node.array), name="1 on every path")
        (node,) = chainer.grad([node], [leaves[name]], [ones], enable_double_backprop=True)
    node.name = greek.name
    return str(drawing.build_computational_graph([node]).dump())
