"""What paths that were not simulated might have added.

When every path gives the same number, the sample says nothing of its error: an option far out
of the money is worth 0 on each. With n paths, an event that none has shown has a probability
of at most 3/n (the rule of three, 95%; J. Hanley and A. Lippman-Hand, JAMA 249, 1983). What it
would contribute is seen on paths whose normals are stretched until some differ, and once more,
for the first to differ need not be those that differ most.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import Derivatives
from greeks_cli.engine.estimators.methods import derivatives
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.selection import pilot_paths
from greeks_cli.engine.simulation.path_data import Scenario, Simulated

_STRETCHES = (2, 4, 8, 16)


def unseen(plan: Plan, usual: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bound per Greek on the value of unseen events; ``usual`` is what every path gave.

    ``scales`` are the sizes of the Greeks: what differs by less than 1e-9 of them is rounding.
    """
    request = plan.request
    worst = np.zeros(len(request.greeks))
    done = np.zeros(len(request.greeks), dtype=bool)
    normals = pilot_paths(request).normals
    for stretch in _STRETCHES:
        found: Derivatives = {}
        scenario = Scenario(Simulated.of(request, normals * stretch))
        with np.errstate(all="ignore"):
            for group in plan.groups:
                found |= derivatives(request, request.contract, scenario, group.method, group.wanted)
        rows = np.array([found[greek.parameters] for greek in request.greeks])
        largest = np.nan_to_num(np.abs(rows - usual[:, None]).max(axis=1))
        seen = largest > 1e-9 * (np.abs(usual) + scales)
        worst, done = np.where(~done & seen, np.maximum(worst, largest), worst), worst > 0
    return worst * 3 / request.simulation.paths
