"""The dates of a simulation: their times, and the weights of curves' nodes in integrals to them."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.autodiff.exp_linear import Dates
from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.terms.nodes import Nodes
from greeks_cli.terms.request import Request


class Schedule(Protocol):
    """The dates of a simulation, then those of escrowed dividends: times in years, and weights of nodes to them.

    A date is given by its index, for a number, or by a slice of several, for an array of shape (n_dates, 1).
    """

    nodes: Nodes

    def time(self, date: Dates) -> Operand:
        """The time of a date in years."""

    def weight(self, node: str, date: Dates) -> Operand:
        """The weight of a node in the integral from today to a date."""


class KnownSchedule:
    """The schedule of a request, in known numbers."""

    def __init__(self, request: Request):
        self.nodes = request.sole_market.nodes
        self._dates = np.array(request.schedule_dates)
        self._weights = request.sole_market.weights(request.schedule_dates)

    def time(self, date: Dates) -> Operand:
        """The time of a date in years."""
        return at_dates(self._dates, date)

    def weight(self, node: str, date: Dates) -> Operand:
        """The weight of a node in the integral from today to a date."""
        return at_dates(self._weights[node], date)


def at_dates(numbers: NDArray[np.float64], date: Dates) -> Operand:
    """The number of a date, or of several as an array of shape (n_dates, 1)."""
    return numbers[date][:, None] if isinstance(date, slice) else float(numbers[date])
