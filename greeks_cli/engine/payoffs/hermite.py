"""Hermite polynomials of any variance."""

from greeks_cli.engine.autodiff.ops import Operand


def hermite(x: Operand, variance: Operand, degree: int) -> list[Operand]:
    """The polynomials H_k(x; v) of degrees 1 to ``degree``: H_{k+1} = x H_k - k v H_{k-1}.

    The mean of H_k(x + s z; v + s^2) over a standard normal z is H_k(x; v).
    """
    found = [1.0, x]
    for k in range(1, degree):
        found.append(x * found[k] - k * variance * found[k - 1])
    return found[1:]
