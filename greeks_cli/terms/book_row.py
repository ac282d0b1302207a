"""Rows of a book's results, as files hold them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from greeks_cli.terms.greek import Units
from greeks_cli.terms.request import Request, build_request


class _Row(BaseModel):
    """A row that ignores unknown keys, which another version wrote."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Summed(_Row):
    """One Greek, in the units of the row."""

    name: str
    value: float
    stderr: float
    bias: float
    unit: str


class Estimated(Summed):
    """One Greek of one trade."""

    low: float
    high: float
    exact: float | None = None
    estimator: str
    warning: str | None = None


class TradeRow(_Row):
    """One trade: its request and estimates, or its error."""

    id: str
    status: Literal["ok", "not met", "error"]
    key: str
    version: str = ""
    contract: Mapping[str, Any] = {}
    market: Mapping[str, Any] = {}
    simulation: Mapping[str, Any] = {}
    estimates: tuple[Estimated, ...] = ()
    paths: int | None = None
    error: str | None = None
    unmet: tuple[str, ...] = ()

    @property
    def units(self) -> Units:
        """Units of the estimates; the key ends in their name unless they are raw."""
        return Units.MARKET if self.key.endswith(f"-{Units.MARKET}") else Units.RAW

    def request(self) -> Request:
        """The request without its tolerances. Raises InvalidInput where this version cannot build it."""
        names = [estimate.name for estimate in self.estimates]
        return build_request(self.contract, self.market, self.simulation, names)


class TotalRow(_Row):
    """Sums of the Greeks that all trades have; no sums but an error where a trade has no result."""

    id: str
    status: Literal["total", "no total"]
    trades: int
    estimates: tuple[Summed, ...] = ()
    error: str | None = None
