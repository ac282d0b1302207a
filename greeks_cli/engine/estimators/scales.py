"""Scales of parameters: the change on which a price varies, one that moves the underlying by a standard deviation."""

from math import prod, sqrt

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import is_correlation, local, underlying_of

_MOST_DEVIATION = 0.5


def scale_of(request: Request, name: str) -> float:
    """The scale of a parameter, in its units; of a contract's parameter, a share of its value."""
    if isinstance(request.market, JointMarket):
        return _scale_among_several(request, request.market, name)
    values, expiry = request.values, request.contract.expiry
    vol = request.flat_market.vol
    deviation = vol * sqrt(expiry)
    if curve_of(name) in ("rate", "dividend_yield", "borrow", "foreign_rate"):
        return deviation / expiry
    if name == TIME:
        return request.path_dates[0]
    if curve_of(name) == "vol":
        return vol
    return abs(values[name]) * min(deviation, _MOST_DEVIATION) or 1.0


def size_of(request: Request, index: MultiIndex) -> float:
    """The order of magnitude of a Greek where it is not negligible."""
    return price_scale(request) / prod(scale_of(request, name) for name in index)


def price_scale(request: Request) -> float:
    """The change of the price by a standard deviation of the underlying, of several that of the largest."""
    return max(scale_of(part, "spot") for part in request.parts)


def _scale_among_several(request: Request, market: JointMarket, name: str) -> float:
    if is_correlation(name):
        return 1.0
    if name in request.contract.values or underlying_of(name) is None:
        return max(scale_of(part, name) for part in request.parts)
    names = market.names
    return scale_of(request.parts[names.index(underlying_of(name) or names[0])], local(name))
