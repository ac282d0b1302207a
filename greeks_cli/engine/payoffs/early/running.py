"""Payments of contracts on the path so far, at every date."""

import importlib
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import Leaves, Operand, exp, log, running_total, values_of
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.base import above
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import Contract, StrikeKind, module_of
from greeks_cli.terms.contracts.path_dependent import Asian, Average

_MODULES = {"formula": ".running_formula"}
"""Modules of payments on exercise that are imported when a contract of their module is first paid."""


class Running(NamedTuple):
    """Payments on exercise, and states that tell the future besides the price."""

    payments: Operand
    """The payment at each date, shape (n_dates, n_paths)."""
    today: Operand
    """The payment today, shape (n_paths,)."""
    states: list[Operand]
    """States without derivatives, each of shape (n_dates, n_paths)."""


@singledispatch
def running(contract: Contract, leaves: Leaves, path: Path) -> Running:
    """The payments on exercise of a contract on the path."""
    if module := _MODULES.get(module_of(contract)):
        importlib.import_module(module, __package__)
    own = running.dispatch(type(contract))
    if own is not running.dispatch(object):
        found: Running = own(contract, leaves, path)
        return found
    raise TypeError(f"no payment on exercise is registered for {type(contract).__name__}")


@running.register
def _asian(contract: Asian, leaves: Leaves, path: Path) -> Running:
    is_arithmetic = contract.average is Average.ARITHMETIC
    spot, spots = leaves["spot"], path.spots
    today = contract.fixes_today
    known = leaves.get("past_sum" if is_arithmetic else "past_logarithms", 0.0)
    if today:
        known = known + (spot if is_arithmetic else log(spot))
    is_fixing, counts = _fixings(contract)
    means = (running_total((spots if is_arithmetic else log_of(spots)) * is_fixing) + known) * (1 / counts)
    n_today = len(contract.past_fixings) + today
    mean_today = known * (1 / max(n_today, 1)) + 0.0 * values_of(spots[0])
    if not is_arithmetic:
        means, mean_today = exp(means), exp(mean_today)

    def paid(price: Operand, mean: Operand) -> Operand:
        fixed = contract.strike_kind is StrikeKind.FIXED
        return Sharp().positive_part(above(contract.type, *((mean, leaves["strike"]) if fixed else (price, mean))))

    return Running(paid(spots, means), paid(spot, mean_today), [values_of(means)])


def _fixings(contract: Asian) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1 where a date is a fixing, else 0, and the number of fixings so far, 1 at least, each of shape (n_dates, 1)."""
    times = {*contract.own_dates} if contract.own_dates[-1] == contract.times[-1] else {*contract.own_dates[:-1]}
    is_fixing = np.array([[float(date in times)] for date in contract.dates])
    before = len(contract.past_fixings) + contract.fixes_today
    return is_fixing, np.maximum(before + np.cumsum(is_fixing, axis=0), 1.0)
