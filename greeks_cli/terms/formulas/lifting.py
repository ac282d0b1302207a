"""Lifting of choices out of the comparisons and functions of a formula.

The formula is rewritten so that every condition compares smooth expressions, and every number is computed within one
branch. Conditions that are met before in the same branch are decided there.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from greeks_cli.terms.formulas.choices import function_of, has_choices, is_larger, number_of
from greeks_cli.terms.formulas.polynomials import Polynomial, difference, polynomial, ratio

_MOST_BRANCHES = 256
_TRUE: ast.expr = ast.Constant(True)
_FALSE: ast.expr = ast.Constant(False)


@dataclass(frozen=True)
class _Choice:
    """Choice between two trees by a condition; ``key`` is equal for a condition and its negation."""

    key: tuple[str, ...]
    test: ast.expr
    yes: "_Tree"
    no: "_Tree"


_Tree = ast.expr | _Choice
"""A formula whose choices are outside: an expression without choices, or a choice."""


class _TooManyBranches(Exception):
    """Signal that a formula is too large to be rewritten."""


def lifted(tree: ast.expr) -> ast.expr:
    """The formula with all choices lifted out of comparisons and functions; the same formula where it is too large."""
    try:
        return _written(_Lifter().lift(tree))
    except _TooManyBranches:
        return tree


class _Lifter:
    def __init__(self) -> None:
        self._branches = 0

    def lift(self, node: ast.expr) -> _Tree:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._branch(self.lift(operand), _FALSE, _TRUE)
            case ast.UnaryOp(op=sign, operand=operand):
                return self._mapped(lambda one: ast.UnaryOp(sign, one), self.lift(operand))
            case ast.BinOp(op=op, left=left, right=right):
                return self._combined(lambda a, b: _operation(op, a, b), self.lift(left), self.lift(right))
            case ast.Compare(left=left, ops=ops, comparators=others):
                operands = [self.lift(operand) for operand in (left, *others)]
                pairs = zip(ops, operands, operands[1:], strict=False)
                return self._both([self._compared(op, one, other) for op, one, other in pairs])
            case ast.BoolOp(op=ast.And(), values=values):
                return self._both([self.lift(value) for value in values])
            case ast.BoolOp(values=values):
                found: _Tree = _FALSE
                for one in map(self.lift, reversed(values)):
                    found = self._branch(one, _TRUE, found)
                return found
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._branch(self.lift(test), self.lift(body), self.lift(otherwise))
            case ast.Call():
                return self._call(node)
        return node

    def _call(self, node: ast.Call) -> _Tree:
        name, arguments = function_of(node), [self.lift(argument) for argument in node.args]
        if name == "where":
            return self._branch(*arguments)
        if name == "abs":
            return self._mapped(lambda x: self._choice(x, ast.Constant(0), x, _negated(x)), arguments[0])
        if is_larger(node):
            sign = name == "max"
            return reduce(
                lambda one, other: self._combined(
                    lambda a, b: self._choice(a, b, *((a, b) if sign else (b, a))), one, other
                ),
                arguments,
            )
        if name in ("any", "all"):
            test = ast.Call(node.func, [_written(arguments[0])], [])
            return self._made((ast.dump(test),), test, _TRUE, _FALSE)
        if name in ("exp", "log", "sqrt"):
            return self._mapped(lambda x: ast.Call(node.func, [x], []), arguments[0])
        return ast.Call(node.func, [_written(arguments[0])], [])  # over time

    def _both(self, conditions: list[_Tree]) -> _Tree:
        found: _Tree = _TRUE
        for one in reversed(conditions):
            found = self._branch(one, found, _FALSE)
        return found

    def _compared(self, op: ast.cmpop, one: _Tree, other: _Tree) -> _Tree:
        if isinstance(op, ast.Lt | ast.LtE):
            one, other = other, one
        strict = isinstance(op, ast.Lt | ast.Gt)
        return self._combined(lambda a, b: self._choice(a, b, _TRUE, _FALSE, strict), one, other)

    def _choice(self, a: ast.expr, b: ast.expr, yes: ast.expr, no: ast.expr, strict: bool = True) -> _Tree:
        """The choice by a > b, or by a >= b, decided where both are numbers or equal.

        A smooth expression of the path and a number tie with probability 0. Others may tie, such as two parameters, a
        maximum over time and one of its prices, or a count and a number.
        """
        a, b = _sides(a, b)
        found, sign = difference(a, b, _is_price)
        if (number := _constant(found)) is not None:
            return yes if sign * number > 0 or (number == 0 and not strict) else no
        if sign < 0:  # a > b is not b >= a
            a, b, yes, no, strict = b, a, no, yes, not strict
        keys: tuple[str, ...] = (repr(found),)
        if _has_path(a) == _has_path(b) or _may_tie(a) or _may_tie(b):
            keys = (*keys, "strict" if strict else "")
        return self._made(keys, ast.Compare(a, [ast.Gt() if strict else ast.GtE()], [b]), yes, no)

    def _made(self, key: tuple[str, ...], test: ast.expr, yes: _Tree, no: _Tree) -> _Tree:
        yes, no = _restricted(yes, key, True), _restricted(no, key, False)
        if _are_equal(yes, no):
            return yes
        self._branches += 1
        if self._branches > _MOST_BRANCHES:
            raise _TooManyBranches
        return _Choice(key, test, yes, no)

    def _branch(self, test: _Tree, yes: _Tree, no: _Tree) -> _Tree:
        """``yes`` where a condition holds, else ``no``."""
        if isinstance(test, _Choice):
            return self._made(test.key, test.test, self._branch(test.yes, yes, no), self._branch(test.no, yes, no))
        return yes if isinstance(test, ast.Constant) and test.value is True else no

    def _mapped(self, function: Callable[[ast.expr], _Tree], tree: _Tree) -> _Tree:
        if isinstance(tree, _Choice):
            yes, no = self._mapped(function, tree.yes), self._mapped(function, tree.no)
            return self._made(tree.key, tree.test, yes, no)
        return function(tree)

    def _combined(self, function: Callable[[ast.expr, ast.expr], _Tree], one: _Tree, other: _Tree) -> _Tree:
        if isinstance(one, _Choice):
            yes = self._combined(function, one.yes, _restricted(other, one.key, True))
            no = self._combined(function, one.no, _restricted(other, one.key, False))
            return self._made(one.key, one.test, yes, no)
        first = one
        return self._mapped(lambda second: function(first, second), other)


def _restricted(tree: _Tree, key: tuple[str, ...], holds: bool) -> _Tree:
    """The tree where a condition is known."""
    if not isinstance(tree, _Choice):
        return tree
    if tree.key == key:
        return _restricted(tree.yes if holds else tree.no, key, holds)
    yes, no = _restricted(tree.yes, key, holds), _restricted(tree.no, key, holds)
    return _Choice(tree.key, tree.test, yes, no)


def _written(tree: _Tree) -> ast.expr:
    """The tree as a formula."""
    return ast.IfExp(tree.test, _written(tree.yes), _written(tree.no)) if isinstance(tree, _Choice) else tree


def _are_equal(one: _Tree, other: _Tree) -> bool:
    if isinstance(one, _Choice) or isinstance(other, _Choice):
        return ast.dump(_written(one)) == ast.dump(_written(other))
    return polynomial(one) == polynomial(other)


def _constant(found: Polynomial) -> float | None:
    """The number that a polynomial is, or None."""
    return None if found.keys() - {()} else float(found.get((), 0))


def _is_price(atom: str) -> bool:
    """True for an atom that is a fixing, which is positive."""
    return atom.startswith("Subscript(")


def _rises(node: ast.Call) -> bool:
    """True for a function that is larger where its operand is."""
    return function_of(node) in ("exp", "log", "sqrt")


def _has_path(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "S" for part in ast.walk(node))


def _may_tie(node: ast.expr) -> bool:
    """True if an expression may take one value with positive probability."""
    extremes = ("min", "max")
    return has_choices(node) or any(
        isinstance(part, ast.Call) and function_of(part) in extremes for part in ast.walk(node)
    )


def _sides(a: ast.expr, b: ast.expr) -> tuple[ast.expr, ast.expr]:
    """The sides of a > b, where x - y > 0 is x > y, -x > 0 is 0 > x, and exp(x) > exp(y) is x > y."""
    match a, b:
        case ast.Call(args=[one]), ast.Call(args=[other]) if _rises(a) and function_of(a) == function_of(b):
            return _sides(one, other)
    if number_of(b) == 0:
        match a:
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return _sides(left, right)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _sides(b, operand)
    elif number_of(a) == 0:
        match b:
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return _sides(right, left)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _sides(operand, a)
    return a, b


def _operation(op: ast.operator, a: ast.expr, b: ast.expr) -> ast.expr:
    """An operation on two expressions; 0 times x is 0, and x/x is 1."""
    if isinstance(op, ast.Mult) and 0 in (number_of(a), number_of(b)):
        return ast.Constant(0)
    match op, a, b:
        case ast.Mult(), ast.BinOp(left=above, op=ast.Div(), right=below), other:
            op, a, b = ast.Div(), _operation(ast.Mult(), above, other), below
        case ast.Mult(), other, ast.BinOp(left=above, op=ast.Div(), right=below):
            op, a, b = ast.Div(), _operation(ast.Mult(), other, above), below
    if isinstance(op, ast.Div) and number_of(b) is None and (times := ratio(a, b)) is not None:
        return ast.Constant(times)
    found = ast.BinOp(a, op, b)
    number = number_of(found)
    return found if number is None else ast.Constant(number)


def _negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)
