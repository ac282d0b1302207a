"""Polynomials: expressions of a formula as sums of products, so that what is written in two ways is seen to be equal.

``S[-1] > K``, ``2*S[-1] - 2*K > 0`` and ``K/S[-1] < 1`` are one condition, and ``(S[-1] - K)/(K - S[-1])`` is -1.
"""

import ast
from collections.abc import Callable, Mapping
from fractions import Fraction

_MOST_TERMS, _HIGHEST = 64, 8

Monomial = tuple[tuple[str, int], ...]
"""Powers of atoms, which are expressions that are no sums and no products, in the order of their names."""
Polynomial = Mapping[Monomial, Fraction]
"""The coefficient of each monomial; none is 0."""


def polynomial(node: ast.expr) -> Polynomial:
    """The polynomial of an expression; powers are negative where it divides. It is an atom where it is too long."""
    found = _combined(node)
    return _atom(node) if found is None or len(found) > _MOST_TERMS else found


def _combined(node: ast.expr) -> Polynomial | None:
    """The polynomial of a number or of an operation, or None."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return _cleaned({(): Fraction(value)})
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _sum({}, polynomial(operand), -1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return polynomial(operand)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            return _sum(polynomial(left), polynomial(right), 1 if isinstance(op, ast.Add) else -1)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _product(polynomial(left), polynomial(right))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _product(polynomial(left), _inverse(right))
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as power)):
            return _power(polynomial(left), power)
    return None


def ratio(one: ast.expr, other: ast.expr) -> float | None:
    """The number that one expression is times another, or None."""
    above, below = polynomial(one), polynomial(other)
    if below and not above:
        return 0.0
    if not below or above.keys() != below.keys():
        return None
    first = next(iter(below))
    found = above[first] / below[first]
    return float(found) if all(above[term] == found * below[term] for term in below) else None


def difference(one: ast.expr, other: ast.expr, is_positive: Callable[[str], bool]) -> tuple[Polynomial, int]:
    """The polynomial whose sign tells which of two expressions is larger, and 1, or -1 where the other sign does.

    Polynomials that differ by a positive factor are one: a number, or a power of atoms that are positive. The
    coefficient of the first monomial is 1.
    """
    found = _sum(polynomial(one), polynomial(other), -1)
    atoms = {atom for term in found for atom, _ in term if is_positive(atom)}
    lowest = {atom: min(dict(term).get(atom, 0) for term in found) for atom in atoms}
    common: Monomial = tuple((atom, -power) for atom, power in lowest.items())
    found = {_joined(term, common): number for term, number in found.items()}
    if not found:
        return found, 1
    first = found[min(found)]
    return {term: found[term] / abs(first) * (1 if first > 0 else -1) for term in sorted(found)}, 1 if first > 0 else -1


def _atom(node: ast.expr, power: int = 1) -> Polynomial:
    return {((ast.dump(node), power),): Fraction(1)}


def _inverse(node: ast.expr) -> Polynomial:
    below = polynomial(node)
    if len(below) != 1:
        return _atom(node, -1)
    ((term, number),) = below.items()
    return {tuple((atom, -power) for atom, power in term): 1 / number}


def _power(base: Polynomial, power: float) -> Polynomial | None:
    """A whole power of a polynomial; None for other powers, and where there are too many terms."""
    if power != int(power) or not 0 < power <= _HIGHEST:
        return None
    found = base
    for _ in range(int(power) - 1):
        found = _product(found, base)
        if len(found) > _MOST_TERMS:
            return None
    return found


def _sum(one: Polynomial, other: Polynomial, sign: int) -> Polynomial:
    found = dict(one)
    for term, number in other.items():
        found[term] = found.get(term, Fraction(0)) + sign * number
    return _cleaned(found)


def _product(one: Polynomial, other: Polynomial) -> Polynomial:
    found: dict[Monomial, Fraction] = {}
    for term, number in one.items():
        for term_of_other, number_of_other in other.items():
            joined = _joined(term, term_of_other)
            found[joined] = found.get(joined, Fraction(0)) + number * number_of_other
    return _cleaned(found)


def _joined(one: Monomial, other: Monomial) -> Monomial:
    powers = dict(one)
    for atom, power in other:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted((atom, power) for atom, power in powers.items() if power))


def _cleaned(found: Mapping[Monomial, Fraction]) -> Polynomial:
    return {term: number for term, number in found.items() if number}
