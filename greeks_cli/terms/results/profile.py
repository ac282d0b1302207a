"""Results along one axis, or over the grid of two."""

from collections.abc import Iterator
from dataclasses import dataclass

from greeks_cli.terms.axis import Axis, places
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.result import Estimate, Result


@dataclass(frozen=True, slots=True)
class Profile:
    """Results at every point of one axis or two, the last axis fastest; all on the same random numbers."""

    axes: tuple[Axis, ...]
    results: tuple[Result, ...]

    @property
    def greeks(self) -> tuple[Greek, ...]:
        return self.results[0].request.greeks

    @property
    def elapsed_seconds(self) -> float:
        return sum(result.elapsed_seconds for result in self.results)

    def points(self) -> Iterator[tuple[dict[str, float], Result]]:
        """The value of every axis, and the result there."""
        yield from zip(places(self.axes), self.results, strict=True)

    def estimates(self, greek: Greek) -> list[Estimate]:
        """One Greek at every point."""
        return [result[greek.name] for result in self.results]
