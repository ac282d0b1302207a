"""Payoffs of contracts on several underlyings."""

from collections.abc import Sequence

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, as_constant, concat, exp, log
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.terms.contracts.joint import Basket, BestOf, Exchange, Leveled, Rainbow, Spread, WorstOf
from greeks_cli.terms.contracts.path_dependent import Average


def prices(contract: Leveled, leaves: Leaves, path: JointPath) -> list[Operand]:
    """The price of each underlying at expiry over its initial level, each of shape (n_paths,)."""
    found = [part[-1] for part in path.parts]
    if not contract.initial_levels:
        return found
    return [price / level for price, level in zip(found, levels(contract, leaves), strict=True)]


def levels(contract: Leveled, leaves: Leaves) -> list[Operand]:
    """The initial level of each underlying."""
    return [leaves[name] if contract.initial_levels else 1.0 for name in contract.level_names]


def largest(found: Sequence[Operand], smoother: Smoother) -> Operand:
    """The largest of some operands, path by path."""
    return smoother.maximum(concat([price.reshape(1, *price.shape) for price in found]))


def least(found: Sequence[Operand], smoother: Smoother) -> Operand:
    """The least of some operands, path by path."""
    return -largest([-price for price in found], smoother)


@payoff.register
def _basket(contract: Basket, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    shares = contract.shares
    if contract.average is Average.ARITHMETIC:
        terms = [price * share for price, share in zip(prices(contract, leaves, path), shares, strict=True)]
        mean = sum(terms[1:], terms[0])
    else:
        parts = zip(path.parts, levels(contract, leaves), shares, strict=True)
        logs = [share * (log_of(part[-1]) - as_constant(log(level))) for part, level, share in parts]
        mean = exp(sum(logs[1:], logs[0]))
    return smoother.positive_part(above(contract.type, mean, leaves["strike"]))


@payoff.register
def _best_of(contract: BestOf, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    best = largest(prices(contract, leaves, path), smoother)
    return smoother.positive_part(above(contract.type, best, leaves["strike"]))


@payoff.register
def _worst_of(contract: WorstOf, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    worst = least(prices(contract, leaves, path), smoother)
    return smoother.positive_part(above(contract.type, worst, leaves["strike"]))


@payoff.register
def _rainbow(contract: Rainbow, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    ranked = prices(contract, leaves, path)
    for end in range(len(ranked) - 1, 0, -1):  # the least of the first ones moves to their end
        for k in range(end):
            gain = smoother.positive_part(ranked[k + 1] - ranked[k])
            ranked[k], ranked[k + 1] = ranked[k] + gain, ranked[k + 1] - gain
    terms = [price * share for price, share in zip(ranked, contract.shares, strict=True)]
    return smoother.positive_part(above(contract.type, sum(terms[1:], terms[0]), leaves["strike"]))


@payoff.register
def _spread(contract: Spread, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    one, other = (part[-1] for part in path.parts)
    return smoother.positive_part(above(contract.type, one - other, leaves["strike"]))


@payoff.register
def _exchange(contract: Exchange, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    one, other = (part[-1] for part in path.parts)
    return smoother.positive_part(one - other)
