"""The rows of a book's results, as files hold them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from greeks_cli.terms.greek import Units
from greeks_cli.terms.request import Request, build_request


class _Row(BaseModel):
    """Keys that we do not know are those of another version, and are left alone."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Summed(_Row):
    """One Greek, in the units of its row."""

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
    """One trade: what was asked and answered, or the error in its place."""

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
        """The units of its numbers, which its key ends in where they are not raw."""
        return Units.MARKET if self.key.endswith(f"-{Units.MARKET}") else Units.RAW

    def request(self) -> Request:
        """The request again, but for its tolerances. Raises InvalidInput where this version has no such request."""
        names = [estimate.name for estimate in self.estimates]
        return build_request(self.contract, self.market, self.simulation, names)


class TotalRow(_Row):
    """The Greeks that all trades have, added up; none, and the error, where a trade has no result."""

    id: str
    status: Literal["total", "no total"]
    trades: int
    estimates: tuple[Summed, ...] = ()
    error: str | None = None
