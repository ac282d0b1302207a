"""Closed form of a contract, dispatched on its type, and the formula of F. Black that most closed forms use."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Protocol

from greeks_cli.engine.autodiff.chainer_runtime import F
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.contract import Contract

SCHEDULE = ("expiry", "start")
"""Times of a contract that are inputs of its closed form."""


class AccrualsTo(Protocol):
    """Integrals of the market's parameters to the dates of the contract, by their indices."""

    is_flat: bool
    """True if no parameter is a curve."""

    def __call__(self, date: int = -1, since: int | None = None) -> Accruals:
        """Integrals to a date, from the present or from another date."""

    def weighted(self, coefficients: Sequence[float]) -> Accruals:
        """The weighted sum of the integrals from the present to the first dates."""


@singledispatch
def closed_form(contract: Contract, leaves: Leaves, accruals: AccrualsTo) -> Operand | None:
    """The price as a graph of the leaves, or None where there is no closed form.

    The leaves are the parameters and those of ``SCHEDULE`` that the contract has.
    """
    return None


def N(x: Operand) -> Operand:  # noqa: N802  # its name in every source
    """The standard normal distribution function."""
    return F.ndtr(x)


def black(sign: float, forward: Operand, strike: Operand, deviation: Operand) -> Operand:
    """E max(sign (X - K), 0) for lognormal X of given mean and standard deviation of log X (F. Black, 1976)."""
    d1 = log(forward / strike) / deviation + 0.5 * deviation
    return sign * (forward * N(sign * d1) - strike * N(sign * (d1 - deviation)))


def european(sign: float, spot: Operand, strike: Operand, to_expiry: Accruals) -> Operand:
    """F. Black and M. Scholes (1973), R. Merton (1973): S e^(-qT) N(d1) - K e^(-rT) N(d2) for a call."""
    forward = spot * exp(to_expiry.carry)
    return to_expiry.discount * black(sign, forward, strike, to_expiry.deviation)
