"""Payoffs of contracts on several underlyings."""

from collections.abc import Sequence

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand, concat, exp
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.joint_paths import JointPath
from greeks_cli.terms.joint_contracts import Basket, BestOf, Exchange, Leveled, Rainbow, Spread, WorstOf
from greeks_cli.terms.path_contracts import Average


def prices(contract: Leveled, path: JointPath, date: int = -1) -> list[Operand]:
    """The price of each underlying at a date over its initial level, each of shape (n_paths,)."""
    found = (part[date] for part in path.parts)
    if not contract.initial_levels:
        return list(found)
    return [price * (1 / level) for price, level in zip(found, contract.levels, strict=True)]


def largest(found: Sequence[Operand], smoother: Smoother) -> Operand:
    """The largest of some operands, path by path."""
    return smoother.maximum(concat([price.reshape(1, -1) for price in found]))


def least(found: Sequence[Operand], smoother: Smoother) -> Operand:
    """The least of some operands, path by path."""
    return -largest([-price for price in found], smoother)


@payoff.register
def _basket(contract: Basket, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    shares = contract.shares
    if contract.average is Average.ARITHMETIC:
        terms = [price * share for price, share in zip(prices(contract, path), shares, strict=True)]
        mean = sum(terms[1:], terms[0])
    else:
        parts = zip(path.parts, shares, contract.levels, strict=True)
        logs = [share * log_of(part[-1]) for part, share, _ in parts]
        scale = 1.0
        for share, level in zip(shares, contract.levels, strict=True):
            scale *= level**-share
        mean = exp(sum(logs[1:], logs[0])) * scale
    return smoother.positive_part(above(contract.type, mean, leaves["strike"]))


@payoff.register
def _best_of(contract: BestOf, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    best = largest(prices(contract, path), smoother)
    return smoother.positive_part(above(contract.type, best, leaves["strike"]))


@payoff.register
def _worst_of(contract: WorstOf, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    worst = least(prices(contract, path), smoother)
    return smoother.positive_part(above(contract.type, worst, leaves["strike"]))


@payoff.register
def _rainbow(contract: Rainbow, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    ranked = prices(contract, path)
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
