"""The laws of a path, its density and its shifts: coefficients of a few data per path, as graphs of the parameters.

What is here depends on market and dates alone; it is made once per request, and found again by its arguments.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Coefficients
from greeks_cli.engine.autodiff.leaves import Leaves
from greeks_cli.engine.autodiff.ops import Operand, concat, log, sqrt

PARAMETERS = ("spot", "vol", "rate", "dividend_yield", "time")
"""What a path depends on."""
MOVING = "moving"
"""The name of the leaf that a mixed estimate differentiates pathwise, beside those of the density."""

Values = tuple[tuple[str, float], ...]


def drift(leaves: Leaves) -> Operand:
    """The growth per year of the logarithm."""
    return leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]


@lru_cache(maxsize=16)
def path_law(dates: tuple[float, ...], values: Values) -> Coefficients:
    """log S(t) - log spot = drift (t - time) + vol W(t), and vol times how far time has shifted W(t).

    An anchor at t between its next at u and 0 lies at (t - time)/(u - time) of that one's place, plus
    its standardised bridge times sqrt((t - time)(u - t)/(u - time)); over a chain of anchors the ratios
    telescope, so that each bridge enters all later ones by one function of time.
    """
    at, last, chain = np.array(dates), dates[-1], anchors(dates)
    place, slope = _hats(at, chain)
    here, after = at[chain[1:], None], at[chain[:-1], None]

    def reach(time: Operand) -> Operand:
        """The function of time by which each anchor's bridge enters; the end has W itself, and no next."""
        end = 1 / sqrt(last * (last - time[:1]))
        if len(chain) == 1:
            return end
        return concat([end, sqrt((after - here) / ((after - time[1:]) * (here - time[1:])))])

    def law(leaves: Leaves) -> Operand:
        constant = drift(_rows(leaves, 0, 1)) * (at[None] - leaves["time"][0:1])
        along = leaves["vol"][1:2] * 1.0
        time = leaves["time"][2:]
        shift = (place - slope * time) * reach(time) - place * reach(np.zeros_like(place))
        return concat([constant, along, leaves["vol"][2:] * shift])

    return Coefficients(law, dict(values), 2 + len(chain), len(dates))


def _hats(at: NDArray[np.float64], chain: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P and Q, of shape (n_anchors, n_dates): bridge b moves W(t) by (P - time Q) times its function of time.

    Between anchors W(t) moves by linear interpolation, and bridge b moves anchor b and all before it.
    """
    increasing = at[chain][::-1]
    places, slopes = [], []
    for b in range(len(chain)):
        reached = np.array([j >= b for j in range(len(chain))], dtype=float)[::-1]
        places.append(np.interp(at, increasing, reached * increasing))
        slopes.append(np.interp(at, increasing, reached))
    return np.array(places), np.array(slopes)


def anchors(dates: tuple[float, ...]) -> list[int]:
    """Indices of dates, from the last by halves to the first."""
    chain = [len(dates) - 1]
    while chain[-1] > 0:
        chain.append(chain[-1] // 2)
    return chain


@lru_cache(maxsize=16)
def density_law(dates: tuple[float, ...], values: Values) -> Coefficients:
    """The log-density of the path; its data are 1, y, y^2, sum y_i and sum y_i^2 / dt_i of the later increments.

    Here y is an increment of the logarithm less its present mean.
    """
    now = dict(values)
    later, years = len(dates) - 1, dates[-1] - dates[0]
    growth_now, spot_now = drift(now), now["spot"]

    def mean(row: Leaves) -> Operand:
        growth = drift(row) * (dates[0] - row["time"]) - growth_now * (dates[0] - now["time"])
        return log(row["spot"] * (1 / spot_now)) + growth

    def precision(row: Leaves) -> Operand:
        return 1 / (row["vol"] * row["vol"] * (dates[0] - row["time"]))

    def constant(row: Leaves) -> Operand:
        first = log(precision(row)) - mean(row) * mean(row) * precision(row)
        variance, faster = row["vol"] * row["vol"], drift(row) - growth_now
        return 0.5 * (first - later * log(variance) - years * faster * faster / variance)

    functions: list[Callable[[Leaves], Operand]] = [
        constant,
        lambda row: mean(row) * precision(row),
        lambda row: -0.5 * precision(row),
    ]
    if later:
        functions.append(lambda row: (drift(row) - growth_now) / (row["vol"] * row["vol"]))
        functions.append(lambda row: -0.5 / (row["vol"] * row["vol"]))

    def law(leaves: Leaves) -> Operand:
        return concat([function(_rows(leaves, k, k + 1)) for k, function in enumerate(functions)])

    return Coefficients(law, now, len(functions), 1)


@lru_cache(maxsize=16)
def shift_law(dates: tuple[float, ...], values: Values, first: str) -> Coefficients:
    """What moves a frozen path: the parameter ``first`` there and here, along the W that brings here to the path."""
    now = dict(values)
    at = np.array(dates)[None]
    growth_now = drift(now)

    def law(leaves: Leaves) -> Operand:
        here, below = _rows(leaves, 0, 1), _rows(leaves, 1, 2)
        still = np.zeros_like(at)
        if first == "spot":
            return concat([still - log(here["spot"] * (1 / now["spot"])), still])
        there = {**here, first: here[MOVING]}
        elapsed = at - here["time"]
        constant = (drift(there) - drift(here)) * elapsed
        if first != "vol":
            return concat([constant, still])
        reached = growth_now * at - drift(here) * elapsed - log(here["spot"] * (1 / now["spot"]))
        constant = constant + (there["vol"] - here["vol"]) / here["vol"] * reached
        along = (below[MOVING] - below["vol"]) / below["vol"] * now["vol"]
        return concat([constant, along + still])

    return Coefficients(law, {**now, MOVING: now[first]}, 2, len(dates))


def _rows(leaves: Leaves, start: int, stop: int) -> Leaves:
    return {name: leaf[start:stop] for name, leaf in leaves.items()}
