"""A block of paths: the unit of memory, of random numbers, of work, of progress."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.device import Device
from greeks_cli.engine.moments import Comoments, Moments
from greeks_cli.engine.plan import Plan
from greeks_cli.engine.programs import CONTROL, ESTIMATE, FAR, NEAR, Wanted

Samples = Mapping[Wanted, NDArray[np.floating]]
"""A row of paths for each plan of a stack."""
Factors = Mapping[Wanted, NDArray[np.float64]]
Sums = TypeVar("Sums", Moments, Comoments)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a block adds to a stack of plans: moments of the estimates, and of what wider smoothing changes.

    ``near`` is the change from twice the width, ``far`` from four times to twice; both are
    measured in some blocks only. ``control`` is there where a control variate is asked for.
    """

    paths: int
    values: Moments
    near: Moments | None = None
    far: Moments | None = None
    control: Comoments | None = None

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.paths + other.paths,
            self.values + other.values,
            _together(self.near, other.near),
            _together(self.far, other.far),
            _together(self.control, other.control),
        )

    def of_plan(self, number: int) -> Self:
        """What is one plan's of a stack."""
        return type(self)(
            self.paths,
            self.values.of_trade(number),
            self.near and self.near.of_trade(number),
            self.far and self.far.of_trade(number),
            self.control and self.control.of_trade(number),
        )


def _together(one: Sums | None, other: Sums | None) -> Sums | None:
    if one is None or other is None:
        return one or other
    return one + other


def tally_of(plan: Plan, samples: Samples, factors: Factors, device: Device) -> Tally:
    """What the samples of a stack add, every row of them yet to be multiplied by its factor.

    ``plan`` is one of the stack.
    """
    n_paths = next(iter(samples.values())).shape[-1]
    rows = {name: plan.samples(each) for name, each in samples.items()}
    biased = any(level == NEAR for level, _ in rows)
    return Tally(
        n_paths,
        _moments(plan, rows, factors, ESTIMATE, device),
        _moments(plan, rows, factors, NEAR, device) if biased else None,
        _moments(plan, rows, factors, FAR, device) if biased else None,
        _comoments(plan, rows, factors, device) if plan.controls else None,
    )


def _moments(plan: Plan, rows: Samples, factors: Factors, level: str, device: Device) -> Moments:
    """The moments of every Greek of the request at a level; zero where it has no samples there."""
    names = [(level, greek.parameters) for greek in plan.request.greeks]
    there = [place for place, name in enumerate(names) if name in rows]
    moments = Moments.of([rows[names[place]] for place in there], device)
    moments = moments.scaled(np.array([factors[names[place]] for place in there]))
    return moments if len(there) == len(names) else moments.spread(there, len(names))


def _comoments(plan: Plan, rows: Samples, factors: Factors, device: Device) -> Comoments:
    own, other = ([(level, greek.parameters) for greek in plan.request.greeks] for level in (ESTIMATE, CONTROL))
    comoments = Comoments.of([rows[name] for name in own], [rows[name] for name in other], device)
    return comoments.scaled(*(np.array([factors[name] for name in names]) for names in (own, other)))
