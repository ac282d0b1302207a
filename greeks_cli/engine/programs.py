"""What every block of a request computes, recorded once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.pilot import Group
from greeks_cli.engine.program import Program
from greeks_cli.engine.scenario import Scenario, Simulated
from greeks_cli.engine.tape import Tape
from greeks_cli.engine.valuation import derivatives
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Dtype

ESTIMATE, TWICE, FOUR_TIMES, CONTROL = "estimate", "twice", "four times", "control"
"""Of a derivative: its estimate, the same smoothed two and four times as widely, that of its control variate."""

Wanted = tuple[str, MultiIndex]


@dataclass(frozen=True, slots=True)
class Programs:
    """From a block's normals to its samples of every Greek."""

    usual: Program[Wanted]
    biased: Program[Wanted] | None
    """The same, and what wider smoothing makes of it; None where nothing is smoothed."""


def record(request: Request, groups: Sequence[Group], controls: Mapping[MultiIndex, MultiIndex]) -> Programs:
    """Differentiate the request's payoff on a few paths; what that computes is what any block will."""
    contract = request.contract
    n_rows = len(contract.dates) + contract.extra_normals
    tape = Tape(n_rows + 2)  # more than any payoff has rows
    dtype: type[np.floating] = np.float64 if request.simulation.dtype is Dtype.FLOAT64 else np.float32
    normals = np.linspace(-1, 1, n_rows * (n_rows + 2)).reshape(n_rows, -1).astype(dtype)
    scenario = Scenario.recorded(Simulated.of(request, normals), tape)
    own: dict[Wanted, NDArray[np.floating]] = {}
    wide: dict[Wanted, NDArray[np.floating]] = {}
    with np.errstate(all="ignore"):  # nothing is estimated here
        for group in groups:
            found = derivatives(request, contract, scenario, group.method, group.wanted)
            own |= {(ESTIMATE, index): found[index] for index in group.wanted}
            smoothed = [index for index in group.wanted if group.method.smooths(index, contract)]
            for level, factor in ((TWICE, 2), (FOUR_TIMES, 4)) if smoothed else ():
                found = derivatives(request, contract, scenario, group.method.widened(factor), smoothed)
                wide |= {(level, index): found[index] for index in smoothed}
            if controls:
                pairs = {index: controls[index] for index in group.wanted}
                found = derivatives(request, control_of(contract), scenario, group.method, set(pairs.values()))
                own |= {(CONTROL, index): found[other] for index, other in pairs.items()}
    return Programs(tape.program(own), tape.program(own | wide) if wide else None)
