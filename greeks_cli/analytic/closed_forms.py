"""Exact Greeks, by the same derivatives module as the simulated ones."""

from collections.abc import Sequence
from math import isfinite

import numpy as np

from greeks_cli.analytic import path_options, vanilla_options
from greeks_cli.analytic.closed_form import closed_form
from greeks_cli.engine.derivatives import MultiIndex, by_grad
from greeks_cli.engine.leaves import make_leaves
from greeks_cli.terms.contract import Contract
from greeks_cli.terms.greek import MAX_ORDER
from greeks_cli.terms.request import Request


def exact_greeks(request: Request) -> tuple[float | None, ...]:
    """The closed form of every Greek of the request; None where none is known."""
    return exact_derivatives(request, request.contract, [greek.parameters for greek in request.greeks])


def exact_derivatives(request: Request, contract: Contract, wanted: Sequence[MultiIndex]) -> tuple[float | None, ...]:
    """Derivatives of a contract's closed form in the request's market; None where none is known."""
    leaves = make_leaves(request.values, request.values, 1, np.float64)
    with np.errstate(all="ignore"):  # what leaves the range of floats is not known
        value = closed_form(contract, leaves)
        if value is None:
            return (None,) * len(wanted)
        derivatives = by_grad(value, leaves, wanted)
    highest = 1 if contract.bends_at(request.market.spot) else MAX_ORDER
    numbers = [float(derivatives[index][0]) for index in wanted]
    return tuple(
        number if isfinite(number) and len(index) <= highest else None
        for index, number in zip(wanted, numbers, strict=True)
    )


__all__ = ["exact_derivatives", "exact_greeks", "path_options", "vanilla_options"]
