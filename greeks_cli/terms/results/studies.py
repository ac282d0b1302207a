"""Results of ``greeks check``, by method, and of ``greeks converge``, by run."""

from dataclasses import dataclass

from greeks_cli.terms.request import Request


@dataclass(frozen=True, slots=True)
class MethodResult:
    """Estimate of one Greek by one method of ``greeks check``.

    ``z`` is the distance from the reference method, beyond the sum of the two biases and in standard
    errors of the difference; None for the reference itself.
    """

    greek: str
    method: str
    value: float
    stderr: float
    bias: float
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One Greek in one run of a convergence study. Field names are CSV columns.

    ``width`` is None where the automatic rule chooses the width.
    """

    study: str
    greek: str
    paths: int
    width: float | None
    value: float
    stderr: float
    bias: float
    exact: float | None

    @property
    def error(self) -> float | None:
        """Distance from the closed form; None without a closed form."""
        return None if self.exact is None else abs(self.value - self.exact)


@dataclass(frozen=True, slots=True)
class ConvergenceStudy:
    """Runs over numbers of random paths, over numbers of Sobol points (in pictures) and over smoothing widths.

    ``chosen_width`` is the width of the automatic rule; None where nothing is smoothed.
    """

    request: Request
    by_paths: tuple[Point, ...] = ()
    by_sobol: tuple[Point, ...] = ()
    by_width: tuple[Point, ...] = ()
    chosen_width: float | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        return self.by_paths + self.by_sobol + self.by_width
