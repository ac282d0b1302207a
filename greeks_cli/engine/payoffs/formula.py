"""The payoff of a typed formula: its checked syntax tree, evaluated on operands.

Kinks and conditions are smoothed as in other payoffs: a comparison is a step, and logic is the
logic of probabilities: ``and`` is a product, ``not`` is one minus, ``where`` mixes.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import reduce
from operator import mul

import numpy as np

from greeks_cli.engine.autodiff.kinks import Sharp, Smoother
from greeks_cli.engine.autodiff.open_number import OpenNumber
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, exp, is_variable, log, sqrt, total, values_of
from greeks_cli.engine.payoffs.base import paid_at, payoff
from greeks_cli.engine.simulation.any_market import AnyPath
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.formula import Formula
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.formulas.grammar import OVER_TIME
from greeks_cli.terms.underlyings import named

_ARITHMETIC: dict[type[ast.operator], Callable[[Operand, Operand], Operand]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}


@payoff.register
def _formula(contract: Formula, leaves: Leaves, path: AnyPath, smoother: Smoother) -> Operand:
    several = isinstance(path, JointPath)
    paths = {name: path.of(name) for name in contract.underlyings} if isinstance(path, JointPath) else {"S": path}
    spots = {name: leaves[named("spot", name) if several else "spot"] for name in paths}
    fixings = {name: _fixings(contract, spots[name], own) for name, own in paths.items()}

    def growth(time: float) -> Operand:
        return paid_at(1.0, contract.place(time), leaves, path)

    end = next(iter(paths.values()))[-1]
    paid = value_of(contract.open_tree, contract, leaves, fixings, smoother, growth)
    return paid + 0.0 * end  # a constant is paid on every path too


def value_of(
    tree: ast.expr,
    contract: Formula,
    leaves: Leaves,
    fixings: Mapping[str, Operand],
    smoother: Smoother,
    growth: Callable[[float], Operand] = lambda time: 1.0,
) -> Operand:
    """The value of a part of a formula at some fixings; ``growth`` brings a payment at a time to expiry.

    Raises InvalidInput where it has none.
    """
    try:
        guard = _Guard(leaves, fixings, growth) if contract.guards else None
        return _Walker(leaves, fixings, growth, smoother, guard).value(tree)
    except (ArithmeticError, ValueError) as error:  # raised for numbers alone, such as 1 / (2 - 2)
        problem = Problem(("--payoff",), f"a part of it has no value: {error}", contract.payoff)
        raise InvalidInput([problem]) from None


def _fixings(contract: Formula, spot: Operand, path: Path) -> Operand:
    """The fixings of an underlying that are to come, today's included, shape (n_fixings, n_paths)."""
    places = contract.places
    if not places:
        return (spot + 0.0 * path[-1]).reshape(1, -1)
    first, last = places[0], places[-1] + 1
    if last - first == len(places):
        found = path.spots if last - first == path.n_dates else path.spots[first:last]
    else:
        found = concat([path.spots[place : place + 1] for place in places])
    return concat([(spot + 0.0 * path[-1]).reshape(1, -1), found]) if contract.fixes_today else found


class _Guard:
    """Guard of what a branch computes: where the branch is not taken, the operand of a function is 1."""

    def __init__(self, leaves: Leaves, fixings: Mapping[str, Operand], growth: Callable[[float], Operand]):
        values = {name: values_of(leaf) for name, leaf in leaves.items()}
        fixed = {name: values_of(own) for name, own in fixings.items()}
        self._sharp = _Walker(values, fixed, lambda time: values_of(growth(time)), Sharp(), None)
        self._taken: list[Operand] = []

    @contextmanager
    def branch(self, test: ast.expr, holds: bool) -> Iterator[None]:
        """Marks what is evaluated as the branch of a test."""
        found = values_of(self._sharp.value(test))
        self._taken.append(found if holds else 1 - found)
        yield
        self._taken.pop()

    @contextmanager
    def over_time(self) -> Iterator[None]:
        """Leaves branches of single dates out: what is computed from all dates is needed on each."""
        before = self._taken
        self._taken = [taken for taken in before if np.ndim(taken) < 2]
        yield
        self._taken = before

    def __call__(self, x: Operand) -> Operand:
        if not self._taken or isinstance(x, float | OpenNumber):
            return x
        taken = reduce(mul, self._taken)
        return x * taken + (1 - taken)


class _Walker:
    """Evaluates a tree that has passed the checks of ``terms.formula_grammar``."""

    def __init__(
        self,
        leaves: Leaves,
        fixings: Mapping[str, Operand],
        growth: Callable[[float], Operand],
        smoother: Smoother,
        guard: _Guard | None,
    ):
        """``growth`` brings a payment at a time to expiry."""
        self._leaves, self._growth = leaves, growth
        self._fixings = fixings
        self._smoother = smoother
        self._guard = guard

    def value(self, node: ast.expr) -> Operand:
        """The operand of a node: a number, one number per path, or one per date and path."""
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id="S" as name) | ast.Attribute(attr=name):
                return self._fixings[name]
            case ast.Name(id=name):
                return self._leaves[name]
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=index):
                return self._fixings[name][ast.literal_eval(index)]
            case ast.Call(func=ast.Name(id="growth"), args=[time]):
                return self._growth(float(ast.literal_eval(time)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return 1 - self.value(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand)
            case ast.UnaryOp(operand=operand):
                return self.value(operand)
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                power = ast.literal_eval(right)
                whole = power >= 0 and power == int(power)
                return _power(self.value(left) if whole else self._guarded(self.value(left)), power)
            case ast.BinOp(op=operation, left=left, right=right):
                one, other = self.value(left), self.value(right)
                if isinstance(operation, ast.Div):
                    if isinstance(other, float) and other == 0:
                        raise ZeroDivisionError("float division by zero")  # an array would be divided without a word
                    other = self._guarded(other)
                return _ARITHMETIC[type(operation)](one, other)
            case ast.Compare():
                return self._comparison(node)
            case ast.BoolOp(op=ast.And(), values=values):
                return reduce(mul, map(self.value, values))
            case ast.BoolOp(values=values):
                return 1 - reduce(mul, (1 - self.value(value) for value in values))
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._choice(test, body, otherwise)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name, arguments)
        raise TypeError(f"{ast.dump(node)} has passed the checks but has no meaning")

    def _comparison(self, node: ast.Compare) -> Operand:
        operands = [self.value(operand) for operand in (node.left, *node.comparators)]
        steps = []
        for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
            # a >= b is not b > a: counts of conditions tie.
            strict = isinstance(op, ast.Gt | ast.Lt)
            excess = left - right if isinstance(op, ast.Gt | ast.LtE) else right - left
            passed = self._smoother.step(excess) if _varies(excess) else float(excess > 0)
            steps.append(passed if strict else 1 - passed)
        return reduce(mul, steps)

    def _choice(self, test: ast.expr, body: ast.expr, otherwise: ast.expr) -> Operand:
        share, yes, no = self.value(test), self._branch(test, True, body), self._branch(test, False, otherwise)
        return no + share * (yes - no)

    def _branch(self, test: ast.expr, holds: bool, node: ast.expr) -> Operand:
        with self._guard.branch(test, holds) if self._guard else nullcontext():
            return self.value(node)

    def _guarded(self, x: Operand) -> Operand:
        return self._guard(x) if self._guard else x

    def _call(self, name: str, arguments: list[ast.expr]) -> Operand:
        if name == "where":
            return self._choice(*arguments)
        if name in OVER_TIME and len(arguments) == 1:
            with self._guard.over_time() if self._guard else nullcontext():
                x = self.value(arguments[0])
            return self._one(name, x + 0.0 * next(iter(self._fixings.values())) if isinstance(x, float) else x)
        values = [self.value(argument) for argument in arguments]
        if name in ("min", "max") and len(values) > 1:
            sign = 1.0 if name == "max" else -1.0
            return sign * reduce(self._larger, [sign * value for value in values])
        return self._one(name, values[0])

    def _one(self, name: str, x: Operand) -> Operand:
        match name:
            case "mean":
                return total(x) * (1 / x.shape[0])
            case "gmean":
                return exp(total(log(x)) * (1 / x.shape[0]))
            case "sum":
                return total(x)
            case "max":
                return self._smoother.maximum(x)
            case "min":
                return -self._smoother.maximum(-x)
            case "all":
                return _product(x)
            case "any":
                return 1 - _product(1 - x)
            case "abs":
                return 2 * self._positive_part(x) - x
        return exp(x) if name == "exp" else {"log": log, "sqrt": sqrt}[name](self._guarded(x))

    def _larger(self, one: Operand, other: Operand) -> Operand:
        return other + self._positive_part(one - other)

    def _positive_part(self, x: Operand) -> Operand:
        return self._smoother.positive_part(x) if _varies(x) else max(x, 0.0)


def _power(base: Operand, power: float) -> Operand:
    raised = base**power
    if isinstance(raised, complex):
        raise ValueError("a negative number has no fractional power")
    return raised


def _varies(x: Operand) -> bool:
    """True if x is not a plain number: a kink of numbers alone needs no smoothing."""
    return is_variable(x) or not isinstance(x, float)


def _product(rows: Operand) -> Operand:
    """The product over dates, in rounds of pairs."""
    while rows.shape[0] > 1:
        half = rows.shape[0] // 2
        multiplied = rows[:half] * rows[half : 2 * half]
        rows = concat([multiplied, rows[2 * half :]]) if rows.shape[0] % 2 else multiplied
    return rows[0]
