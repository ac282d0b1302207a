"""The exact price of a contract where one is known, and its exact Greeks."""

from collections.abc import Sequence
from functools import singledispatch

import numpy as np

from greeks_cli.engine.chainer_runtime import F
from greeks_cli.engine.derivatives import by_grad
from greeks_cli.engine.leaves import Leaves, make_leaves
from greeks_cli.engine.numbers import Operand, exp, log, sqrt
from greeks_cli.terms.contracts import Contract, European
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request


def exact_greeks(request: Request) -> tuple[float | None, ...]:
    """The closed form of every Greek of the request; None throughout where none is known."""
    leaves = make_leaves(request.values, request.values, 1, np.float64)
    value = closed_form(request.contract, leaves)
    if value is None:
        return (None,) * len(request.greeks)
    return _evaluated(value, leaves, request.greeks)


def _evaluated(value: Operand, leaves: Leaves, greeks: Sequence[Greek]) -> tuple[float, ...]:
    derivatives = by_grad(value, leaves, [greek.parameters for greek in greeks])
    return tuple(float(derivatives[greek.parameters][0]) for greek in greeks)


@singledispatch
def closed_form(contract: Contract, leaves: Leaves) -> Operand | None:
    """The price as a graph of the leaves, or None where no closed form is known."""
    return None


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
