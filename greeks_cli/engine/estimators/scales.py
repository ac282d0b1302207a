"""Scales of parameters: the change on which a price varies, one that moves the underlying by a standard deviation."""

from math import sqrt

from greeks_cli.terms.greek import TIME
from greeks_cli.terms.request import Request

_MOST_DEVIATION = 0.5


def scale_of(request: Request, name: str) -> float:
    """The scale of a parameter, in its units; of a contract's parameter, a share of its value."""
    values, expiry = request.values, request.contract.expiry
    deviation = values["vol"] * sqrt(expiry)
    if name in ("rate", "dividend_yield"):
        return deviation / expiry
    if name == TIME:
        return request.contract.dates[0]
    if name == "vol":
        return values["vol"]
    return abs(values[name]) * min(deviation, _MOST_DEVIATION) or 1.0
