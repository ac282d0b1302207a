"""What every block of a request computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.pilot import Group
from greeks_cli.engine.program import Assembly, Program
from greeks_cli.engine.recordings import Recordings
from greeks_cli.terms.request import Request

ESTIMATE, TWICE, FOUR_TIMES, CONTROL = "estimate", "twice", "four times", "control"
"""Of a derivative: its estimate, the same smoothed two and four times as widely, that of its control variate."""

Wanted = tuple[str, MultiIndex]


@dataclass(frozen=True, slots=True)
class Programs:
    """From a block's normals to its samples of every Greek."""

    usual: Program[Wanted]
    biased: Program[Wanted] | None
    """The same, and what wider smoothing makes of it; None where nothing is smoothed."""


@np.errstate(all="ignore")  # what leaves the range of its type is reported with the estimate
def assemble(
    request: Request, groups: Sequence[Group], controls: Mapping[MultiIndex, MultiIndex], recordings: Recordings
) -> Programs:
    """All groups as one calculation, so that what they have in common is computed once."""
    contract, assembly = request.contract, Assembly()
    own: dict[Wanted, int] = {}
    wide: dict[Wanted, int] = {}
    for group in groups:
        program = recordings.by(group.method.estimator)
        found = assembly.include(program, recordings.bound(group.method))
        own |= {(ESTIMATE, index): found[index] for index in group.wanted}
        smoothed = [index for index in group.wanted if group.method.smooths(index, contract)]
        for level, factor in ((TWICE, 2), (FOUR_TIMES, 4)) if smoothed else ():
            found = assembly.include(program, recordings.bound(group.method.widened(factor)))
            wide |= {(level, index): found[index] for index in smoothed}
        if controls:
            pairs = {index: controls[index] for index in group.wanted}
            of_control = recordings.of_control(control_of(contract), group.method, tuple(set(pairs.values())))
            found = assembly.include(of_control, recordings.bound(group.method))
            own |= {(CONTROL, index): found[other] for index, other in pairs.items()}
    return Programs(assembly.program(own), assembly.program(own | wide) if wide else None)
