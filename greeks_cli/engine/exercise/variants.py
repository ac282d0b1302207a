"""Variants of exercise policies, by which Greeks at another policy tell their bias."""

from dataclasses import dataclass

from greeks_cli.engine.payoffs.early.quantities import DEGREE


@dataclass(frozen=True)
class Variant:
    """Variant of a policy."""

    stream: int = 0
    """The stream of the paths that the policy is fitted on."""
    degree: int = DEGREE
    """The degree of the polynomials for the premium of going on, on one underlying."""
    is_halved: bool = False
    """True if every second of the dates that stand for exercise at any time is left out."""


USUAL, REFITTED, HALVED = Variant(), Variant(1, DEGREE - 2), Variant(is_halved=True)
"""The policy of the estimate, one of other paths and polynomials, and one of half as many dates."""
