"""Opened formulas: names in place of the numbers that are combined with fixings, so that these numbers are inputs."""

import ast
from itertools import pairwise

from greeks_cli.terms.formulas.choices import function_of
from greeks_cli.terms.formulas.observed import is_settled


def decides_by_numbers(tree: ast.expr) -> bool:
    """True if a formula compares, bends or raises parameters alone; their values are then part of its structure."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=others):
                operands = [is_settled(operand) for operand in (left, *others)]
                if any(one and other for one, other in pairwise(operands)):
                    return True
            case ast.Call(func=ast.Name(id="min" | "max"), args=arguments) if sum(map(is_settled, arguments)) > 1:
                return True
            case ast.Call(func=ast.Name(id="abs"), args=[argument]) if is_settled(argument):
                return True
            case ast.BinOp(op=ast.Pow(), left=base) if is_settled(base):
                return True
    return False


def opened(tree: ast.expr) -> tuple[ast.expr, tuple[float, ...]]:
    """The formula with names in place of the numbers that are combined with fixings, and these numbers.

    Numbers that decide among formulas stay: 0, exponents, and those that meet numbers alone.
    """
    opening = _Opening()
    return (tree if decides_by_numbers(tree) else opening.of(tree)), tuple(opening.numbers)


class _Opening:
    def __init__(self) -> None:
        self.numbers: list[float] = []

    def of(self, node: ast.expr) -> ast.expr:
        """The expression with names in place of its numbers."""
        match node:
            case ast.BinOp(left=left, op=ast.Pow() as op, right=right):
                return ast.BinOp(self.of(left), op, right)
            case ast.BinOp(left=left, op=op, right=right):
                left, right = self._named([self.of(left), self.of(right)])
                return ast.BinOp(left, op, right)
            case ast.Compare(left=left, ops=ops, comparators=others):
                left, *others = self._named([self.of(one) for one in (left, *others)])
                return ast.Compare(left, ops, others)
            case ast.Call(func=function, args=arguments):
                arguments = [self.of(argument) for argument in arguments]
                is_extreme = function_of(node) in ("min", "max")
                return ast.Call(function, self._named(arguments) if is_extreme else arguments, [])
            case ast.UnaryOp(op=op, operand=operand):
                return ast.UnaryOp(op, self.of(operand))
            case ast.BoolOp(op=op, values=values):
                return ast.BoolOp(op, [self.of(value) for value in values])
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return ast.IfExp(*(self.of(part) for part in (test, body, otherwise)))
        return node

    def _named(self, operands: list[ast.expr]) -> list[ast.expr]:
        """The operands, with a name in place of a number where all others have fixings."""
        numbers = [one for one in operands if is_settled(one)]
        if len(numbers) != 1 or len(operands) == 1 or not isinstance(numbers[0], ast.Constant) or not numbers[0].value:
            return operands
        self.numbers.append(float(ast.literal_eval(numbers[0])))
        name = ast.Name(NUMBER.format(len(self.numbers) - 1))
        return [name if one is numbers[0] else one for one in operands]


NUMBER = "number {}"
"""The name of a number by its place; no parameter has such a name."""
