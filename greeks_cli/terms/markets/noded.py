"""Parameters of a market that may have nodes by date or tenor, and the entries of what is given for one."""

from collections.abc import Mapping, Sequence
from typing import Any

from greeks_cli.terms.markets.curve import Curve, VolCurve, pairs_of
from greeks_cli.terms.markets.dividends import Dividends
from greeks_cli.terms.markets.vol_surface import VolSurface, quotes_of

NODED: Mapping[str, type[Curve] | type[Dividends] | type[VolSurface]] = {
    "vol": VolCurve,
    "rate": Curve,
    "dividend_yield": Curve,
    "borrow": Curve,
    "dividends": Dividends,
    "vol_surface": VolSurface,
}
"""Parameters of a market that may have nodes by date or tenor, and their types."""


def entries_of(name: str, value: object) -> Sequence[tuple[Any, ...]]:
    """Node and value of each node of a curve; expiry, strike and vol of each quote of a surface. Raises ValueError."""
    if name == "vol_surface":
        return quotes_of(value) if value is not None else ()
    return pairs_of(value) or ()
