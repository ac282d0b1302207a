"""Contracts whose mean over the first increment of a path is known, found by a trial on a few paths."""

import numpy as np

from greeks_cli.engine.autodiff.first_price import NotIntegrable
from greeks_cli.engine.autodiff.ops import make_leaves
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.engine.payoffs.given_ratios import mean_given_ratios
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.markets import Markets
from greeks_cli.engine.simulation.path_data import Motion, PathData
from greeks_cli.engine.simulation.paths import PlainPath
from greeks_cli.terms.request import Request

_PATHS = 2


def integrates_first(request: Request) -> bool:
    """True if the payoff, and a control variate, have known means over the first increment given the others."""
    contract, dates = request.contract, request.path_dates
    if request.is_joint or len(dates) == 1 or dates != contract.dates:
        return False
    if contract.is_early or contract.guards or request.bridges or not request.market.is_lognormal:
        return False
    motion = Motion(dates, np.zeros((len(dates), _PATHS)), Grid.usual(request))
    path = PlainPath(PathData(motion, Markets.of([request])), request, request.values)
    if not path.is_proportional:
        return False
    live = {name for greek in request.greeks for name in greek.parameters}
    leaves = make_leaves(request.payoff_values, live, _PATHS, np.float64)
    try:
        for one in (contract, control_of(request)) if request.simulation.control else (contract,):
            mean_given_ratios(one, leaves, path)
    except (NotIntegrable, TypeError):  # NumPy's functions refuse an operand by the latter
        return False
    return True
