"""The catalogue of payoffs: importing it registers all of them."""

from greeks_cli.engine import formula, path_payoffs, vanilla_payoffs
from greeks_cli.engine.payoff import discounted_payoff, payoff

__all__ = ["discounted_payoff", "formula", "path_payoffs", "payoff", "vanilla_payoffs"]
