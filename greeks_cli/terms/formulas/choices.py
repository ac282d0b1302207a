"""Choices of a formula: the places where it bends or jumps, and how they are nested.

A payoff that chooses by a choice, or computes from one, is no sum of choices: ``where(where(S[-1] > K, 1, 0) > 0.5,
1, 0)``, ``10 / (1 + where(S[-1] > K, 1, 0))``. Its derivative at the jump is not what the chain rule gives.
``terms.lifting`` rewrites it.
"""

import ast
from collections.abc import Callable, Mapping

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


def is_arithmetic(node: ast.BinOp) -> bool:
    """True for + - * /, which may be chained without limits on depth."""
    return type(node.op) in _OPERATIONS


def folded(tree: ast.expr, numbers: Mapping[str, float]) -> ast.expr:
    """The formula without what is no kink: powers 0 and 1, equal operands of max and min, abs of what is not negative.

    The root of a square is a kink, and becomes one. ``numbers`` has the values of the parameters.
    """
    found: ast.expr = _Folder(numbers).visit(tree)
    return found


class ChainTransformer(ast.NodeTransformer):
    """Transformer of formulas with long chains of + - * /."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self._chain(node) if is_arithmetic(node) else self.generic_visit(node)

    def _chain(self, whole: ast.BinOp) -> ast.BinOp:
        """Visits the operands of a chain in a loop: recursion would take three frames per operator."""
        node = whole
        while True:
            node.right = self.visit(node.right)
            if not (isinstance(node.left, ast.BinOp) and is_arithmetic(node.left)):
                node.left = self.visit(node.left)
                return whole
            node = node.left


class _Folder(ChainTransformer):
    def __init__(self, numbers: Mapping[str, float]):
        self._numbers = numbers

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        found = super().visit_BinOp(node)
        power = number_of(node.right) if isinstance(node.op, ast.Pow) else None
        if power == 0:
            return ast.Constant(1)
        if power == 1:
            return node.left
        return found if power is None else self._root(node.left, power) or found

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if function_of(node) in ("min", "max") and len(node.args) > 1:
            node.args = list({ast.dump(argument): argument for argument in node.args}.values())
            if function_of(node) == "max" and any(
                _is_nonnegative(a, self._numbers) for a in node.args if number_of(a) != 0
            ):
                node.args = [argument for argument in node.args if number_of(argument) != 0]
            return node.args[0] if len(node.args) == 1 else node
        if function_of(node) == "abs":
            return self._size(node.args[0])
        return (function_of(node) == "sqrt" and self._root(node.args[0], 0.5)) or node

    def _root(self, node: ast.expr, power: float) -> ast.expr | None:
        """The broken power of an even power, which bends where the base is 0; None for other powers."""
        base, even = _square(node)
        if base is None or power == int(power):
            return None
        size, whole = self._size(base), even * power
        return size if whole == 1 else ast.BinOp(size, ast.Pow(), ast.Constant(whole))

    def _size(self, node: ast.expr) -> ast.expr:
        """The absolute value."""
        return node if _is_nonnegative(node, self._numbers) else ast.Call(ast.Name("abs"), [node], [])


def _square(node: ast.expr) -> tuple[ast.expr | None, float]:
    """The base of an even power, and the power; None for other expressions."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if ast.dump(left) == ast.dump(right):
            return left, 2
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            power = number_of(right)
            return (left, power) if power is not None and power > 0 and power % 2 == 0 else (None, 0)
    return None, 0


def has_choices(node: ast.AST) -> bool:
    """True if a part of the formula bends or jumps; the extreme of smooth values over time does not count."""
    return any(
        isinstance(part, ast.Compare | ast.IfExp)
        or (isinstance(part, ast.Call) and (function_of(part) in ("abs", "where") or is_larger(part)))
        for part in ast.walk(node)
    )


def jumps(node: ast.AST, numbers: Mapping[str, float]) -> bool:
    """True if the formula may jump: it compares, or divides by a kink, or a root or logarithm meets one at 0."""
    return any(isinstance(part, ast.Compare) or _is_singular(part, numbers) for part in ast.walk(node))


def meets_choices(node: ast.expr) -> bool:
    """True if a choice is made within a branch of another, or two are multiplied: their kinks may be close together."""
    if is_tangled(node):
        return True
    branches = [branch for part in ast.walk(node) for branch in _branches_of(part)]
    return any(map(has_choices, branches))


def _branches_of(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.IfExp(body=body, orelse=otherwise):
            return [body, otherwise]
        case ast.Call(args=arguments) if function_of(node) == "where":
            return arguments[1:]
    return []


def is_tangled(node: ast.expr) -> bool:
    """True if a choice decides another choice, or enters a number by a function that is not linear."""
    match node:
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            return _decides_by_choices(test) or is_tangled(body) or is_tangled(otherwise)
        case ast.BinOp(op=ast.Mult(), left=left, right=right) if has_choices(left) and has_choices(right):
            return True
        case ast.BinOp(op=ast.Div(), right=right) if has_choices(right):
            return True
        case ast.BinOp(op=ast.Pow()):
            return has_choices(node)
        case ast.Call(args=arguments):
            match function_of(node):
                case "where":
                    return _decides_by_choices(arguments[0]) or any(map(is_tangled, arguments[1:]))
                case "sum" | "mean":
                    return is_tangled(arguments[0])
                case "any" | "all":
                    return False
            return any(map(has_choices, arguments)) or len(arguments) > 2
    return any(map(is_tangled, (part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))))


def _decides_by_choices(test: ast.expr) -> bool:
    """True if a condition is more than one comparison of smooth expressions."""
    match test:
        case ast.Call(args=[argument]):  # any, all
            return _decides_by_choices(argument)
        case ast.Compare(left=left, comparators=[right]):
            return has_choices(left) or has_choices(right)
    return True


def is_guarded(tree: ast.expr, numbers: Mapping[str, float]) -> bool:
    """True if a branch computes what may have no value where the branch is not taken, such as a logarithm."""
    branches = [branch for node in ast.walk(tree) for branch in _branches_of(node)]
    operands = [_partial_operand(part) for branch in branches for part in ast.walk(branch)]
    return any(operand is not None and not _is_positive(operand, numbers) for operand in operands)


def is_open(tree: ast.expr, numbers: Mapping[str, float]) -> bool:
    """True if a formula with choices divides by what may be 0: a jump may hide there, as in ``abs(x) / x``."""
    return has_choices(tree) and any(
        isinstance(part, ast.BinOp) and _may_be_0(part, numbers) for part in ast.walk(tree)
    )


def _may_be_0(node: ast.BinOp, numbers: Mapping[str, float]) -> bool:
    match node:
        case ast.BinOp(op=ast.Div(), right=operand):
            return number_of(operand) is None and not _is_positive(operand, numbers)
        case ast.BinOp(left=operand, op=ast.Pow(), right=right):
            return (number_of(right) or 0) < 0 and not _is_positive(operand, numbers)
    return False


def _partial_operand(node: ast.AST) -> ast.expr | None:
    """The operand of a function that is not defined for all numbers."""
    match node:
        case ast.Call(args=[operand]) if function_of(node) in ("log", "sqrt", "gmean"):
            return operand
        case ast.BinOp(op=ast.Div(), right=operand):
            return operand
        case ast.BinOp(op=ast.Pow(), left=operand, right=power):
            exponent = number_of(power)
            return operand if exponent is None or exponent < 0 or exponent != int(exponent) else None
    return None


def _is_singular(node: ast.AST, numbers: Mapping[str, float]) -> bool:
    operand = _partial_operand(node)
    return operand is not None and has_choices(operand) and not _is_positive(operand, numbers)


def _is_nonnegative(node: ast.expr, numbers: Mapping[str, float]) -> bool:
    """True if an expression is 0 or more on every path, by its form."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value >= 0
        case ast.BinOp(op=ast.Add() | ast.Mult() | ast.Div(), left=left, right=right):
            return _is_nonnegative(left, numbers) and _is_nonnegative(right, numbers)
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return number_of(right) in (2, 4, 6, 8, 10) or _is_nonnegative(left, numbers)
        case ast.Call(args=arguments):
            match function_of(node):
                case "abs" | "sqrt":
                    return True
                case "max":
                    return any(_is_nonnegative(argument, numbers) for argument in arguments)
                case "min" | "sum" | "mean":
                    return all(_is_nonnegative(argument, numbers) for argument in arguments)
                case "where":
                    return all(_is_nonnegative(argument, numbers) for argument in arguments[1:])
        case ast.IfExp(body=body, orelse=otherwise):
            return _is_nonnegative(body, numbers) and _is_nonnegative(otherwise, numbers)
    return _is_positive(node, numbers)


def _is_positive(node: ast.expr, numbers: Mapping[str, float]) -> bool:
    """True if an expression is positive on every path, by its form."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value > 0
        case ast.Name(id=name):
            return numbers.get(name, 1.0) > 0  # S is positive
        case ast.Subscript() | ast.Attribute():  # fixings
            return True
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _is_positive(operand, numbers)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            if _is_positive(left, numbers):
                return _is_nonnegative(right, numbers)
            return _is_positive(right, numbers) and _is_nonnegative(left, numbers)
        case ast.BinOp(op=ast.Mult() | ast.Div(), left=left, right=right):
            return _is_positive(left, numbers) and _is_positive(right, numbers)
        case ast.BinOp(op=ast.Pow(), left=left):
            return _is_positive(left, numbers)
        case ast.Call(args=arguments):
            match function_of(node):
                case "exp" | "growth":
                    return True
                case "max":
                    return any(_is_positive(argument, numbers) for argument in arguments)
                case "min" | "sum" | "mean" | "gmean" | "sqrt":
                    return all(_is_positive(argument, numbers) for argument in arguments)
    return False


def number_of(node: ast.expr) -> float | None:
    """The value of an expression of plain numbers; None for any other, and where it has no value."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            found = number_of(operand)
            return None if found is None else -found if isinstance(op, ast.USub) else found
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATIONS:
            one, other = number_of(left), number_of(right)
            if one is None or other is None or (isinstance(op, ast.Div) and other == 0):
                return None
            return _OPERATIONS[type(op)](one, other)
    return None


def function_of(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else ""


def is_larger(node: ast.Call) -> bool:
    """True for min and max of several values, which choose; of one value, they are extremes over time."""
    return function_of(node) in ("min", "max") and len(node.args) > 1
