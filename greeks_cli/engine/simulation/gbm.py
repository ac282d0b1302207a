"""Geometric Brownian motion, sampled exactly: the laws of its path, of its density and of its shifts.

A law gives the coefficients of a linear form in a few data per path, as graphs of the parameters. Chainer runs once
per law and number of dates; the trace then gives the numbers of any market and any dates.

As calendar time passes, every future date comes nearer at once, and W keeps its law. The end of W is scaled. The date
in the middle keeps its place in the Brownian bridge from 0 to the end, then the date in the middle of the first half,
down to the first date. All other dates lie between two of these knots, where a bridge only shifts with its ends. So
time moves every date smoothly and with little noise. Scaling the first increment alone has the right law too, and
many times the variance.

Where volatility is a curve and there are several dates, the clock of W is variance, and each increment of W is scaled
by the deviation of its interval.
"""

from collections.abc import Callable

import numpy as np

from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, log, sqrt
from greeks_cli.engine.simulation.accruals import Accruals
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.models import model_of
from greeks_cli.terms.nodes import Nodes, curve_of

PARAMETERS = ("spot", "vol", "rate", "dividend_yield", "time")
"""Parameters that a path depends on, beside the nodes of curves."""
MOVING = "moving"
"""The leaf that a mixed estimate differentiates pathwise, beside the leaves of the density."""
AT, WITHIN, FIRST = "at", "within", "first"
"""Spans of which a node has a weight: from today to a date, from the date before, and to the first date."""


def parameters_of(nodes: Nodes) -> tuple[str, ...]:
    """The parameters that a path depends on."""
    known = dict(nodes)
    borrow = ("borrow",) if "borrow" in known else ()
    random_variance = model_of(nodes).has_variance
    usual = (name for name in PARAMETERS if name != "vol" or not random_variance)
    return (*usual, *borrow, *(name for names in known.values() for name in names))


def weight_name(span: str, node: str) -> str:
    """The name of a node's weight among the places of a law."""
    return f"{span} {node}"


def drift(leaves: Leaves) -> Operand:
    """The growth per year of the logarithm."""
    return leaves["rate"] - leaves["dividend_yield"] - 0.5 * leaves["vol"] * leaves["vol"]


def knots(n_dates: int) -> list[int]:
    """Indices of the knots, from the last date by halves to the first."""
    chain = [n_dates - 1]
    while chain[-1] > 0:
        chain.append(chain[-1] // 2)
    return chain


def has_clock(n_dates: int, nodes: Nodes) -> bool:
    """True if the clock of W is variance: each increment has its own volatility."""
    return n_dates > 1 and "vol" in dict(nodes)


class Dynamics:
    """The laws of a number of dates, in markets with the same curves.

    ``places`` are the dates of the markets, the places of the knots, and the weights of nodes.
    """

    def __init__(self, n_dates: int, nodes: Nodes, places: Leaves):
        self._n_dates, self._nodes, self._places = n_dates, nodes, places

    def path(self, leaves: Leaves, now: Leaves) -> Operand:
        """log S(t) - log spot = growth + vol W(t), and vol times the shift of W(t) by time.

        A knot at t between the next knot at u and 0 lies at (t - time)/(u - time) of the place of the knot at u,
        plus its standardised bridge times sqrt((t - time)(u - t)/(u - time)). Over a chain of knots the ratios
        telescope, so that each bridge enters all later knots by one function of time.

        On the clock of variance, coefficients are those of an increment.
        """
        place, slope = self._places["place"], self._places["slope"]
        on_clock = has_clock(self._n_dates, self._nodes)
        constant = self._to(_rows(leaves, 0), WITHIN if on_clock else AT).growth
        along = self._along(_still(_rows(leaves, 1)))
        bridged = _some_rows(leaves, slice(2, None))
        time = self._passed(bridged)
        shift = (place - slope * time) * self._reach(time) - place * self._reach(np.zeros_like(place))
        scale = self._along(_still(bridged))
        if on_clock:  # a bridge is of the present clock, an increment of the moved one
            scale = scale / self._along(_still(now))
        return concat([constant, along, scale * shift])

    def _along(self, row: Leaves) -> Operand:
        """The factor of W; on the clock of variance, of a standard normal."""
        if "vol" not in dict(self._nodes):
            return row["vol"] * 1.0
        if has_clock(self._n_dates, self._nodes):
            return self._to(row, WITHIN).deviation
        return self._to(row, AT).deviation / sqrt(self._places["at"])

    def _passed(self, row: Leaves) -> Operand:
        """The time that has passed on the clock of W: of the first interval, time has used up a share."""
        if "vol" not in dict(self._nodes):
            return row["time"]
        whole = self._to(_still(row), FIRST).variance
        return self._places["here"][-1:] * (1 - self._to(row, FIRST).variance / whole)

    def _reach(self, time: Operand) -> Operand:
        """The function of time by which the bridge of each knot enters; the last date has W itself."""
        here, after = self._places["here"], self._places["after"]
        last = after[:1] if self._n_dates > 1 else self._places["at"]
        end = 1 / sqrt(last * (last - time[:1]))
        if self._n_dates == 1:
            return end
        return concat([end, sqrt((after - here) / ((after - time[1:]) * (here - time[1:])))])

    def density(self, leaves: Leaves, now: Leaves) -> Operand:
        """The log-density of the path; its data are 1, y, y^2, sum y_i and sum y_i^2 / dt_i of the later increments.

        Here y is an increment of the logarithm less its present mean.
        """
        places = self._places
        first_date, years, later = places["here"], places["after"] - places["here"], self._n_dates - 1
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

    def density_under_curves(self, leaves: Leaves, now: Leaves) -> Operand:
        """The log-density of each increment; its data are 1, z and z^2 of the standard normals."""
        variance_now = self._within(now).variance

        def mean(row: Leaves) -> Operand:
            return self._within(row).growth - self._within(now).growth + self._start(row, now)

        row = _rows(leaves, 0)
        variance = self._within(row).variance
        constant = -0.5 * (log(variance) + mean(row) * mean(row) / variance)
        row = _rows(leaves, 1)
        along = mean(row) / self._within(row).variance * sqrt(variance_now)
        return concat([constant, along, -0.5 * variance_now / self._within(_rows(leaves, 2)).variance])

    def shift(self, first: str, leaves: Leaves, now: Leaves) -> Operand:
        """The shift of a frozen path: the parameter ``first`` at the path and in its normals, along W.

        On the clock of variance, coefficients are those of an increment.
        """
        on_clock = has_clock(self._n_dates, self._nodes)
        span = WITHIN if on_clock else AT
        here, below = _rows(leaves, 0), _rows(leaves, 1)
        still = np.zeros_like(self._places["at"])
        start = self._start(here, now) if on_clock else log(here["spot"] * (1 / now["spot"]))
        if first == "spot":
            return concat([still - start, still])

        def at_path(row: Leaves) -> Leaves:
            return _Replaced(row, first, MOVING)

        constant = self._to(at_path(here), span).growth - self._to(here, span).growth
        if curve_of(first) != "vol":
            return concat([constant + still, still])

        def ratio(row: Leaves) -> Operand:
            if "vol" not in dict(self._nodes):
                return (row[MOVING] - row["vol"]) / row["vol"]
            return self._to(at_path(row), span).deviation / self._to(row, span).deviation - 1

        reached = self._to(now, span).growth - self._to(here, span).growth - start
        return concat([constant + ratio(here) * reached, ratio(below) * self._along(now) + still])

    def _to(self, row: Leaves, span: str) -> Accruals:
        if span == WITHIN:
            return self._within(row)
        years = self._places["at"] if span == AT else self._places["here"][-1:]
        return Accruals(row, years, self._nodes, self._weights(span))

    def _within(self, row: Leaves) -> Accruals:
        """Accruals between a date and the date before, which for the first date is the present."""
        passed = _Passing(row, self._places["is_first"])
        return Accruals(passed, self._places["years"], self._nodes, self._weights(WITHIN))

    def _weights(self, span: str) -> Callable[[str], Operand]:
        return lambda node: self._places[weight_name(span, node)]

    def _start(self, row: Leaves, now: Leaves) -> Operand:
        """The logarithm of the spot over its present value, as part of the first increment."""
        return log(row["spot"] * (1 / now["spot"])) * self._places["is_first"]


def _rows(leaves: Leaves, row: int) -> Leaves:
    """The leaves of one row of coefficients, each made when it is first used."""
    return _Some(leaves, slice(row, row + 1))


def _some_rows(leaves: Leaves, rows: slice) -> Leaves:
    """The leaves of some rows of coefficients."""
    return _Some(leaves, rows)


def _still(leaves: Leaves) -> Leaves:
    """The leaves before time passes."""
    return _Replaced(leaves, TIME, None)


class _Some(dict[str, Operand]):
    def __init__(self, leaves: Leaves, rows: slice):
        super().__init__()
        self._leaves, self._at = leaves, rows

    def __missing__(self, name: str) -> Operand:
        self[name] = self._leaves[name][self._at]
        return self[name]


class _Replaced(dict[str, Operand]):
    """Leaves with another in place of one of them, or 0 for None."""

    def __init__(self, leaves: Leaves, name: str, other: str | None):
        super().__init__()
        self._leaves, self._name, self._other = leaves, name, other

    def __missing__(self, name: str) -> Operand:
        if name == self._name:
            return 0.0 if self._other is None else self._leaves[self._other]
        return self._leaves[name]


class _Passing(dict[str, Operand]):
    """Leaves of which ``time`` passes in the first interval alone."""

    def __init__(self, leaves: Leaves, is_first: Operand):
        super().__init__()
        self._leaves, self._is_first = leaves, is_first

    def __missing__(self, name: str) -> Operand:
        return self._leaves[name] * self._is_first if name == TIME else self._leaves[name]
