"""The line above every table and figure."""

from itertools import groupby

from greeks_cli.terms.profile import Profile
from greeks_cli.terms.result import Result


def headline(result: Result) -> tuple[str, str, str]:
    """Contract, market and simulation, restated in words."""
    request, simulation = result.request, result.request.simulation
    market = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in request.market)
    steps = simulation.steps or len(request.contract.dates)
    width = f"beta {simulation.beta:g}" if simulation.beta else f"width {simulation.width}"
    smoothing = f"softplus {width}" if simulation.smoothing == "softplus" else "no smoothing"
    return (
        f"{request.contract.describe()}, expiry {request.contract.expiry:g}y",
        market,
        f"{result.paths:,} paths x {steps} {'step' if steps == 1 else 'steps'}, seed {simulation.seed}, "
        f"{smoothing}, {simulation.dtype}",
    )


def profile_headline(profile: Profile) -> tuple[str, str, str]:
    """The same of all points together: what the axes vary is given as a range."""
    first, last = headline(profile.results[0]), headline(profile.results[-1])
    contract, market, simulation = (_between(*pair) for pair in zip(first, last, strict=True))
    return contract, market, simulation


def _between(first: str, last: str) -> str:
    """``spot 60 to 140, vol 0.2`` from the words at both ends."""
    pairs = list(zip(first.split(" "), last.split(" "), strict=False))
    if first.count(" ") != last.count(" "):
        return f"{first}, to {last}"
    parts = []
    for same, group in groupby(pairs, key=lambda pair: pair[0] == pair[1]):
        ours, theirs = (" ".join(words) for words in zip(*group, strict=True))
        parts.append(ours if same else f"{ours.rstrip(',')} to {theirs}")
    return " ".join(parts)
