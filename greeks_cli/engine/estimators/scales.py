"""Scales of parameters: the change on which a price varies, one that moves the underlying by a standard deviation."""

from math import prod, sqrt

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request

_MOST_DEVIATION = 0.5


def scale_of(request: Request, name: str) -> float:
    """The scale of a parameter, in its units; of a contract's parameter, a share of its value."""
    values, expiry = request.values, request.contract.expiry
    vol = request.flat_market.vol
    deviation = vol * sqrt(expiry)
    if curve_of(name) in ("rate", "dividend_yield", "borrow"):
        return deviation / expiry
    if name == TIME:
        return request.path_dates[0]
    if curve_of(name) == "vol":
        return vol
    return abs(values[name]) * min(deviation, _MOST_DEVIATION) or 1.0


def size_of(request: Request, index: MultiIndex) -> float:
    """The order of magnitude of a Greek where it is not negligible."""
    return scale_of(request, "spot") / prod(scale_of(request, name) for name in index)
