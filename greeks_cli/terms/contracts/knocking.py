"""The base class of contracts that a barrier ends or begins."""

import enum
from abc import abstractmethod
from typing import Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import OptionType
from greeks_cli.terms.contracts.monitoring import Monitored
from greeks_cli.terms.contracts.vanillas import STRIKE, TYPE
from greeks_cli.terms.fields import Cash, Price


class Knock(enum.StrEnum):
    """The end or the beginning of an option."""

    IN = "in"
    OUT = "out"


class Knocking(Monitored):
    """A European that begins or ends where the underlying touches a barrier."""

    type: OptionType = TYPE
    strike: Price = STRIKE
    rebate: Cash = Field(0.0, ge=0, le=1e12, description="cash paid at expiry if the option is not alive then")
    knocked: Knock | None = Field(
        None, description="in or out if a barrier was touched before today: no barrier is watched any more"
    )

    @property
    @abstractmethod
    def knocks_in(self) -> bool:
        """True if touching a barrier begins the option, False if it ends it."""

    @abstractmethod
    def touched(self, spot: float) -> str | None:
        """The barrier that a spot has reached, in words; None between the barriers."""

    @model_validator(mode="after")
    def _knocked_as_it_knocks(self) -> Self:
        effect = Knock.IN if self.knocks_in else Knock.OUT
        if self.knocked not in (None, effect):
            raise ValueError(f"knocked {self.knocked} is not possible, because touching the barrier knocks {effect}")
        return self

    @property
    def needs_path(self) -> bool:
        return False

    @property
    def is_continuous(self) -> bool:
        """True if a barrier is watched, at all times."""
        return super().is_continuous and self.knocked is None

    @property
    def looks(self) -> tuple[float, ...]:
        return super().looks if self.knocked is None else ()

    @property
    def folds_parameters(self) -> bool:
        return self.is_continuous

    @property
    def jumps(self) -> bool:
        return bool(self.looks)

    def remark(self, spot: float) -> str | None:
        touched = self.touched(spot)
        if not self.is_continuous or touched is None:
            return None
        state = Knock.IN if self.knocks_in else Knock.OUT
        return f"spot {spot:g} has reached {touched} already: the option is knocked {state} today"

    @property
    def watched(self) -> str:
        return f"knocked {self.knocked}" if self.knocked else super().watched
