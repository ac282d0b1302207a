"""Bells: Gaussian functions of a normal variable, whose means are bells again.

They span what a price does between its limits, and vanish far out, where polynomials do not.
"""

from greeks_cli.engine.autodiff.ops import Operand, exp, sqrt

N_BELLS = 9
"""The number of bells."""
N_FUNCTIONS = N_BELLS + 1
"""The number of functions of a price: bells and the price."""
_WIDTH = 0.8
"""The distance from bell to bell, and their width, in standard deviations of the variable."""


def bells(x: Operand, variance: Operand = 0.0) -> list[Operand]:
    """The mean of each bell exp(-(x + s z - c)^2 / 2 w^2) over a standard normal z, where s^2 is ``variance``."""
    square = _WIDTH * _WIDTH + variance
    factor, share = _WIDTH / sqrt(square), -0.5 / square
    centres = [_WIDTH * (k - (N_BELLS - 1) / 2) for k in range(N_BELLS)]
    return [factor * exp(share * (x - centre) * (x - centre)) for centre in centres]


def functions_of(x: Operand, scale: Operand, variance: Operand = 0.0) -> list[Operand]:
    """The means over a normal of this variance of the functions of the price whose logarithm is x over a scale.

    They are bells, and the price, by which the martingale follows payments where bells have vanished.
    """
    return [*bells(x, variance), exp((x + 0.5 * variance / scale) / scale)]
