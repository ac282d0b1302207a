"""Rebates that are paid where a barrier is first touched, as payments at expiry."""

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, cos, exp, log, number_of, sqrt, total
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.barriers import Barrier
from greeks_cli.terms.contracts.rebates import Martingale, martingale

_TERMS = 12
"""Terms of the series of cosh(sqrt(z)); the first that is left out is below 1e-7 for z up to 30."""


def rebate_by_bridge(contract: Barrier, leaves: Leaves, path: Path, untouched: Operand) -> Operand:
    """The mean payment of 1 at hit given the end of the window, brought to expiry: a martingale on touched paths."""
    x = log_of(path[0]) - as_constant(log(leaves["barrier"]))
    growth = as_constant(exp(path.accruals(leaves, since=0).rate))
    return growth * _martingale(contract, leaves, path.accruals(leaves).carry_per_year, x) * (1 - untouched)


def _martingale(contract: Barrier, leaves: Leaves, carry: Operand, x: Operand) -> Operand:
    """M(x) of ``terms.rebates``, without its discount factor."""
    rate, variance = leaves["rate"], leaves["vol"] * leaves["vol"]
    mu = carry - 0.5 * variance
    spread = mu * mu + 2 * rate * variance
    market = {"vol": leaves["vol"], "rate": rate, "dividend_yield": rate - carry}
    # part of the structure: ``Barrier.series``
    kind, _ = martingale({name: number_of(number) for name, number in market.items()}, contract.closes)
    match kind:
        case Martingale.RISING:
            return exp(as_constant(2 * rate / (mu + sqrt(spread))) * x)
        case Martingale.FALLING:
            return exp(as_constant(2 * rate / (mu - sqrt(spread))) * x)
        case Martingale.WAVE:
            return exp(as_constant(-mu / variance) * x) * cos(as_constant(sqrt(-spread) / variance) * x)
    return exp(as_constant(-mu / variance) * x) * _even(as_constant(spread / (variance * variance)) * x * x)


def _even(z: Operand) -> Operand:
    """cosh(sqrt(z)), which is cos(sqrt(-z)) for z below 0."""
    found: Operand = 1.0
    for k in range(_TERMS, 0, -1):
        found = 1 + z * found * (1 / (2 * k * (2 * k - 1)))
    return found


def rebate_on_dates(leaves: Leaves, path: Path, alive: Operand) -> Operand:
    """The payment of 1 at the first date that finds the barrier touched, brought to expiry.

    ``alive`` is 1 where no date so far has found it, one row per date.
    """
    n = alive.shape[0]
    ends = concat([1 - alive[:1], alive[:-1] - alive[1:]]) if n > 1 else 1 - alive
    growth = exp(path.accruals(leaves).rate - path.accruals(leaves, slice(0, n)).rate)
    return total(ends * growth)
