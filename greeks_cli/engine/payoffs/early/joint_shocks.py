"""Shocks of several prices, their variances and their jumps between two dates, whose mean at the first date is 0.

Each price is hedged by a slope of the value, as it is fitted: the shock of the price, of its variance and of its jumps
is multiplied by the slope at the first date.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from greeks_cli.engine.autodiff.ops import Operand, exp
from greeks_cli.engine.payoffs.early.bells import N_BELLS, bells
from greeks_cli.engine.payoffs.early.moves import Move
from greeks_cli.engine.payoffs.early.ranks import n_polynomials, polynomials
from greeks_cli.engine.payoffs.early.shocks import Columns
from greeks_cli.terms.markets.models import Model

COLUMNS = ("centre", "scale")
"""Numbers of a policy by underlying, by which shocks are computed."""
_MOVED = 0.02
"""The change of a logarithm by which slopes are computed."""
_MOST = 4.0
"""Standard deviations beyond which a deviation or a payment counts as there."""
Payment = Callable[[Sequence[Operand]], Operand]
"""The payment of a contract by the logarithms of the prices."""


def joint_shocks(policy: Columns, moves: Sequence[Move], slopes: Sequence[Operand]) -> Iterator[Operand]:
    """The shocks up to a date, by the slopes of the value in the logarithms at the date before."""
    for k, (move, slope) in enumerate(zip(moves, slopes, strict=True)):
        of = f" of {k}"
        centre, scale = policy[f"centre{of}"], policy[f"scale{of}"]
        price = exp(move.after - centre) - exp(move.mean + (0.5 * move.variance - centre))
        yield slope * price
        known = bells((move.mean - centre) * scale, move.variance * (scale * scale))
        for bell, mean in zip(bells((move.after - centre) * scale), known, strict=True):
            yield bell - mean
        if move.level is not None:
            yield from (move.shock, slope * move.shock, move.square)
        if move.jumps:
            count, mean = move.jumps
            yield count - mean
            yield slope * (count - mean)


def n_joint_shocks(models: Sequence[Model]) -> int:
    """The number of shocks under the models of some underlyings."""
    return sum(1 + N_BELLS + 3 * model.has_variance + 2 * model.has_jumps for model in models)


class States(NamedTuple):
    """States that a policy of several underlyings decides by, each of shape (n_dates, n_paths) or (n_paths,)."""

    logs: Sequence[Operand]
    """The logarithm of each price."""
    deviations: Sequence[Operand]
    """The square root of each variance that is a process."""
    payments: Operand


def rows_of(policy: Columns, states: States) -> list[Operand]:
    """The functions of states that a value is a sum of, but for the constant."""
    found = polynomials(policy, states.logs, states.payments)
    paid = np.minimum(states.payments * policy["per payment"], _MOST)
    for k, own in enumerate(states.deviations):
        y = np.minimum(np.maximum((own - policy[f"deviation {k}"]) * policy[f"per deviation {k}"], -_MOST), _MOST)
        found += [y, y * paid]
    return found


def n_rows(models: Sequence[Model]) -> int:
    """The number of functions of states, with the constant."""
    return 1 + n_polynomials(len(models)) + 2 * sum(model.has_variance for model in models)


def value_of(policy: Columns, states: States, name: str) -> Operand:
    """The value by coefficients of a name, 0 at least."""
    found = policy[f"{name} 0"]
    for k, row in enumerate(rows_of(policy, states), start=1):
        found = found + policy[f"{name} {k}"] * row
    return np.maximum(found, 0)


def value_and_slopes(policy: Columns, states: States, payment: Payment) -> tuple[Operand, list[Operand]]:
    """The value as fitted, and its slope in the logarithm of each price."""
    scales, logs = scales_of_value(policy), states.logs
    value, slopes = value_of(scales, states, "value"), []
    for k, own in enumerate(logs):
        moved = [*logs[:k], own + _MOVED, *logs[k + 1 :]]
        there = value_of(scales, States(moved, states.deviations, payment(moved)), "value")
        slopes.append((there - value) * (1 / _MOVED))
    return value, slopes


def bounded(policy: Columns, slopes: Sequence[Operand]) -> list[Operand]:
    """The slopes between bounds, for polynomials are steep where few of the pilot's paths were."""
    return [
        np.minimum(np.maximum(own, policy[f"least slope {k}"]), policy[f"largest slope {k}"])
        for k, own in enumerate(slopes)
    ]


OF_VALUE = "of value: "
"""The beginning of the names of a value's numbers, where those of the decisions have others."""


def scales_of_value(policy: Columns) -> Mapping[str, Operand]:
    """The numbers of the value as fitted, by the names that polynomials read."""
    return {name.removeprefix(OF_VALUE): own for name, own in policy.items() if name.startswith(OF_VALUE)}
