"""Samples of every Greek of one plan on any paths, with those of the control variates."""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.mixed_partials import Derivatives
from greeks_cli.engine.execution.choice.selection import in_float64
from greeks_cli.engine.execution.chunks import Stacked
from greeks_cli.engine.execution.numbers import Numbers, widths_of
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.execution.regression import Controlled
from greeks_cli.engine.execution.traced import traced
from greeks_cli.engine.payoffs.controls import control_of
from greeks_cli.engine.simulation.path_data import Motion

Rows = NDArray[np.floating]
"""The samples of every Greek, shape (n_greeks, n_paths)."""


def samples_of(plan: Plan, numbers: Numbers, motion: Motion, controlled: Controlled | None) -> tuple[Rows, Rows]:
    """The samples of a plan in double precision: plain, and regressed on their controls where there are any."""
    request, stacked = in_float64(plan.request), Stacked(numbers, motion)
    found: Derivatives = {}
    controls: Derivatives = {}
    for group in plan.groups:
        widths = widths_of([group.method])
        own = traced(request, dict.fromkeys(group.wanted, (group.method,)))
        found |= stacked.run(own.simplified(group.method.pattern, numbers), widths)
        if controlled:
            others = tuple(dict.fromkeys(plan.controls[index] for index in group.wanted))
            program = own.of_control(control_of(request), group.method, others, numbers)
            of_controls = stacked.run(program, widths)
            controls |= {index: of_controls[plan.controls[index]] for index in group.wanted}
    plain = _rows(plan, found, motion.n_paths)
    return plain, controlled.of(plain, _rows(plan, controls, motion.n_paths)) if controlled else plain


def _rows(plan: Plan, found: Derivatives, n_paths: int) -> Rows:
    return np.array([np.broadcast_to(found[greek.parameters], (n_paths,)) for greek in plan.request.greeks])
