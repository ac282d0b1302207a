"""A market of constant parameters, as closed forms and rules of thumb want one."""

from typing import NamedTuple


class FlatMarket(NamedTuple):
    """Constant parameters of a market."""

    spot: float
    vol: float
    rate: float
    dividend_yield: float
