"""Payoffs of contracts on two underlyings of which the second decides whether the first is paid."""

from greeks_cli.engine.autodiff.kinks import Smoother
from greeks_cli.engine.autodiff.ops import Leaves, Operand
from greeks_cli.engine.payoffs.barriers import knocking
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.joint.lognormals import values_of_part
from greeks_cli.engine.simulation.joint.paths import JointPath
from greeks_cli.terms.contracts.two_assets import TwoAssetBarrier, TwoAssetCorrelation


@payoff.register
def _two_asset_correlation(
    contract: TwoAssetCorrelation, leaves: Leaves, path: JointPath, smoother: Smoother
) -> Operand:
    paid, watched = (part[-1] for part in path.parts)
    is_paid = smoother.step(above(contract.type, watched, leaves["trigger"]))
    return is_paid * smoother.positive_part(above(contract.type, paid, leaves["strike"]))


@payoff.register
def _two_asset_barrier(contract: TwoAssetBarrier, leaves: Leaves, path: JointPath, smoother: Smoother) -> Operand:
    """Given the end of B, its bridge is independent of A: the probability not to touch is that of B alone."""
    paid, watched = path.parts
    gain = above(contract.type, paid[-1], leaves["strike"])
    return knocking(contract, gain, values_of_part(leaves, contract.underlyings[1]), watched, smoother)
