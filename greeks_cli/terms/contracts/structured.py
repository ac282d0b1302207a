"""Structured notes: contracts that may end, and pay, at several dates."""

from collections.abc import Hashable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from greeks_cli.terms.contracts.contract import equal_dates
from greeks_cli.terms.contracts.fixings import Fixed, Times, check_increase
from greeks_cli.terms.contracts.joint import Leveled
from greeks_cli.terms.fields import Count, Fraction, Number, PerYear, Price, Unit

Level = Annotated[Fraction, Field(gt=0, le=100)]
_MONITORING: Any = Field(
    "expiry",
    description="knock-in is looked for at expiry, at a number of equally spaced dates, or by a rule such as weekly",
)
_TIMES: Any = Field(
    None, min_length=1, max_length=10_000, description="times in years, or dates, at which knock-in is looked for"
)


class Ending(Fixed):
    """A contract that one of its fixings may end, all of which are to come."""

    @model_validator(mode="after")
    def _fixings_are_to_come(self) -> Self:
        if self.fixes_today:
            raise ValueError("a fixing of today is known; leave it out")
        return self

    @property
    def folds_parameters(self) -> bool:
        return True

    @property
    def rounds_by_batch(self) -> bool:
        return True

    @property
    def jumps(self) -> bool:
        return True

    @property
    def tangled_kinks(self) -> bool:
        return True

    def moves_one_level(self, index: tuple[str, ...]) -> bool:
        return len(index) == 1 and index[0] in self.parameters


class Autocallable(Leveled, Ending):
    """Ends at the first fixing that finds the worst performance at the autocall level or above.

    Then it pays notional (1 + coupon times years since the start). If no fixing does, it pays the notional at expiry,
    or less: once the worst performance was seen below ``knock_in``, notional times the worst performance, at most 1.
    A performance is a price over its initial level.
    """

    usual_fixings: ClassVar[int] = 4
    schedule: ClassVar[frozenset[str]] = Fixed.schedule | {"knock_in_monitoring", "knock_in_times"}
    parameters: ClassVar[tuple[str, ...]] = ("coupon", "autocall_level", "knock_in")
    example: ClassVar[Mapping[str, object]] = {"fixings": 3, "coupon": 0.08}
    least: ClassVar[int] = 1
    levels_are_spots: ClassVar[bool] = True

    kind: Literal["autocallable"] = "autocallable"
    notional: Price = Field(100.0, description="notional amount of the payments")
    coupon: PerYear = Field(0.05, ge=0, le=10, description="coupon per year, a fraction of the notional")
    autocall_level: Level = Field(1.0, description="worst performance from which the contract ends early, a fraction")
    step_down: Fraction = Field(
        0.0, ge=0, le=1, description="fall of the autocall level from fixing to fixing, a fraction"
    )
    knock_in: Level = Field(0.7, description="worst performance below which the capital is at risk, a fraction")
    knocked: Literal["in"] | None = Field(
        None, description="in or out if a barrier was touched before today: no barrier is watched any more"
    )
    knock_in_monitoring: Literal["expiry"] | Annotated[Count, Field(ge=1, le=10_000)] = _MONITORING
    knock_in_times: Times = _TIMES
    accrued: Annotated[Number, Field(ge=0, le=100), Unit("years")] = Field(
        0.0, description="years of coupon that have accrued before today"
    )

    @model_validator(mode="after")
    def _dates_fit(self) -> Self:
        times = self.knock_in_times
        if times is not None and self.knock_in_monitoring != "expiry":
            raise ValueError("knock_in_monitoring and knock_in_times exclude each other; give one of them")
        if times is not None and times[0] <= 0:
            raise ValueError("knock_in_times must come after today; leave out the first")
        check_increase("knock_in_times", times or ())
        if times is not None and times[-1] > self.expiry:
            raise ValueError(f"knock-in time {times[-1]:g} comes after expiry {self.expiry:g}; raise the expiry")
        if self.times[-1] != self.expiry:
            raise ValueError(f"the last fixing is at expiry, {self.expiry:g}, and {self.times[-1]:g} is given")
        if self.last_level <= 0:
            raise ValueError(f"step_down {self.step_down:g} takes the autocall level to {self.last_level:g}; lower it")
        return self

    @property
    def anchors(self) -> tuple[int, ...]:
        """The fixings, where other dates look for the knock-in."""
        return self.places(self.times) if len(self.dates) > len(self.times) else ()

    @property
    def usual_payment(self) -> float:
        return self.notional

    @property
    def last_level(self) -> float:
        """The autocall level of the last fixing."""
        return self.autocall_level - self.step_down * (len(self.times) - 1)

    @property
    def looks(self) -> tuple[float, ...]:
        """The times in years at which knock-in is looked for."""
        if self.knocked:
            return ()
        if self.knock_in_times is not None:
            return self.knock_in_times
        return (
            (self.expiry,)
            if self.knock_in_monitoring == "expiry"
            else equal_dates(self.expiry, self.knock_in_monitoring)
        )

    @property
    def dates(self) -> tuple[float, ...]:
        return tuple(sorted({*self.times, *self.looks}))

    def places(self, times: tuple[float, ...]) -> tuple[int, ...]:
        """The places of some times among the dates."""
        place = {date: number for number, date in enumerate(self.dates)}
        return tuple(place[time] for time in times)

    def structure(self, spot: float) -> Hashable:
        return super().structure(spot), self.places(self.times), self.places(self.looks)

    @property
    def watched(self) -> str:
        """The knock-in in words."""
        if self.knocked:
            return "knocked in"
        n = len(self.looks)
        return f"knock-in {self.knock_in:g} {'at expiry' if self.looks == (self.expiry,) else f'on {n} dates'}"

    def describe(self) -> str:
        of = f" on worst of {self.listed}" if self.underlyings else ""
        return f"{self.kind}{of}, {self.counted}, coupon {self.coupon:g}, level {self.autocall_level:g}, {self.watched}"


class Phoenix(Autocallable):
    """An autocallable that pays a coupon at each fixing whose worst performance is at the coupon barrier or above.

    The coupon of a period is ``coupon`` times its years, until the contract ends. With ``memory``, a coupon that was
    missed is paid with the next one. At the end the notional is paid, or less, as by an autocallable.
    """

    parameters: ClassVar[tuple[str, ...]] = ("coupon", "autocall_level", "knock_in", "coupon_barrier")

    kind: Literal["phoenix"] = "phoenix"  # type: ignore[assignment]  # another member of the union of contracts
    coupon_barrier: Level = Field(0.7, description="worst performance from which a coupon is paid, a fraction")
    memory: bool = Field(False, description="pay missed coupons with the next one")
    missed: Annotated[Count, Field(ge=0, le=10_000)] = Field(0, description="coupons missed before today")

    @model_validator(mode="after")
    def _missed_is_remembered(self) -> Self:
        if self.missed and not self.memory:
            raise ValueError("missed coupons are paid with memory alone; leave them out, or set memory")
        return self


class Accumulator(Ending):
    """Buys ``quantity_per_fixing`` of the underlying at the strike at each fixing, below it ``gearing`` times that.

    It ends at the first fixing at the barrier or above, and buys nothing then. Each purchase is settled in cash at its
    fixing.
    """

    usual_fixings: ClassVar[int] = 12
    parameters: ClassVar[tuple[str, ...]] = ("strike", "barrier")
    example: ClassVar[Mapping[str, object]] = {"strike": 90, "barrier": 110, "fixings": 4, "quantity_per_fixing": 0.25}

    kind: Literal["accumulator"] = "accumulator"
    strike: Price = Field(description="price at which the option is exercised")
    barrier: Price = Field(description="price that ends or begins the option")
    gearing: Annotated[Number, Field(ge=0, le=100)] = Field(2.0, description="factor of the quantity below the strike")
    quantity_per_fixing: Annotated[Number, Field(gt=0, le=1e12)] = Field(
        1.0, description="units of the underlying that are bought at each fixing"
    )

    @model_validator(mode="after")
    def _ends_above(self) -> Self:
        if self.strike >= self.barrier:
            raise ValueError(f"strike {self.strike:g} must be below barrier {self.barrier:g}")
        return self

    def describe(self) -> str:
        levels = f"strike {self.strike:g}, barrier {self.barrier:g}"
        return f"accumulator of {self.quantity_per_fixing:g}, {levels}, {self.counted}, gearing {self.gearing:g}"
