"""The answer: estimates, each with its error."""

from dataclasses import dataclass

from greeks_cli.terms.accuracy import Target
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request
from greeks_cli.terms.simulation import Estimator


@dataclass(frozen=True, slots=True)
class Estimate:
    """One Greek, raw per unit of its parameters.

    ``stderr`` is the standard error of ``value``; ``low`` and ``high`` bound the confidence
    interval of the request's level; ``bias`` bounds the smoothing bias that remains;
    ``exact`` is the closed form, or None where there is none; ``estimator`` is the one used;
    ``warning`` says why the error bar should not be trusted, or is None.
    """

    greek: Greek
    value: float
    stderr: float
    low: float
    high: float
    bias: float
    exact: float | None
    estimator: Estimator
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """All estimates of a request, from ``paths`` simulated paths; ``unmet`` are the targets missed."""

    request: Request
    estimates: tuple[Estimate, ...]
    paths: int
    elapsed_seconds: float
    unmet: tuple[Target, ...] = ()

    def __getitem__(self, name: str) -> Estimate:
        return next(estimate for estimate in self.estimates if estimate.greek.name == name)


Answer = Result | str
"""A result, or why there is none."""


@dataclass(frozen=True, slots=True)
class Sum:
    """One Greek added up over trades; ``stderr`` is that of the sum, ``bias`` a bound as for one."""

    greek: Greek
    value: float
    stderr: float
    bias: float
