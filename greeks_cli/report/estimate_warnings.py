"""Warnings of the estimates of a profile, one line per Greek and reason."""

from collections.abc import Sequence

from greeks_cli.terms.axis import where
from greeks_cli.terms.greek import Greek
from greeks_cli.terms.results.profile import Profile


def estimate_warnings(profile: Profile, greeks: Sequence[Greek]) -> list[str]:
    """A line for each Greek and reason, with the points that carry the warning."""
    points_by_reason: dict[tuple[str, str], list[str]] = {}
    for place, result in profile.points():
        for estimate in result.estimates:
            if estimate.warning and estimate.greek in greeks:
                # A colon introduces the numbers of one point, a semicolon a remedy for one estimate.
                reason = estimate.warning.split(":")[0].split(";")[0]
                points_by_reason.setdefault((estimate.greek.name, reason), []).append(where(place))
    return [f"{name}: {reason} at {_listed(points)}" for (name, reason), points in points_by_reason.items()]


def _listed(points: list[str]) -> str:
    if len(points) < 3:
        return " and ".join(points)
    return f"{len(points)} points from {points[0]} to {points[-1]}"
