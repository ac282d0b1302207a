"""Scenarios: shifts of the market of every trade of a book, such as spots 10% down and vols 5 points up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod, sqrt
from typing import Any

from greeks_cli.terms.axis import spaced
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.fields import plain_digits
from greeks_cli.terms.greek import PRICE, Greek
from greeks_cli.terms.joint_axis import joint_fields
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.several import UNDERLYING
from greeks_cli.terms.markets.vol_surface import VolSurface
from greeks_cli.terms.request import Request

STEPS = {"spot": 1.0, "vol": 0.01, "rate": 0.0001, "dividend_yield": 0.0001, "borrow": 0.0001}
"""Parameters that a shift moves, each with the size of a shift by 1: currency, vol points, basis points."""
_MOST = 1_000
_EXAMPLE = "spot=-10%:10%:5,vol=-5:5:3"


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of one parameter, by a share of its value or by a number of steps."""

    name: str
    amount: float
    is_relative: bool

    @property
    def label(self) -> str:
        """The amount as a scenario is written: ``+10%``, ``-5``, ``0``."""
        sign = "+" if self.amount > 0 else ""
        return f"{sign}{self.amount:z.12g}{'%' if self.is_relative else ''}"

    def of(self, value: float) -> float:
        """The value after the shift."""
        found = value * (1 + self.amount / 100) if self.is_relative else value + self.amount * STEPS[self.name]
        return float(f"{found:.12g}")


Scenario = tuple[Shift, ...]
"""A point of a grid of scenarios."""


def parse_scenarios(text: str) -> list[Scenario]:
    """The points of a grid such as ``spot=-10%:10%:5,vol=-5:5:3`` or ``vol=-5;5``; the last axis runs fastest.

    Raises ValueError with a remedy.
    """
    axes = [_axis(part.strip()) for part in text.split(",") if part.strip()]
    names = [axis[0].name for axis in axes]
    if not axes or len(set(names)) < len(names):
        raise ValueError(f"shifts of different parameters are wanted, such as {_EXAMPLE}")
    if (count := prod(map(len, axes))) > _MOST:
        raise ValueError(f"{count:,} scenarios; at most {_MOST:,} are priced")
    return list(product(*axes))


def _axis(text: str) -> list[Shift]:
    name, _, amounts = (part.strip() for part in text.partition("="))
    name = name.replace("-", "_")
    if name not in STEPS:
        raise ValueError(f"'{text}' shifts nothing; {did_you_mean(name, STEPS)}, as in {_EXAMPLE}")
    is_relative = "%" in amounts
    try:
        plain_digits(amounts)
        bare = amounts.replace("%", "")
        values = spaced(bare) if ":" in bare else [float(one) for one in bare.split(";")]
    except ValueError:
        raise ValueError(f"'{text}' has no shifts; write {name}=start:stop:count, or {name}=a;b;c") from None
    if len(set(values)) < len(values):
        raise ValueError(f"'{text}' has a shift twice")
    if is_relative and min(values) <= -100:
        raise ValueError(f"'{text}' leaves nothing; shifts by a share are above -100%")
    return [Shift(name, value, is_relative) for value in values]


_VARIANCES = ("initial_variance", "long_run_variance")
"""Parameters of models whose variance is random; a shift of the vol moves the vols of both."""


def shifted(request: Request, scenario: Scenario, greeks: Sequence[Greek] = (PRICE,)) -> Request:
    """The request in the shifted market, without tolerances; curves and surfaces move parallel, in strikes that stay.

    Raises InvalidInput where the market has no such parameter, or the shifted one is not valid.
    """
    market = request.market
    fields = joint_fields(market) if isinstance(market, JointMarket) else _fields(market)
    for own in fields[UNDERLYING].values() if isinstance(market, JointMarket) else [fields]:
        for shift in scenario:
            _move(own, shift)
    simulation = {**dict(request.simulation), "buckets": False}
    try:
        return build_request(request.contract.model_dump(), fields, simulation, tuple(greeks))
    except InvalidInput as error:
        raise InvalidInput([replace(problem, path=problem.path[-1:]) for problem in error.problems]) from None


def _fields(market: Market) -> dict[str, Any]:
    return {name: getattr(market, name) for name in Market.model_fields}


def _move(fields: dict[str, Any], shift: Shift) -> None:
    """Shifts a parameter among the fields of a market. Raises InvalidInput."""
    if shift.amount == 0:
        return
    name = "vol_surface" if shift.name == "vol" and fields.get("vol_surface") is not None else shift.name
    value = fields[name]
    if value is None and shift.name == "vol":
        fields |= {variance: _with_vol_moved(variance, fields[variance], shift) for variance in _VARIANCES}
        return
    try:
        fields[name] = _moved(0.0 if value is None else value, shift)
    except ValueError as error:
        raise InvalidInput([Problem((shift.name,), str(error), shift.label)]) from None
    if shift.name == "spot" and fields.get("future") is not None:
        fields["future"] = fields["spot"]


def _with_vol_moved(name: str, variance: float, shift: Shift) -> float:
    """A variance whose root, a vol, is shifted. Raises InvalidInput."""
    vol = shift.of(sqrt(variance))
    if vol <= 0:
        message = f"takes the vol of {name}, {sqrt(variance):g}, to {vol:g}; shift it less"
        raise InvalidInput([Problem(("vol",), message, shift.label)])
    return vol * vol


def _moved(value: float | Curve | VolSurface, shift: Shift) -> float | Curve | VolSurface:
    if isinstance(value, VolSurface):
        return replace(value, vols=tuple(tuple(map(shift.of, row)) for row in value.vols))
    if isinstance(value, Curve):
        return replace(value, values=tuple(map(shift.of, value.values)))
    return shift.of(value)


def labels_of(scenario: Scenario) -> Mapping[str, str]:
    """The shifts of a scenario as they are written, by parameter."""
    return {shift.name: shift.label for shift in scenario}


def where(scenario: Scenario) -> str:
    """A scenario in words: ``spot=-10%,vol=+5``."""
    return ",".join(f"{name}={label}" for name, label in labels_of(scenario).items())


def axes_of(scenarios: Sequence[Scenario]) -> Iterator[tuple[str, list[str]]]:
    """The parameters of a grid, each with its shifts as they are written."""
    for shifts in zip(*scenarios, strict=True):
        yield shifts[0].name, list(dict.fromkeys(shift.label for shift in shifts))
