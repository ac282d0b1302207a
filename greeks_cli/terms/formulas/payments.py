"""Payments of formulas at their dates, and the fixings that a formula may name."""

import ast
from collections.abc import Collection
from dataclasses import dataclass

from greeks_cli.terms.fields import SOONEST
from greeks_cli.terms.formulas.choices import ChainTransformer, function_of

PAY, GROWTH = "pay", "growth"
SAME = 1e-9
"""The share of a time within which two are one."""


@dataclass(frozen=True)
class Fixings:
    """The fixings that a formula may name: their times, 0 for those of the past, and the underlyings."""

    times: tuple[float, ...]
    expiry: float
    underlyings: tuple[str, ...] = ()
    """The names of several underlyings; one underlying is ``S``."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of underlyings in a formula."""
        return self.underlyings or ("S",)


def check_payment(node: ast.Call, fixings: Fixings) -> None:
    """Raise ValueError for a payment before a fixing that its amount depends on, or at no time until expiry."""
    time, amount = node.args
    if not (
        isinstance(time, ast.Constant) and isinstance(time.value, int | float) and not isinstance(time.value, bool)
    ):
        raise ValueError("the time of a payment is a plain number of years")
    if not SOONEST <= time.value <= fixings.expiry * (1 + SAME):
        raise ValueError(f"a payment is made after today, and until expiry {fixings.expiry:g}")
    latest = _latest(amount, fixings)
    if latest > time.value * (1 + SAME):
        raise ValueError(f"it is paid at {time.value:g}, before the fixing at {latest:g} that it depends on")


def check_decided(branch: ast.expr, test: ast.expr, fixings: Fixings) -> None:
    """Raise ValueError for payments of a branch that are made before its condition is known."""
    latest = _latest(test, fixings)
    for part in ast.walk(branch):
        if isinstance(part, ast.Call) and function_of(part) == PAY:
            years = float(ast.literal_eval(part.args[0]))
            if latest > years * (1 + SAME):
                raise ValueError(f"it is paid at {years:g}, before the fixing at {latest:g} that decides it")


def _latest(node: ast.expr, fixings: Fixings) -> float:
    """The time of the last fixing that an expression depends on; 0 where it depends on none."""
    firsts = [part for part in ast.walk(node) if isinstance(part, ast.Subscript)]
    named = {id(part.value) for part in firsts}
    found = [fixings.times[ast.literal_eval(part.slice)] for part in firsts]
    whole = (part for part in ast.walk(node) if isinstance(part, ast.Name) and part.id in fixings.names)
    found += [fixings.times[-1] for part in whole if id(part) not in named]
    return max(found, default=0.0)


def written(tree: ast.expr, underlyings: Collection[str]) -> ast.expr:
    """The tree with ``S.A`` for an underlying A, and ``x * growth(t)`` for a payment, which brings it to expiry."""
    found: ast.expr = _Writer(underlyings).visit(tree)
    return found


class _Writer(ChainTransformer, ast.NodeTransformer):
    def __init__(self, underlyings: Collection[str]):
        self._underlyings = underlyings

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Attribute(ast.Name("S"), node.id) if node.id in self._underlyings else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(argument) for argument in node.args]
        if function_of(node) == PAY:
            time, amount = node.args
            return ast.BinOp(amount, ast.Mult(), ast.Call(ast.Name(GROWTH), [time], []))
        return node


def payment_times(tree: ast.expr) -> tuple[float, ...]:
    """The times at which a checked formula pays, but for what it pays at expiry."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and function_of(node) == GROWTH)
    return tuple(sorted({float(ast.literal_eval(call.args[0])) for call in calls}))
