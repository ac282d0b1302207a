"""What every block of a request computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from greeks_cli.engine.algebra import Algebra, Scaled
from greeks_cli.engine.controls import control_of
from greeks_cli.engine.derivatives import MultiIndex
from greeks_cli.engine.pilot import Group
from greeks_cli.engine.program import Program
from greeks_cli.engine.recordings import Recordings, bound
from greeks_cli.terms.request import Request

ESTIMATE, NEAR, FAR, CONTROL = "estimate", "near", "far", "control"
"""Of a derivative: its estimate, what twice the width changes, what four times changes from there, its control's."""

Wanted = tuple[str, MultiIndex]


@dataclass(frozen=True, slots=True)
class Programs:
    """From a block's normals to its samples of every Greek."""

    usual: Program[Wanted]
    biased: Program[Wanted] | None
    """The same, and what wider smoothing changes; None where nothing is smoothed."""
    factors: Mapping[Wanted, float]
    """What every result is yet to be multiplied by."""


@np.errstate(all="ignore")  # what leaves the range of its type is reported with the estimate
def assemble(
    request: Request, groups: Sequence[Group], controls: Mapping[MultiIndex, MultiIndex], recordings: Recordings
) -> Programs:
    """All groups as one calculation, so that what they have in common is computed once."""
    contract, algebra = request.contract, Algebra()
    own: dict[Wanted, Scaled] = {}
    changes: dict[Wanted, Scaled] = {}
    for group in groups:
        program = recordings.by(group.method.estimator)
        found = algebra.include(program, bound(request, group.method))
        own |= {(ESTIMATE, index): found[index] for index in group.wanted}
        smoothed = [index for index in group.wanted if group.method.smooths(index, contract)]
        for level, factor in ((NEAR, 2), (FAR, 4)) if smoothed else ():
            wider = algebra.include(program, bound(request, group.method.widened(factor)))
            changes |= {(level, index): algebra.difference(found[index], wider[index]) for index in smoothed}
            found = wider
        if controls:
            pairs = {index: controls[index] for index in group.wanted}
            of_control = recordings.of_control(control_of(contract), group.method, tuple(set(pairs.values())))
            found = algebra.include(of_control, bound(request, group.method))
            own |= {(CONTROL, index): found[other] for index, other in pairs.items()}
    factors = {name: scaled.factor for name, scaled in (own | changes).items()}
    return Programs(algebra.program(own), algebra.program(own | changes) if changes else None, factors)
