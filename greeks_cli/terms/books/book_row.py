"""Rows of a book's results, as files hold them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from greeks_cli.terms.books.position import UNIT_POSITION, Position
from greeks_cli.terms.building import build_request
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.quote import GIVES
from greeks_cli.terms.request import Request
from greeks_cli.terms.units import Units


class _Row(BaseModel):
    """A row that ignores unknown keys, which another version wrote."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


Named = TypeVar("Named", bound="Summed")


def _named(estimates: Sequence[Named], name: str, error: str | None) -> Named:
    """The estimate of a name. Raises KeyError with the reason where there is none."""
    found = next((estimate for estimate in estimates if estimate.name == name), None)
    if found is None:
        why = f"not among {', '.join(one.name for one in estimates)}" if estimates else f"no result: {error}"
        raise KeyError(f"{name}: {why}")
    return found


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

    def divided(self, scale: float) -> "Estimated":
        """The estimate of one unit of a position; zero of a position of none."""
        share = 1 / scale if scale else 0.0
        low, high = sorted((self.low * share, self.high * share))
        numbers = {
            "value": self.value * share,
            "stderr": self.stderr * abs(share),
            "bias": self.bias * abs(share),
            "low": low,
            "high": high,
            "exact": None if self.exact is None else self.exact * share,
        }
        return self.model_copy(update=numbers)


class TradeRow(_Row):
    """One trade: its request and estimates, or its error."""

    id: str
    status: Literal["ok", "not met", "error", "no implied vol"]
    key: str
    version: str = ""
    contract: Mapping[str, Any] = {}
    market: Mapping[str, Any] = {}
    simulation: Mapping[str, Any] = {}
    dates: Mapping[str, Any] = {}
    position: Position = UNIT_POSITION
    estimates: tuple[Estimated, ...] = ()
    paths: int | None = None
    steps: int = 0
    error: str | None = None
    unmet: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Estimated:
        """The estimate of a name. Raises KeyError."""
        return _named(self.estimates, name, self.error)

    @property
    def price(self) -> Estimated:
        """The estimate of the price. Raises KeyError where there is none."""
        return self["price"]

    @property
    def units(self) -> Units:
        """Units of the estimates; the key ends in their name unless they are raw."""
        return next((units for units in Units if self.key.endswith(f"-{units}")), Units.RAW)

    @property
    def per_unit(self) -> tuple[Estimated, ...]:
        """The estimates of one unit of the position."""
        scale = self.position.scale
        return tuple(one if scale == 1 else one.divided(scale) for one in self.estimates)

    def request(self) -> Request:
        """The request without its tolerances. Raises InvalidInput where this version cannot build it."""
        names = [estimate.name for estimate in self.estimates]
        conventions = {name: value for name, value in self.dates.items() if name in Dating.model_fields}
        market = {name: value for name, value in self.market.items() if name not in GIVES}
        return build_request(self.contract, market, self.simulation, names, dates=conventions)


class TotalRow(_Row):
    """Sums of the Greeks that all trades have; no sums but an error where a trade has no result."""

    id: str
    status: Literal["total", "no total"]
    trades: int
    by: Mapping[str, str] = {}
    estimates: tuple[Summed, ...] = ()
    error: str | None = None

    def __getitem__(self, name: str) -> Summed:
        """The sum of a name. Raises KeyError."""
        return _named(self.estimates, name, self.error)
