"""Windows of barriers: the time between which a barrier is watched."""

from collections.abc import Hashable
from typing import ClassVar, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.knocking import Knocking
from greeks_cli.terms.fields import Time, Years

_SAME = 1e-9
"""The relative distance below which two times are one."""


class Windowed(Knocking):
    """A barrier option that watches its barrier between two times, on those of its dates that lie between them."""

    schedule: ClassVar[frozenset[str]] = Knocking.schedule | {"window_start", "window_end"}

    window_start: Time = Field(0.0, description="time in years, date or tenor from which the barrier is watched")
    window_end: Years | None = Field(
        None, description="time in years, date or tenor until which the barrier is watched [default: expiry]"
    )

    @property
    def closes(self) -> float:
        """The time in years at which the window ends."""
        return self.expiry if self.window_end is None else self.window_end

    @property
    def bridged_span(self) -> tuple[float, float] | None:
        return (self.window_start, self.closes) if self.is_continuous else None

    @property
    def opens_later(self) -> bool:
        """True if the barrier is watched from a time to come, False if it is watched today."""
        return self.window_start > 0 and self.is_continuous

    @property
    def closes_early(self) -> bool:
        """True if the barrier is not watched any more at expiry."""
        return self.closes < self.expiry and self.is_continuous

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        if self.closes > self.expiry:
            raise ValueError(f"window_end {self.closes:g} comes after expiry {self.expiry:g}; raise the expiry")
        if self.window_start >= self.closes:
            end = "expiry" if self.window_end is None else "window_end"
            raise ValueError(f"window_start {self.window_start:g} must come before {end} {self.closes:g}")
        if super().looks and not self.looks:
            raise ValueError("no date of the monitoring lies in the window; move the window, or monitor continuously")
        return self

    @property
    def looks(self) -> tuple[float, ...]:
        first, last = self.window_start * (1 - _SAME), self.closes * (1 + _SAME)
        return tuple(time for time in super().looks if first <= time <= last)

    @property
    def dates(self) -> tuple[float, ...]:
        if not self.is_continuous:
            return super().dates
        return tuple(sorted({self.window_start, self.closes, self.expiry} - {0.0}))

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), self.opens_later, self.closes_early

    @property
    def tangled_kinks(self) -> bool:
        """True where the probability to stay alive is a function of both ends of the window."""
        return self.opens_later

    @property
    def watched(self) -> str:
        if not (self.opens_later or self.closes_early):
            return super().watched
        return f"{super().watched} from {self.window_start:.4g}y to {self.closes:.4g}y"
