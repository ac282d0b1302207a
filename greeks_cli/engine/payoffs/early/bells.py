"""Bells: Gaussian functions of a normal variable, whose means are bells again.

They span what a price does between its limits, and vanish far out, where polynomials do not.
"""

from greeks_cli.engine.autodiff.ops import Operand, exp, sqrt

N_BELLS = 9
"""The usual number of bells."""
REACH = 3.2
"""The distance of the first bell and of the last from the middle one, in standard deviations of the variable."""


def bells(x: Operand, variance: Operand = 0.0, n: int = N_BELLS) -> list[Operand]:
    """The mean of each bell exp(-(x + s z - c)^2 / 2 w^2) over a standard normal z, where s^2 is ``variance``.

    The width w is the distance from bell to bell.
    """
    width = 2 * REACH / (n - 1)
    square = width * width + variance
    factor, share = width / sqrt(square), -0.5 / square
    centres = [width * (k - (n - 1) / 2) for k in range(n)]
    return [factor * exp(share * (x - centre) * (x - centre)) for centre in centres]


def functions_of(x: Operand, scale: Operand, variance: Operand = 0.0, n: int = N_BELLS) -> list[Operand]:
    """The means over a normal of this variance of the functions of the price whose logarithm is x over a scale.

    They are bells, and the price, by which the martingale follows payments where bells have vanished.
    """
    return [*bells(x, variance, n), exp((x + 0.5 * variance / scale) / scale)]
