"""Value of going on by several states: polynomials of the states and of the payment.

The states of several underlyings are their ranked logarithms, as in M. Broadie and P. Glasserman, Journal of
Computational Finance 7, 2004; those of a contract on one path are its logarithm and what the contract keeps of it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from greeks_cli.engine.autodiff.ops import Operand

_CROSSED = 5
"""Ranks whose products are among the polynomials."""
_FARTHEST = 4.0
"""Standard deviations beyond which a logarithm counts as there."""


def ranked(logs: Sequence[Operand]) -> list[Operand]:
    """The logarithms from the largest to the least, path by path."""
    found = list(logs)
    for end in range(len(found) - 1, 0, -1):
        for k in range(end):
            found[k], found[k + 1] = np.maximum(found[k], found[k + 1]), np.minimum(found[k], found[k + 1])
    return found


def polynomials(policy: Mapping[str, Operand], states: Sequence[Operand], payments: Operand) -> list[Operand]:
    """The polynomials but for the constant, each of the shape of the payments."""
    x = [
        np.minimum(np.maximum((own - policy[f"middle {k}"]) * policy[f"steepness {k}"], -_FARTHEST), _FARTHEST)
        for k, own in enumerate(states)
    ]
    paid = np.minimum(payments * policy["per payment"], 2 * _FARTHEST)
    square = paid * paid
    found = [paid, square, square * paid, square * square, *x, *(one * one for one in x)]
    crossed = x[:_CROSSED]
    found += [one * other for k, one in enumerate(crossed) for other in crossed[k + 1 :]]
    found += [paid * one for one in x] + [square * one for one in x]
    one, other = x[0], x[min(1, len(x) - 1)]
    return [*found, one * one * one, other * other * other, one * one * other, one * other * other]


def n_polynomials(n_states: int) -> int:
    """The number of polynomials but for the constant."""
    crossed = min(n_states, _CROSSED)
    return 8 + 4 * n_states + crossed * (crossed - 1) // 2


def going_on(
    policy: Mapping[str, Operand], states: Sequence[Operand], payments: Operand, name: str = "continuation"
) -> Operand:
    """The value of going on, 0 at least; ``name`` is that of the coefficients."""
    found = policy[f"{name} 0"]
    for k, polynomial in enumerate(polynomials(policy, states, payments), start=1):
        found = found + policy[f"{name} {k}"] * polynomial
    return np.maximum(found, 0)
