"""Where the error bars of a profile should not be trusted."""

from collections.abc import Sequence

from greeks_cli.terms.axis import where
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.profile import Profile


def doubts(profile: Profile, greeks: Sequence[Greek]) -> list[str]:
    """A line for each of some Greeks and reason: the reason, and from which to which point it holds."""
    found: dict[tuple[str, str], list[str]] = {}
    for place, result in profile.points():
        for estimate in result.estimates:
            if estimate.warning and estimate.greek in greeks:
                # What follows is of this point alone, or what to do about one number.
                reason = estimate.warning.split(":")[0].split(";")[0]
                found.setdefault((estimate.greek.name, reason), []).append(where(place))
    return [f"{name}: {reason} at {_listed(points)}" for (name, reason), points in found.items()]


def _listed(points: list[str]) -> str:
    if len(points) < 3:
        return " and ".join(points)
    return f"{len(points)} points from {points[0]} to {points[-1]}"
