"""Payments of formulas on the path so far: the formula of the fixings that an exercise date knows."""

import ast
from collections.abc import Iterator

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, values_of
from greeks_cli.engine.payoffs.early.running import Running, running
from greeks_cli.engine.payoffs.formula import value_of
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.formula import Formula
from greeks_cli.terms.formulas.choices import function_of
from greeks_cli.terms.formulas.grammar import OVER_TIME
from greeks_cli.terms.formulas.observed import is_settled

MOST_STATES = 3
"""States of a formula by which a policy decides, at most."""


@running.register
def _formula(contract: Formula, leaves: Leaves, path: Path) -> Running:
    spots = path.spots
    today = leaves["spot"] + 0.0 * values_of(spots[0])
    known = _Known(contract, spots, today)
    still = {name: values_of(leaf) for name, leaf in leaves.items()}
    known_still = _Known(contract, values_of(spots), values_of(today))
    rights, nothing = {*contract.rights_places}, (0.0 * values_of(today)).reshape(1, -1)

    def value(tree: ast.expr, own: _Known, numbers: Leaves, place: int) -> Operand:
        found = value_of(tree, contract, numbers, {"S": own.fixings(place)}, Sharp())
        return (found + nothing[0]).reshape(1, -1)

    def paid(place: int) -> Operand:
        return value(contract.open_tree, known, leaves, place) if place in rights else nothing

    def state(tree: ast.expr, place: int) -> Operand:
        tells = contract.tells(contract.dates[place])
        return values_of(value(tree, known_still, still, place)) if tells else nothing

    places = range(len(contract.dates))
    states = [concat([state(tree, place) for place in places]) for tree in _states(contract.open_tree)]
    now = value(contract.open_tree, known, leaves, _TODAY)[0] if contract.exercises_today else nothing[0]
    return Running(concat([paid(place) for place in places]), now, states)


_TODAY = -1
"""The place of today, before the dates."""


class _Known:
    """The fixings that each date of a path knows."""

    def __init__(self, contract: Formula, spots: Operand, today: Operand):
        self._contract, self._spots, self._today = contract, spots, today.reshape(1, -1)
        self._ends = contract.times[-1] == contract.expiry
        self._first = [0.0 * values_of(self._today) + price for price in contract.past_fixings]
        if contract.fixes_today:
            self._first.append(self._today)

    def fixings(self, place: int) -> Operand:
        """The fixings until the date at a place, shape (n_fixings, n_paths)."""
        fixed = [own for own in self._contract.places if own <= place]
        if self._ends and place not in fixed and not (place == _TODAY and self._contract.fixes_today):
            fixed.append(place)
        if fixed and fixed == [*range(fixed[0], fixed[-1] + 1)] and fixed[0] >= 0:
            rows = [self._spots[fixed[0] : fixed[-1] + 1]]
        else:
            rows = [self._today if own == _TODAY else self._spots[own : own + 1] for own in fixed]
        found = [*self._first, *rows]
        return concat(found) if len(found) > 1 else found[0]


def _states(tree: ast.expr) -> list[ast.expr]:
    """The parts of a formula that keep something of the past: functions of all fixings, and earlier fixings."""
    found = {ast.dump(part): part for part in _kept(tree)}
    return list(found.values())[:MOST_STATES]


def _kept(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Call(args=[argument]) if function_of(node) in OVER_TIME and not is_settled(argument):
            yield node
        case ast.Subscript(slice=index) if ast.literal_eval(index) != -1:
            yield node
        case _:
            for part in ast.iter_child_nodes(node):
                yield from _kept(part)
