"""What was priced, in words: the line above every table and figure."""

from dataclasses import astuple, dataclass
from itertools import groupby

from greeks_cli.terms.profile import Profile
from greeks_cli.terms.request import Request
from greeks_cli.terms.result import Result
from greeks_cli.terms.simulation import Autodiff, Estimator, Sampler, Simulation, Smoothing


@dataclass(frozen=True, slots=True)
class Headline:
    """Contract, market and simulation restated, the last in three parts."""

    contract: str
    market: str
    paths: str
    seed: str
    method: str

    @property
    def simulation(self) -> str:
        """How it was simulated."""
        return f"{self.paths}, {self.seed}, {self.method}"

    @property
    def line(self) -> str:
        """All of it, for the top of a table."""
        return f"{self.contract} | {self.market} | {self.simulation}"

    @property
    def title(self) -> tuple[str, str, str]:
        """For a figure, which has the seed in its corner."""
        return self.contract, self.market, f"{self.paths}, {self.method}"


def headline(request: Request, paths: int) -> Headline:
    """A request in words, and on how many paths it was run; of a simulation's switches those that are set."""
    simulation = request.simulation
    return Headline(
        f"{request.contract.describe()}, expiry {request.contract.expiry:g}y",
        ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in request.market),
        _paths(simulation, paths, simulation.steps or len(request.contract.dates)),
        f"seed {simulation.seed}" + ("" if simulation.sampler is Sampler.RANDOM else f" of {simulation.sampler}"),
        _method(simulation),
    )


def _paths(simulation: Simulation, paths: int, steps: int) -> str:
    parts = [
        f"{paths:,} paths x {steps} {'step' if steps == 1 else 'steps'}",
        "antithetic" if simulation.antithetic else "",
        "control variate" if simulation.control else "",
    ]
    return ", ".join(filter(None, parts))


def _method(simulation: Simulation) -> str:
    width = f"beta {simulation.beta:g}" if simulation.beta else f"width {simulation.width}"
    parts = [
        "" if simulation.estimator is Estimator.AUTO else f"estimator {simulation.estimator}",
        f"softplus {width}" if simulation.smoothing is Smoothing.SOFTPLUS else "no smoothing",
        "" if simulation.autodiff is Autodiff.GRAD else f"autodiff {simulation.autodiff}",
        str(simulation.dtype),
    ]
    return ", ".join(filter(None, parts))


def profile_headline(profile: Profile) -> Headline:
    """All points together: what the axes vary is a range."""
    first, last = (astuple(_headline(profile.results[end])) for end in (0, -1))
    return Headline(*(_between(*pair) for pair in zip(first, last, strict=True)))


def _headline(result: Result) -> Headline:
    return headline(result.request, result.paths)


def _between(first: str, last: str) -> str:
    """``spot 60 to 140, vol 0.2`` from the words at both ends."""
    ours, theirs = first.split(" "), last.split(" ")
    if len(ours) != len(theirs):
        return f"{first} to {last}"
    parts = []
    for same, group in groupby(zip(ours, theirs, strict=True), key=lambda pair: pair[0] == pair[1]):
        before, after = (" ".join(words) for words in zip(*group, strict=True))
        parts.append(before if same else f"{before.rstrip(',')} to {after}")
    return " ".join(parts)
