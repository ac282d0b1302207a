"""Formula of F. Black, which most closed forms use."""

from greeks_cli.engine.autodiff.chainer_runtime import F
from greeks_cli.engine.autodiff.ops import Operand, exp, log
from greeks_cli.engine.simulation.accruals import Accruals


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
