"""Headline of tables and figures: contract, market and simulation in words."""

import re
from dataclasses import astuple, dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Result
from greeks_cli.terms.simulation import Autodiff, Estimator, Sampler, Simulation, Smoothing

if TYPE_CHECKING:
    from greeks_cli.terms.results.profile import Profile


@dataclass(frozen=True, slots=True)
class Headline:
    """Contract, market and simulation in words; ``paths``, ``seed`` and ``method`` describe the simulation."""

    contract: str
    market: str
    paths: str
    seed: str
    method: str

    @property
    def simulation(self) -> str:
        """Paths, seed and method."""
        return f"{self.paths}, {self.seed}, {self.method}"

    @property
    def line(self) -> str:
        """One line, for the top of a table."""
        return f"{self.contract} | {self.market} | {self.simulation}"

    @property
    def title(self) -> tuple[str, str, str]:
        """Title of a figure; the seed is in the figure's corner."""
        return self.contract, self.market, f"{self.paths}, {self.method}"


def headline(request: Request, paths: int, shift: float = 0.0, steps: int = 0) -> Headline:
    """Headline of a request, the number of paths, their shift and time steps; of the simulation's switches, those set.

    Without time steps there are increments.
    """
    simulation, quote = request.simulation, request.quote.items()
    return Headline(
        f"{request.contract.describe()}, {expiry_of(request)}",
        ", ".join([request.market.describe(), *(f"{name.replace('_', ' ')} {price:g}" for name, price in quote)]),
        _paths(simulation, paths, steps or _increments(request), shift),
        f"seed {simulation.seed}" + ("" if simulation.sampler is Sampler.RANDOM else f" of {simulation.sampler}"),
        _method(simulation),
    )


def _increments(request: Request) -> int:
    """The number of increments of a path that is sampled exactly: under models of smiles always one per date."""
    asked = request.simulation.steps if request.market.is_lognormal else None
    return asked or len(request.path_dates)


def expiry_of(request: Request) -> str:
    """The expiry in words: its date where one is given, and the time in years."""
    expiry = request.dates.expiry
    if request.contract.has_expired:
        return f"expired {expiry}" if expiry else "expired"
    years = f"{request.contract.expiry:g}y"
    return f"expiry {expiry} ({years})" if expiry else f"expiry {years}"


def _paths(simulation: Simulation, paths: int, steps: int, shift: float) -> str:
    if not paths:
        return "no paths"
    parts = [
        f"{paths:,} paths x {steps} {'step' if steps == 1 else 'steps'}",
        "antithetic" if simulation.antithetic else "",
        "control variate" if simulation.control else "",
        f"importance sampling (shift {shift:+g})" if shift else "",
    ]
    return ", ".join(filter(None, parts))


def _method(simulation: Simulation) -> str:
    width = f"beta {simulation.beta:g}" if simulation.beta else f"width {simulation.width}"
    parts = [
        "" if simulation.estimator is Estimator.AUTO else f"estimator {simulation.estimator}",
        f"softplus {width}" if simulation.smoothing is Smoothing.SOFTPLUS else "no smoothing",
        "" if simulation.autodiff is Autodiff.GRAD else f"autodiff {simulation.autodiff}",
        "" if simulation.importance else "no importance sampling",
        str(simulation.dtype),
    ]
    return ", ".join(filter(None, parts))


def profile_headline(profile: "Profile") -> Headline:
    """Headline of a profile; a parameter that varies along an axis is a range."""
    first, last = (astuple(_result_headline(profile.results[end])) for end in (0, -1))
    return Headline(*(_between(*pair) for pair in zip(first, last, strict=True)))


def _result_headline(result: Result) -> Headline:
    return headline(result.request, result.paths, steps=result.steps)


def _between(first: str, last: str) -> str:
    """One text for the two ends of a profile: ``spot 60 to 140, vol 0.2``."""
    first_words, last_words = first.split(" "), last.split(" ")
    if len(first_words) != len(last_words):
        return f"{first} to {last}"
    parts = []
    for same, group in groupby(zip(first_words, last_words, strict=True), key=lambda pair: pair[0] == pair[1]):
        before, after = (" ".join(words) for words in zip(*group, strict=True))
        parts.append(before if same else f"{before.rstrip(',;')} to {after}")
    # A curve is a range itself; that of both ends is from the first number to the last.
    return re.sub(r"(\S+)(?: to \S+)+ to (\S+)", r"\1 to \2", " ".join(parts))
