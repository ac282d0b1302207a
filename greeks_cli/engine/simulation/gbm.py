"""Geometric Brownian motion, sampled exactly: the laws of its path, of its density and of its shifts.

A law gives the coefficients of a linear form in a few data per path, as graphs of the parameters. Chainer runs once
per law and number of dates; the trace then gives the numbers of any market and any dates.

As calendar time passes, every future date comes nearer at once, and W keeps its law. The end of W is scaled. The date
in the middle keeps its place in the Brownian bridge from 0 to the end, then the date in the middle of the first half,
down to the first date. All other dates lie between two of these anchors, where a bridge only shifts with its ends. So
time moves every date smoothly and with little noise. Scaling the first increment alone has the right law too, and
many times the variance.
"""

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, log, sqrt

PARAMETERS = ("spot", "vol", "rate", "dividend_yield", "time")
"""Parameters that a path depends on."""
MOVING = "moving"
"""The leaf that a mixed estimate differentiates pathwise, beside the leaves of the density."""
PLACES = ("at", "place", "slope", "here", "after")
"""Dates, and the places of the anchors among them, on which a law depends beside the parameters."""


def drift(leaves: Leaves) -> Operand:
    """The growth per year of the logarithm."""
    return leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]


def anchors(n_dates: int) -> list[int]:
    """Indices of the anchors, from the last date by halves to the first."""
    chain = [n_dates - 1]
    while chain[-1] > 0:
        chain.append(chain[-1] // 2)
    return chain


def path_law(n_dates: int, leaves: Leaves, now: Leaves, places: Leaves) -> Operand:
    """log S(t) - log spot = drift (t - time) + vol W(t), and vol times the shift of W(t) by time.

    An anchor at t between the next anchor at u and 0 lies at (t - time)/(u - time) of the place of the anchor at u,
    plus its standardised bridge times sqrt((t - time)(u - t)/(u - time)). Over a chain of anchors the ratios
    telescope, so that each bridge enters all later anchors by one function of time.
    """
    at, place, slope, here, after = (places[name] for name in PLACES)
    last = after[:1] if n_dates > 1 else at

    def reach(time: Operand) -> Operand:
        """The function of time by which the bridge of each anchor enters; the last date has W itself."""
        end = 1 / sqrt(last * (last - time[:1]))
        if n_dates == 1:
            return end
        return concat([end, sqrt((after - here) / ((after - time[1:]) * (here - time[1:])))])

    constant = drift(_rows(leaves, 0)) * (at - leaves["time"][0:1])
    along = leaves["vol"][1:2] * 1.0
    time = leaves["time"][2:]
    shift = (place - slope * time) * reach(time) - place * reach(np.zeros_like(place))
    return concat([constant, along, leaves["vol"][2:] * shift])


def density_law(n_dates: int, leaves: Leaves, now: Leaves, places: Leaves) -> Operand:
    """The log-density of the path; its data are 1, y, y^2, sum y_i and sum y_i^2 / dt_i of the later increments.

    Here y is an increment of the logarithm less its present mean.
    """
    first_date, years, later = places["here"], places["after"] - places["here"], n_dates - 1
    growth_now = drift(now)

    def mean(row: Leaves) -> Operand:
        growth = drift(row) * (first_date - row["time"]) - growth_now * (first_date - now["time"])
        return log(row["spot"] * (1 / now["spot"])) + growth

    def precision(row: Leaves) -> Operand:
        return 1 / (row["vol"] * row["vol"] * (first_date - row["time"]))

    def constant(row: Leaves) -> Operand:
        first = log(precision(row)) - mean(row) * mean(row) * precision(row)
        if not later:
            return 0.5 * first
        variance, faster = row["vol"] * row["vol"], drift(row) - growth_now
        return 0.5 * (first - later * log(variance) - years * faster * faster / variance)

    row = _rows(leaves, 1)
    rows = [constant(_rows(leaves, 0)), mean(row) * precision(row), -0.5 * precision(_rows(leaves, 2))]
    if later:
        row = _rows(leaves, 3)
        rows.append((drift(row) - growth_now) / (row["vol"] * row["vol"]))
        row = _rows(leaves, 4)
        rows.append(-0.5 / (row["vol"] * row["vol"]))
    return concat(rows)


def shift_law(first: str, leaves: Leaves, now: Leaves, places: Leaves) -> Operand:
    """The shift of a frozen path: the parameter ``first`` at the path and in its normals, along W."""
    at, growth_now = places["at"], drift(now)
    here, below = _rows(leaves, 0), _rows(leaves, 1)
    still = np.zeros_like(at)
    if first == "spot":
        return concat([still - log(here["spot"] * (1 / now["spot"])), still])
    at_path = {name: here[MOVING if name == first else name] for name in ("vol", "rate", "dividend_yield")}
    elapsed = at - here["time"]
    constant = (drift(at_path) - drift(here)) * elapsed
    if first != "vol":
        return concat([constant, still])
    reached = growth_now * at - drift(here) * elapsed - log(here["spot"] * (1 / now["spot"]))
    constant = constant + (at_path["vol"] - here["vol"]) / here["vol"] * reached
    along = (below[MOVING] - below["vol"]) / below["vol"] * now["vol"]
    return concat([constant, along + still])


def _rows(leaves: Leaves, row: int) -> Leaves:
    """The leaves of one row of coefficients, each made when it is first used."""
    return _Row(leaves, row)


class _Row(dict[str, Operand]):
    def __init__(self, leaves: Leaves, row: int):
        super().__init__()
        self._leaves, self._at = leaves, slice(row, row + 1)

    def __missing__(self, name: str) -> Operand:
        self[name] = self._leaves[name][self._at]
        return self[name]
