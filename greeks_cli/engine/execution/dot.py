"""The Chainer graph behind a number, for people to look at."""

import numpy as np

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.leaves import make_leaves
from greeks_cli.engine.autodiff.softplus import Smoother
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.payoffs import discounted_payoff
from greeks_cli.engine.simulation.normals import PATHS, standard_normals
from greeks_cli.engine.simulation.path_data import Scenario, Simulated
from greeks_cli.engine.simulation.paths import SimulatedPath
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request

_PATHS_SHOWN = 4


def dot_graph(request: Request, greek: Greek) -> str:
    """The graph of one Greek in the DOT language, its leaves named; drawn on four paths."""
    import chainer.computational_graph as drawing

    dates = request.contract.dates
    normals = standard_normals(
        request.simulation.seed,
        PATHS,
        0,
        (1,) * (len(dates) + request.contract.extra_normals),
        _PATHS_SHOWN,
        np.float64,
    )
    live = set(greek.parameters) or {"spot"}
    leaves = make_leaves(request.values, live, _PATHS_SHOWN, np.float64)
    for name in live:
        leaves[name].name = name
    (group, *_) = Plan.of(request).groups
    node = discounted_payoff(
        request.contract,
        leaves,
        SimulatedPath(leaves, Scenario(Simulated.of(request, normals))),
        Smoother(group.method.kernels),
    )
    for name in greek.parameters:
        ones = chainer.Variable(np.ones_like(node.array), name="1 on every path")
        (node,) = chainer.grad([node], [leaves[name]], [ones], enable_double_backprop=True)
    node.name = greek.name
    return str(drawing.build_computational_graph([node]).dump())
