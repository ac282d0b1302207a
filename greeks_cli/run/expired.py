"""Payments of contracts that have expired."""

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.kinks import Sharp
from greeks_cli.engine.autodiff.ops import values_of
from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.execution.numbers import Numbers
from greeks_cli.engine.payoffs import payoff
from greeks_cli.engine.simulation.any_market import data_of, plain_path
from greeks_cli.engine.simulation.grid import Grid
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.contracts.fixings import Periodic
from greeks_cli.terms.contracts.knocking import Knocking
from greeks_cli.terms.contracts.path_dependent import Asian, Average, Lookback
from greeks_cli.terms.contracts.periodic import Cliquet, VarianceSwap
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.request import Request

_ANY_VOL = 0.2


@singledispatch
def _payment(contract: Contract, spot: float) -> float | None:
    """The payment of an expired contract by what it states as observed; None where the spot alone tells it."""
    return None


@_payment.register
def _(contract: Asian, spot: float) -> float:
    past = np.array(contract.past_fixings)
    average = elementary.exp(elementary.log(past).mean()) if contract.average is Average.GEOMETRIC else past.mean()
    gain = spot - average if contract.strike is None else average - contract.strike
    return max(contract.type.sign * float(gain), 0.0)


@_payment.register
def _(contract: Lookback, spot: float) -> float:
    assert contract.running_extreme is not None  # else it needs its path
    extreme = (max if contract.seeks_maximum else min)(contract.running_extreme, spot)
    gain = spot - extreme if contract.strike is None else extreme - contract.strike
    return max(contract.type.sign * gain, 0.0)


@_payment.register
def _(contract: Cliquet, spot: float) -> float:
    returns = np.clip(_ratios(contract, spot) - 1, contract.floor, contract.cap)
    return contract.notional * float(returns.sum())


@_payment.register
def _(contract: VarianceSwap, spot: float) -> float:
    assert contract.elapsed is not None  # else it needs its path
    realised = float((elementary.log(_ratios(contract, spot)) ** 2).sum()) / contract.elapsed
    return contract.notional * (realised - contract.strike_vol**2)


def _ratios(contract: Periodic, spot: float) -> NDArray[np.float64]:
    """Ratios of all fixings, each to the one before; the spot is the last where it is not stated."""
    n_past = len(contract.past_fixings)
    fixings = np.array([*contract.past_fixings, *([spot] if n_past == contract.n_periods else [])])
    return fixings[1:] / fixings[:-1]


@_payment.register
def _(contract: Knocking, spot: float) -> float:
    touched = contract.knocked is not None or (contract.is_continuous and contract.touched(spot) is not None)
    if touched is not contract.knocks_in:
        return contract.rebate
    return max(contract.type.sign * (spot - contract.strike), 0.0)


def payoff_today(request: Request) -> float:
    """The payment of a contract that has expired, at today's spot."""
    observed = _payment(request.contract, request.spot)
    if observed is not None:
        return observed
    # No time is left in which a price moves, and a random variance has no steps over none: any model has one payment.
    request = request.changed(market=Market.model_validate({"spot": request.spot, "vol": _ANY_VOL}))
    grid = Grid.of(request)
    data = data_of(Motion(request.path_dates, np.zeros((grid.n_rows, 1)), grid), Numbers([request]).markets)
    path = plain_path(data, request, request.values)
    paid = payoff(request.contract, request.payoff_values, path, Sharp())
    return float(np.ravel(values_of(paid))[0])
