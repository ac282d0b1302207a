"""Payoffs of the contracts, as graphs of the leaves and the path."""

from greeks_cli.engine.payoffs.base import discounted_payoff, payoff

__all__ = ["discounted_payoff", "payoff"]
