"""Views of a path by which a payoff of one date is evaluated at several dates at once."""

from collections.abc import Sequence
from typing import Any

from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, sqrt

_LEAST_VARIANCE = 1e-30
"""The variance from expiry to expiry, with which the formula of Black is the payoff itself."""


def at_dates(spots: Operand) -> Any:
    """The view of a path whose last date is each of some dates; ``spots`` have shape (n_dates, n_paths)."""
    return _AtDates(spots)


def at_dates_of_several(spots: Sequence[Operand]) -> Any:
    """The view of a path of several underlyings whose last date is each of some dates, by the spots of each."""
    return _AtDatesOfSeveral(spots)


def given_forwards(forwards: Operand, variance: Operand) -> Any:
    """The view of a path whose payoff is to be its mean, given forwards to expiry and the variance of logarithms."""
    return _GivenForwards(forwards, sqrt(variance + _LEAST_VARIANCE))


class _AtDates:
    is_integrable = False

    def __init__(self, spots: Operand):
        self._spots = spots

    def __getitem__(self, date: int) -> Operand:
        return self._spots


class _AtDatesOfSeveral:
    def __init__(self, spots: Sequence[Operand]):
        self.parts = tuple(map(_AtDates, spots))


class _GivenForwards:
    is_integrable = True

    def __init__(self, forwards: Operand, deviation: Operand):
        self._forwards, self._deviation = forwards, deviation

    def first_increment(self, leaves: Leaves) -> tuple[Operand, Operand]:
        """The forwards over the spot, and the deviation."""
        return self._forwards / as_constant(leaves["spot"]), as_constant(self._deviation)
