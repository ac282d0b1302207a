"""The answer: estimates, each with its error."""

from dataclasses import dataclass

from greeks_cli.terms.greek import Greek
from greeks_cli.terms.request import Request


@dataclass(frozen=True, slots=True)
class Estimate:
    """One Greek, raw per unit of its parameters.

    ``stderr`` is the standard error of ``value``; ``low`` and ``high`` bound the confidence
    interval of the request's level; ``bias`` bounds the smoothing bias that remains;
    ``exact`` is the closed form, or None where there is none.
    """

    greek: Greek
    value: float
    stderr: float
    low: float
    high: float
    bias: float
    exact: float | None

    @property
    def z(self) -> float | None:
        """Distance from the closed form in standard errors; None without either."""
        if self.exact is None or self.stderr == 0:
            return None
        return (self.value - self.exact) / self.stderr


@dataclass(frozen=True, slots=True)
class Result:
    """All estimates of a request, from ``paths`` simulated paths."""

    request: Request
    estimates: tuple[Estimate, ...]
    paths: int
    elapsed_seconds: float

    def __getitem__(self, name: str) -> Estimate:
        return next(estimate for estimate in self.estimates if estimate.greek.name == name)
