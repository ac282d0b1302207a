"""Choice of the number of time steps, by the change from twice the step on a few pilot paths.

The bias of a time step h is about c h, so that the estimates at h and 2h differ by the bias at h.
"""

from dataclasses import replace

import numpy as np

from greeks_cli.engine.backends.backend import HOST
from greeks_cli.engine.execution.candidates import effective_paths
from greeks_cli.engine.execution.linker import Linked
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.programs import ESTIMATE, Programs
from greeks_cli.engine.execution.selection import pilot_motion
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.path_data import Motion

_SHARE = 0.5
"""The bias of the steps over the standard error, at most, as far as the pilot can tell."""
_SPREAD = 0.5
"""The deviation of the change over that of the estimate, at most: the run has to measure the change too."""
_MOST_DOUBLINGS, _DOUBLINGS_FOR_NOISE = 5, 2


def with_steps(plan: Plan) -> Plan:
    """The plan with as few time steps as keep their bias below the standard error; a number that is given stays."""
    request = plan.request
    grid = plan.blocks.grid
    if not grid.steps or request.simulation.steps is not None or request.bridges:
        return plan
    with np.errstate(all="ignore"):  # numbers out of range are reported with the estimate
        linked = Linked(Programs([replace(plan, controls={})]))
        for doubled in range(_MOST_DOUBLINGS):
            is_biased, is_noisy = _judged(linked, pilot_motion(request, grid), effective_paths(request))
            if not (is_biased or (is_noisy and doubled < _DOUBLINGS_FOR_NOISE)):
                break
            grid = Grid.of(request, 2 * sum(grid.steps))
    return replace(plan, blocks=replace(plan.blocks, n_steps=sum(grid.steps)))


def _judged(linked: Linked, motion: Motion, paths: float) -> tuple[bool, bool]:
    """True if the steps' bias is notable in an estimate; and if its measurement would be too noisy."""
    chunked = linked.chunked((False,))
    fine, coarse = dict(chunked.run(motion, HOST)), dict(chunked.run(motion.halved, HOST))
    is_biased = is_noisy = False
    for name, rows in fine.items():
        if name[1][0] != ESTIMATE:
            continue
        row, change = (np.broadcast_to(one, (1, motion.n_paths))[0] for one in (rows, rows - coarse[name]))
        noise, deviation = change.std() / np.sqrt(motion.n_paths), row.std()
        is_biased |= bool(abs(change.mean()) - 2 * noise > _SHARE * deviation / np.sqrt(paths))
        is_noisy |= bool(change.std() > _SPREAD * deviation)
    return is_biased, is_noisy
