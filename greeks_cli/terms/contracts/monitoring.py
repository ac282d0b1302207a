"""Monitoring: the times at which a contract looks for a barrier or for an extreme."""

from collections.abc import Hashable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import Contract, equal_dates
from greeks_cli.terms.contracts.fixings import Times, check_increase
from greeks_cli.terms.fields import Count

Monitoring = Literal["continuous"] | Annotated[Count, Field(ge=1, le=10_000)]
MONITORING: Any = Field(
    "continuous",
    description="continuous, the number of equally spaced dates that are looked at, or a rule such as monthly",
)
MONITORING_TIMES: Any = Field(
    None,
    min_length=1,
    max_length=10_000,
    description="times in years, or dates, that are looked at, such as 0.25,0.5; the expiry only if it is one of them",
)


class Monitored(Contract):
    """A contract that looks at the underlying continuously, or at equally spaced or listed dates."""

    schedule: ClassVar[frozenset[str]] = frozenset({"expiry", "monitoring", "monitoring_times"})

    monitoring: Monitoring = MONITORING
    monitoring_times: Times = MONITORING_TIMES

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        times = self.monitoring_times
        if times is None:
            return self
        if self.monitoring != "continuous":
            raise ValueError("monitoring and monitoring_times exclude each other; give one of them")
        if times[0] <= 0:
            raise ValueError("monitoring_times must come after today; leave out the first")
        check_increase("monitoring_times", times)
        if times[-1] > self.expiry:
            raise ValueError(f"monitoring time {times[-1]:g} comes after expiry {self.expiry:g}; raise the expiry")
        return self

    @property
    def is_continuous(self) -> bool:
        """True if the underlying is looked at continuously."""
        return self.monitoring == "continuous" and self.monitoring_times is None

    @property
    def looks(self) -> tuple[float, ...]:
        """The times in years at which the underlying is looked at; empty for continuous monitoring."""
        if self.monitoring_times is not None:
            return self.monitoring_times
        return () if self.monitoring == "continuous" else equal_dates(self.expiry, self.monitoring)

    @property
    def dates(self) -> tuple[float, ...]:
        return self.looks if self.looks[-1:] == (self.expiry,) else (*self.looks, self.expiry)

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), self.is_continuous, len(self.looks)

    @property
    def watched(self) -> str:
        """The monitoring in words, for headers."""
        if self.is_continuous:
            return "continuous"
        count = len(self.looks)
        dates = f"{count} {'date' if count == 1 else 'dates'}"
        return dates if self.looks[-1] == self.expiry else f"{dates} until {self.looks[-1]:.4g}y"
