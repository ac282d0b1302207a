"""Parameters that a market does not have: the reasons, and the remedies."""

from greeks_cli.terms.greek import CURVES, MODEL_PARAMETERS, QUANTO_PARAMETERS
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.models import models_with
from greeks_cli.terms.nodes import curve_of, label_of_node
from greeks_cli.terms.underlyings import named


def is_node_of_curve(name: str) -> bool:
    """True for the name of a node of one underlying's vol, rate, dividend yield or cost of borrowing."""
    return curve_of(name) in CURVES and curve_of(name) != name


def without_node(market: Market, node: str) -> str:
    """The reason why a node such as ``rate[2]`` is none of the market, and the remedy."""
    name, label = curve_of(node), label_of_node(node)
    if name == "vol" and market.vol_surface:
        first = next(iter(market.vol_surface.values))
        return f"vol_surface has no quote '{label}'; name expiry and strike of one, such as {first}"
    if curve := market.curves.get(name):
        return f"{name} has no node '{label}'; its nodes are {', '.join(curve.labels)}"
    example = f"--{name.replace('_', '-')} 0.25:0.02,1:0.03"
    if getattr(market, name) is None:
        return f"{name} is not given, and has no nodes; give nodes such as {example}"
    return f"{name} is a number and has no nodes; leave out [{label}], or give nodes such as {example}"


def without_parameter(market: Market, name: str, underlying: str = "") -> str | None:
    """The reason why a parameter of markets is none of this one, and the remedy; None for parameters of contracts.

    ``underlying`` is the market's name among several.
    """
    of = curve_of(name)
    if of != name and of in market.values:
        return f"{of} is a number and has no nodes; leave out [{label_of_node(name)}]"
    if name == "vol":
        of_variance = named("initial_variance", underlying) if underlying else "initial_variance"
        return f"random variance has no vol; ask for d({of_variance})"
    if name in MODEL_PARAMETERS:
        return f"model {market.model} has no {name}; models {' and '.join(models_with(name))} have it"
    if name == "borrow":
        return "no cost of borrowing is given; give one such as --borrow 0.01"
    if name in QUANTO_PARAMETERS:
        return f"the market is not that of a quanto, and has no {name}; give {', '.join(QUANTO_PARAMETERS)}"
    if of not in ("dividend", "dividends"):
        return None
    if market.dividends is None:
        return f"no dividends are given, and so no '{name}'; give --dividends 0.3:1.50"
    return f"'{name}' is none of the dividends; they are {', '.join(market.dividends.names)}"
