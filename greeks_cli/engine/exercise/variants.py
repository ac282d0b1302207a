"""Variants of exercise policies, by which Greeks at another policy tell their bias."""

from dataclasses import dataclass

from greeks_cli.engine.payoffs.early import DEGREE


@dataclass(frozen=True)
class Variant:
    """Variant of a policy."""

    stream: int = 0
    """The stream of the paths that the policy is fitted on."""
    degree: int = DEGREE
    """The degree of the polynomials for the premium of going on, on one underlying."""
    every: int = 1
    """One exercise date in this number is used, counted back from the last."""


USUAL, REFITTED, HALVED = Variant(), Variant(1, DEGREE - 2), Variant(every=2)
"""The policy of the estimate, one of other paths and polynomials, and one of half as many dates."""
