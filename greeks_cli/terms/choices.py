"""Choices of a formula: the places where it bends or jumps, and how they are nested.

A payoff that chooses by a choice, or computes from one, is no sum of choices: ``where(where(S[-1] > K, 1, 0) > 0.5,
1, 0)``, ``10 / (1 + where(S[-1] > K, 1, 0))``. Its derivative at the jump is not what the chain rule gives. Choices
are lifted out: the formula is rewritten so that every condition compares smooth expressions, and every number is
computed within one branch. Conditions that are met before in the same branch are decided there.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

_MOST_BRANCHES = 256
_TRUE: ast.expr = ast.Constant(True)
_FALSE: ast.expr = ast.Constant(False)
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

    ``numbers`` has the values of the parameters.
    """
    found: ast.expr = _Folder(numbers).visit(tree)
    return found


class _Folder(ast.NodeTransformer):
    def __init__(self, numbers: Mapping[str, float]):
        self._numbers = numbers

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if is_arithmetic(node):
            return self._chain(node)
        self.generic_visit(node)
        power = _number(node.right)
        if power == 0:
            return ast.Constant(1)
        return node.left if power == 1 else node

    def _chain(self, whole: ast.BinOp) -> ast.BinOp:
        """Visits the operands of a chain in a loop: recursion would take three frames per operator."""
        node = whole
        while True:
            node.right = self.visit(node.right)
            if not (isinstance(node.left, ast.BinOp) and is_arithmetic(node.left)):
                node.left = self.visit(node.left)
                return whole
            node = node.left

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if _name(node) in ("min", "max") and len(node.args) > 1:
            node.args = list({ast.dump(argument): argument for argument in node.args}.values())
            if _name(node) == "max" and any(_is_nonnegative(a, self._numbers) for a in node.args if _number(a) != 0):
                node.args = [argument for argument in node.args if _number(argument) != 0]
            return node.args[0] if len(node.args) == 1 else node
        if _name(node) == "abs" and _is_nonnegative(node.args[0], self._numbers):
            return node.args[0]
        return node


def has_choices(node: ast.AST) -> bool:
    """True if a part of the formula bends or jumps; the extreme of smooth values over time does not count."""
    return any(
        isinstance(part, ast.Compare | ast.IfExp)
        or (isinstance(part, ast.Call) and (_name(part) in ("abs", "where") or _is_larger(part)))
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
        case ast.Call(args=arguments) if _name(node) == "where":
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
            match _name(node):
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


def _partial_operand(node: ast.AST) -> ast.expr | None:
    """The operand of a function that is not defined for all numbers."""
    match node:
        case ast.Call(args=[operand]) if _name(node) in ("log", "sqrt", "gmean"):
            return operand
        case ast.BinOp(op=ast.Div(), right=operand):
            return operand
        case ast.BinOp(op=ast.Pow(), left=operand, right=power):
            exponent = _number(power)
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
            return _number(right) in (2, 4, 6, 8, 10) or _is_nonnegative(left, numbers)
        case ast.Call(args=arguments):
            match _name(node):
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
        case ast.Subscript():
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
            match _name(node):
                case "exp":
                    return True
                case "max":
                    return any(_is_positive(argument, numbers) for argument in arguments)
                case "min" | "sum" | "mean" | "gmean" | "sqrt":
                    return all(_is_positive(argument, numbers) for argument in arguments)
    return False


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
        name, arguments = _name(node), [self.lift(argument) for argument in node.args]
        if name == "where":
            return self._branch(*arguments)
        if name == "abs":
            return self._mapped(lambda x: self._choice(x, ast.Constant(0), x, _negated(x)), arguments[0])
        if _is_larger(node):
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
        one, other = _number(a), _number(b)
        if one is not None and other is not None:
            return yes if one > other or (one == other and not strict) else no
        keys: tuple[str, ...] = ast.dump(a), ast.dump(b)
        if keys[0] == keys[1]:
            return no if strict else yes
        if keys[0] > keys[1]:  # a > b is not b >= a
            a, b, yes, no, keys, strict = b, a, no, yes, keys[::-1], not strict
        if _has_path(a) == _has_path(b) or _may_tie(a) or _may_tie(b):
            keys = (*keys, "strict" if strict else "")
        return self._made(keys, ast.Compare(a, [ast.Gt() if strict else ast.GtE()], [b]), yes, no)

    def _made(self, key: tuple[str, ...], test: ast.expr, yes: _Tree, no: _Tree) -> _Tree:
        yes, no = _restricted(yes, key, True), _restricted(no, key, False)
        if ast.dump(_written(yes)) == ast.dump(_written(no)):
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


def _has_path(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "S" for part in ast.walk(node))


def _may_tie(node: ast.expr) -> bool:
    """True if an expression may take one value with positive probability."""
    extremes = ("min", "max")
    return has_choices(node) or any(isinstance(part, ast.Call) and _name(part) in extremes for part in ast.walk(node))


def _sides(a: ast.expr, b: ast.expr) -> tuple[ast.expr, ast.expr]:
    """The sides of a > b, where x - y > 0 is x > y, and -x > 0 is 0 > x."""
    if _number(b) == 0:
        match a:
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return _sides(left, right)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _sides(b, operand)
    elif _number(a) == 0:
        match b:
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return _sides(right, left)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _sides(operand, a)
    return a, b


def _operation(op: ast.operator, a: ast.expr, b: ast.expr) -> ast.expr:
    """An operation on two expressions; x/x and x/-x are numbers."""
    if isinstance(op, ast.Div) and _number(b) is None:
        if ast.dump(a) == ast.dump(b):
            return ast.Constant(1)
        if ast.dump(_negated(a)) == ast.dump(b) or ast.dump(_negated(b)) == ast.dump(a):
            return ast.Constant(-1)
    found = ast.BinOp(a, op, b)
    number = _number(found)
    return found if number is None else ast.Constant(number)


def _negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)


def _number(node: ast.expr) -> float | None:
    """The value of an expression of plain numbers; None for any other, and where it has no value."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=operand):
            found = _number(operand)
            return None if found is None else -found if isinstance(op, ast.USub) else found
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATIONS:
            one, other = _number(left), _number(right)
            if one is None or other is None or (isinstance(op, ast.Div) and other == 0):
                return None
            return _OPERATIONS[type(op)](one, other)
    return None


def _name(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_larger(node: ast.Call) -> bool:
    return _name(node) in ("min", "max") and len(node.args) > 1
