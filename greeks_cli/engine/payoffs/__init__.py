"""Payoffs of the contracts, as graphs of the leaves and the path; importing the package registers all of them."""

from greeks_cli.engine.payoffs import barriers, controls, formula, joint, path_dependent, structured, vanilla
from greeks_cli.engine.payoffs.base import discounted_payoff, payoff

__all__ = [
    "barriers",
    "controls",
    "discounted_payoff",
    "formula",
    "joint",
    "path_dependent",
    "payoff",
    "structured",
    "vanilla",
]
