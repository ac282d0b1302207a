"""The exact price of a contract where one is known, and its exact Greeks."""

from collections.abc import Sequence
from functools import singledispatch
from math import isfinite

import numpy as np

from greeks_cli.engine.chainer_runtime import F
from greeks_cli.engine.controls import Underlying
from greeks_cli.engine.derivatives import MultiIndex, by_grad
from greeks_cli.engine.leaves import Leaves, make_leaves
from greeks_cli.engine.numbers import Operand, exp, log, sqrt
from greeks_cli.terms.contracts import Contract, European
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
    numbers = [float(derivatives[index][0]) for index in wanted]
    return tuple(number if isfinite(number) else None for number in numbers)


@singledispatch
def closed_form(contract: Contract, leaves: Leaves) -> Operand | None:
    """The price as a graph of the leaves, or None where no closed form is known."""
    return None


@closed_form.register
def _underlying(contract: Underlying, leaves: Leaves) -> Operand:
    """S e^(-qT)."""
    return leaves["spot"] * exp(-leaves["dividend_yield"] * (contract.expiry - leaves["time"]))


@closed_form.register
def _european(contract: European, leaves: Leaves) -> Operand:
    """F. Black and M. Scholes (1973), R. Merton (1973): S e^(-qT) N(d1) - K e^(-rT) N(d2)."""
    sign, T = contract.type.sign, contract.expiry - leaves["time"]
    S, K, vol = leaves["spot"], leaves["strike"], leaves["vol"]
    r, q = leaves["rate"], leaves["dividend_yield"]
    deviation = vol * sqrt(T)
    d1 = (log(S / K) + (r - q + 0.5 * vol * vol) * T) / deviation
    d2 = d1 - deviation
    return sign * (S * exp(-q * T) * F.ndtr(sign * d1) - K * exp(-r * T) * F.ndtr(sign * d2))
