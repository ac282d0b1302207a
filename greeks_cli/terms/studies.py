"""What the commands that study numbers find: opinions of methods, points of ladders."""

from dataclasses import dataclass

from greeks_cli.terms.request import Request


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one method says of one Greek; ``z`` is its distance from the reference method's word.

    The distance is in standard errors of the difference, beyond what the two biases allow; it
    is None for the reference itself.
    """

    greek: str
    method: str
    value: float
    stderr: float
    bias: float
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a ladder; ``width`` is None where the run chose its own. Field names are CSV columns."""

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
        """Distance from the closed form; None where none is known."""
        return None if self.exact is None else abs(self.value - self.exact)


@dataclass(frozen=True, slots=True)
class Ladder:
    """How errors fall with paths, drawn at random and (where asked for) by Sobol points, and how bias grows with width.

    ``chosen_width`` is the one that the automatic rule takes; None where nothing is smoothed.
    """

    request: Request
    by_paths: tuple[Point, ...] = ()
    by_sobol: tuple[Point, ...] = ()
    by_width: tuple[Point, ...] = ()
    chosen_width: float | None = None

    @property
    def points(self) -> tuple[Point, ...]:
        return self.by_paths + self.by_sobol + self.by_width
