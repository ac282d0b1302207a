"""Carry: what the forward grows by, but for dividends in cash, of numbers or of graphs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

SHARES, FUTURE = "dividends", "future"
"""Names among the nodes: of the dividends that are shares of the price, and of a future, which has none."""
QUANTO = "quanto"
"""The name among the nodes of the numbers that only quantos have."""


def carry(
    nodes: Mapping[str, Sequence[str]],
    values: Mapping[str, Any],
    integral: Callable[[str], Any],
    kept: Callable[[str], Any],
) -> Any:
    """The logarithm of the forward over the spot at a date; that of a future does not grow.

    ``values`` are those of numbers, ``integral`` gives the integral of a parameter until the date, ``kept`` the
    logarithm of what a dividend that is a share leaves of the price, 0 before its ex-date.
    """
    if FUTURE in nodes:
        return 0.0 * integral("rate")
    if QUANTO in nodes:
        found = integral("foreign_rate") - values["fx_correlation"] * values["fx_vol"] * integral("vol")
    else:
        found = integral("rate")
    found = found - integral("dividend_yield")
    if "borrow" in nodes:
        found = found - integral("borrow")
    for share in nodes.get(SHARES, ()):
        found = found + kept(share)
    return found
