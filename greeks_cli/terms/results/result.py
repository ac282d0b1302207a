"""Results: estimates, each with its error."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from greeks_cli.terms.accuracy import Target
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator


class Unsimulated(enum.StrEnum):
    """The source of an estimate without paths: its closed form, or the payoff of a contract that has expired."""

    CLOSED_FORM = "closed form"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of one Greek, raw per unit of its parameters.

    ``stderr`` is the standard error of ``value``; ``low`` and ``high`` bound the confidence
    interval of the request's level; ``bias`` bounds the bias that remains of smoothing and of time
    steps, ``bias_of_steps`` that of time steps alone;
    ``exact`` is the closed form, or None where there is none; ``estimator`` is the method used;
    ``warning`` is the reason not to trust the error bar, or None; ``upper`` is the upper bound on a price of which
    ``value`` is a lower one, with its standard error.
    """

    greek: Greek
    value: float
    stderr: float
    low: float
    high: float
    bias: float
    exact: float | None
    estimator: Estimator | Unsimulated
    warning: str | None = None
    bias_of_steps: float = 0.0
    upper: float | None = None
    upper_stderr: float | None = None


@dataclass(frozen=True, slots=True)
class ExerciseDate:
    """Exercise at one date: its time in years, its probability and the standard error of that.

    ``boundary`` is the spot next to which exercise begins; None where no path exercises, where spots on both
    sides of others do, under a random variance, and for several underlyings.
    """

    time: float
    probability: float
    stderr: float
    boundary: float | None


@dataclass(frozen=True, slots=True)
class ExerciseLaw:
    """Exercise by a policy: its probability with the standard error, its expected time if it happens, and its dates."""

    probability: float
    stderr: float
    expected_time: float | None
    dates: tuple[ExerciseDate, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """All estimates of a request, from ``paths`` simulated paths; ``unmet`` are the targets missed.

    ``shift`` is that of the paths' ends by importance sampling, in standard deviations; ``steps`` are the time steps
    of a path, 0 where sampling is exact.
    """

    request: Request
    estimates: tuple[Estimate, ...]
    paths: int
    elapsed_seconds: float
    unmet: tuple[Target, ...] = ()
    shift: float = 0.0
    steps: int = 0
    exercise: ExerciseLaw | None = None
    """The law of exercise, where it may come early."""

    def __getitem__(self, name: str) -> Estimate:
        return next(estimate for estimate in self.estimates if estimate.greek.name == name)


Progress = Callable[[int, int], None]
"""Called with the units done and the units in all: blocks, points or trades."""
Answer = Result | str
"""A result, or the reason why there is none."""
