"""Integral of the volatility over time under a curve of volatilities, which the drift of a quanto takes.

Between the nodes i - 1 and i the variance per year is v_i^2 + (v_i^2 - v_(i-1)^2) lead_i, with
lead_i = t_(i-1) / (t_i - t_(i-1)); until the first node it is v_1^2, and beyond the last v_n^2.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from greeks_cli.terms.markets.carry import QUANTO
from greeks_cli.terms.nodes import Nodes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def years_until(node: str) -> str:
    """The name of the weight of the years between the node before and a node."""
    return f"years until {node}"


def weights_in_forward_vols(nodes: Nodes) -> tuple[str, ...]:
    """The names of the weights in the integral; none but for a quanto under a curve of volatilities."""
    known = dict(nodes)
    vols = known.get("vol", ()) if QUANTO in known else ()
    return tuple(name for node in vols for name in (years_until(node), _lead(node))) + tuple(map(_beyond, vols[-1:]))


def forward_vol_weights(
    nodes: Sequence[str], times: Sequence[float], dates: Sequence[float]
) -> "Mapping[str, NDArray[np.float64]]":
    """The weights for some dates: the years until a date before each node, and after the last; leads times years.

    All are sums over time, as the weights of nodes are: those between two dates are differences.
    """
    import numpy as np  # numbers are wanted from here on, and commands without numbers start faster

    until, before = np.array(dates), 0.0
    found: dict[str, NDArray[np.float64]] = {}
    for node, time in zip(nodes, times, strict=True):
        found[years_until(node)] = np.clip(until - before, 0.0, time - before)
        found[_lead(node)] = until * (before / (time - before))
        before = time
    return found | {_beyond(nodes[-1]): np.maximum(until - before, 0.0)}


def integral_of_vol(
    vols: Mapping[str, Any], weight: Callable[[str], Any], years: Any, root: Callable[[Any], Any]
) -> Any:
    """The integral over some years, of numbers or of graphs; ``vols`` are those of the nodes."""
    last = tuple(vols)[-1]
    found, before = weight(_beyond(last)) * vols[last], None
    for node, vol in vols.items():
        square = vol * vol
        forward = vol if before is None else root(square + weight(_lead(node)) / years * (square - before))
        found = weight(years_until(node)) * forward + found
        before = square
    return found


def _lead(node: str) -> str:
    return f"lead of {node}"


def _beyond(node: str) -> str:
    return f"years beyond {node}"
