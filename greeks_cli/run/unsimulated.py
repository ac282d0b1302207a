"""Results without simulation: closed forms where a request wants them, and contracts that have expired."""

from collections.abc import Iterator, Sequence
from math import isfinite

from greeks_cli.analytic.closed_forms import exact_greeks_of_all
from greeks_cli.engine.backends.select import arithmetic
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Estimate, Result, Unsimulated


def unsimulated(requests: Sequence[Request]) -> Iterator[tuple[int, Result]]:
    """The number and the result of each request that needs no paths."""
    wanting = []
    for number, request in enumerate(requests):
        if request.contract.has_expired:
            from greeks_cli.run.expired import payoff_today  # contracts of all kinds

            with arithmetic(request.simulation):
                payment = payoff_today(request)
            values = [0.0 if greek.order else payment for greek in request.greeks]
            yield number, _exact_result(request, values, Unsimulated.EXPIRED)
        elif request.simulation.closed_form:
            wanting.append(number)
    exact = exact_greeks_of_all([requests[number] for number in wanting])
    for number, found in zip(wanting, exact, strict=True):
        known = [value for value in found if value is not None and isfinite(value)]
        if len(known) == len(found):
            yield number, _exact_result(requests[number], known, Unsimulated.CLOSED_FORM)


def _exact_result(request: Request, values: Sequence[float], estimator: Unsimulated) -> Result:
    pairs = zip(request.greeks, values, strict=True)
    estimates = tuple(Estimate(greek, value, 0.0, value, value, 0.0, value, estimator) for greek, value in pairs)
    return Result(request, estimates, 0, 0.0)
