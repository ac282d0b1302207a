"""Formulas of fixings of which some are observed, written as formulas of the fixings to come.

``mean(S)`` of two past fixings 98 and 102 and two to come is ``(sum(S) + 200) / 4``. What the past fixings and the
parameters decide is decided here: it has no kink that a width could smooth.
"""

import ast
import math
from collections.abc import Callable, Mapping, Sequence

from greeks_cli.terms.formulas.choices import function_of
from greeks_cli.terms.formulas.grammar import OVER_TIME

_FUNCTIONS: dict[str, Callable[[float], float]] = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt}
_PASSES: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
}
_MIRRORED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
}


def with_past(tree: ast.expr, past: Sequence[float], n_to_come: int, values: Mapping[str, float]) -> ast.expr:
    """The formula of all fixings as one of those to come; ``values`` are those of the parameters."""
    return _Observer(past, n_to_come, values).at(tree, None) if past else tree


class _Observer:
    """Rewrites a formula that has passed the checks of the grammar."""

    def __init__(self, past: Sequence[float], n_to_come: int, values: Mapping[str, float]):
        self._past, self._n_to_come, self._values = past, n_to_come, values

    @property
    def _n_fixings(self) -> int:
        return len(self._past) + self._n_to_come

    def at(self, node: ast.expr, price: float | None) -> ast.expr:
        """The expression at a past fixing of this price; at all fixings to come, as an array, where it is None."""
        match node:
            case ast.Name(id="S"):
                return ast.Name("S") if price is None else ast.Constant(price)
            case ast.Subscript(slice=index):
                at = ast.literal_eval(index) % self._n_fixings
                if at < len(self._past):
                    return ast.Constant(self._past[at])
                return ast.Subscript(ast.Name("S"), ast.Constant(at - len(self._past)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _negated(self.at(operand, price))
            case ast.UnaryOp(op=op, operand=operand):
                return self._folded(ast.UnaryOp(op, self.at(operand, price)))
            case ast.BinOp(op=op, left=left, right=right):
                return self._folded(ast.BinOp(self.at(left, price), op, self.at(right, price)))
            case ast.Compare(left=left, ops=ops, comparators=others):
                operands = [self.at(operand, price) for operand in (left, *others)]
                pairs = zip(ops, operands, operands[1:], strict=False)
                return _joined(ast.And(), [self._compared(op, one, other) for op, one, other in pairs])
            case ast.BoolOp(op=op, values=values):
                return _joined(op, [self.at(value, price) for value in values])
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._chosen(*(self.at(part, price) for part in (test, body, otherwise)))
            case ast.Call(args=arguments) if function_of(node) in OVER_TIME and len(arguments) == 1:
                return self._over_time(function_of(node), arguments[0])
            case ast.Call(args=arguments):
                return self._called(function_of(node), [self.at(argument, price) for argument in arguments])
        return node

    def _over_time(self, name: str, argument: ast.expr) -> ast.expr:
        """A function of all fixings by those to come, as one number, and the past ones."""
        if name == "gmean":
            return self._called("exp", [self._over_time("mean", _call("log", argument))])
        if name == "mean":
            return self._folded(ast.BinOp(self._over_time("sum", argument), ast.Div(), ast.Constant(self._n_fixings)))
        parts = [self.at(argument, price) for price in self._past]
        if self._n_to_come:
            parts.insert(0, self._to_come(name, self.at(argument, None)))
        match name:
            case "sum":
                return self._added(parts)
            case "any" | "all":
                return _joined(ast.Or() if name == "any" else ast.And(), parts)
        return self._called(name, parts)

    def _to_come(self, name: str, argument: ast.expr) -> ast.expr:
        """A function of the fixings to come, also where what is left of its argument has no fixing."""
        if not is_settled(argument):
            return _call(name, argument)
        if name == "sum":
            return self._folded(ast.BinOp(argument, ast.Mult(), ast.Constant(self._n_to_come)))
        return argument

    def _added(self, parts: Sequence[ast.expr]) -> ast.expr:
        """The sum, its plain numbers added up, the other parts in a tree of little depth."""
        number = sum(_plain(part) for part in parts if isinstance(part, ast.Constant))
        rest = [part for part in parts if not isinstance(part, ast.Constant)]
        rest += [ast.Constant(number)] if number or not rest else []
        while len(rest) > 1:
            pairs = [ast.BinOp(one, ast.Add(), other) for one, other in zip(rest[::2], rest[1::2], strict=False)]
            rest = [*pairs, *rest[2 * len(pairs) :]]
        return rest[0]

    def _called(self, name: str, arguments: Sequence[ast.expr]) -> ast.expr:
        match name:
            case "where":
                return self._chosen(*arguments)
            case "abs" if (value := self._value(arguments[0])) is not None:
                return arguments[0] if value >= 0 else self._folded(ast.UnaryOp(ast.USub(), arguments[0]))
            case "min" | "max":
                known = [(value, one) for one in arguments if (value := self._value(one)) is not None]
                others = [one for one in arguments if self._value(one) is None]
                if known:
                    others.append((max if name == "max" else min)(known, key=lambda pair: pair[0])[1])
                return others[0] if len(others) == 1 else _call(name, *others)
        return self._folded(_call(name, *arguments))

    def _chosen(self, test: ast.expr, body: ast.expr, otherwise: ast.expr) -> ast.expr:
        if isinstance(test, ast.Constant):
            return body if test.value else otherwise
        return ast.IfExp(test, body, otherwise)

    def _compared(self, op: ast.cmpop, one: ast.expr, other: ast.expr) -> ast.expr:
        """A comparison; of an extreme with a settled part, by parts: min(x, 88) > H is x > H and 88 > H."""
        values = self._value(one), self._value(other)
        if values[0] is not None and values[1] is not None:
            return ast.Constant(int(_PASSES[type(op)](values[0], values[1])))
        if values[0] is not None:
            return self._compared(_MIRRORED[type(op)], other, one)
        if values[1] is not None and isinstance(one, ast.Call) and len(one.args) > 1:
            is_both = (function_of(one) == "min") == isinstance(op, ast.Gt | ast.GtE)
            parts = [self._compared(op, part, other) for part in one.args]
            return _joined(ast.And() if is_both else ast.Or(), parts)
        return ast.Compare(one, [op], [other])

    def _folded(self, node: ast.expr) -> ast.expr:
        """The number that an operation on plain numbers gives; the operation where it is none."""
        if not all(isinstance(part, ast.Constant) for part in _operands(node)):
            return node
        value = self._value(node)
        return node if value is None else ast.Constant(value)

    def _value(self, node: ast.expr) -> float | None:
        """The value of an expression without fixings; None for others, and where it has no value."""
        try:
            value = self._evaluated(node) if is_settled(node) else math.nan
        except (ArithmeticError, ValueError):
            return None
        return value if math.isfinite(value) else None

    def _evaluated(self, node: ast.expr) -> float:
        match node:
            case ast.Name(id=name):
                return self._values[name]
            case ast.UnaryOp(op=op, operand=operand):
                return -self._evaluated(operand) if isinstance(op, ast.USub) else self._evaluated(operand)
            case ast.BinOp(op=op, left=left, right=right):
                return _calculated(op, self._evaluated(left), self._evaluated(right))
            case ast.Call(args=[argument]) if function_of(node) in _FUNCTIONS:
                return _FUNCTIONS[function_of(node)](self._evaluated(argument))
            case ast.Constant():
                return _plain(node)
        raise ValueError(ast.dump(node))


def _calculated(op: ast.operator, one: float, other: float) -> float:
    match op:
        case ast.Add():
            return one + other
        case ast.Sub():
            return one - other
        case ast.Mult():
            return one * other
        case ast.Div():
            return one / other
    return math.pow(one, other)  # raises where one ** other is a complex number


def _plain(node: ast.expr) -> float:
    return float(ast.literal_eval(node))


def _operands(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Call(args=arguments):
            return arguments
    return [node]


def _call(name: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name), list(arguments), [])


def _negated(condition: ast.expr) -> ast.expr:
    if isinstance(condition, ast.Constant):
        return ast.Constant(int(not condition.value))
    return ast.UnaryOp(ast.Not(), condition)


def _joined(op: ast.boolop, conditions: Sequence[ast.expr]) -> ast.expr:
    """Conditions joined by and, or; those that are decided are left out, or decide all."""
    neutral = int(isinstance(op, ast.And))
    if any(isinstance(one, ast.Constant) and one.value != neutral for one in conditions):
        return ast.Constant(1 - neutral)
    others = [one for one in conditions if not isinstance(one, ast.Constant)]
    if not others:
        return ast.Constant(neutral)
    return others[0] if len(others) == 1 else ast.BoolOp(op, others)


def is_settled(node: ast.expr) -> bool:
    """True if an expression has no fixing to come."""
    return not any(isinstance(part, ast.Name) and part.id == "S" for part in ast.walk(node))
