"""Closed forms that the estimates of a plan are compared with, or use."""

from greeks_cli.analytic.closed_forms import Exact, exact_derivatives
from greeks_cli.engine.execution.estimates import Truth
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.payoffs.controls import control_of


def truth_of(plan: Plan, exact: Exact) -> Truth:
    """The closed forms of a plan: ``exact`` for the contract and, where one is used, those of the control variate."""
    if not plan.controls:
        return Truth(exact)
    request = plan.request
    wanted = [plan.controls[greek.parameters] for greek in request.greeks]
    control = exact_derivatives(request, control_of(request), wanted)
    return Truth(exact, control)
