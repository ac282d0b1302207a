"""Payoffs of path-dependent contracts."""

from collections.abc import Callable, Sequence

from greeks_cli.engine.autodiff.kinks import Smoother, sharp_positive_part
from greeks_cli.engine.autodiff.lognormal_parts import mean_positive_part
from greeks_cli.engine.autodiff.normal import scaled_tail
from greeks_cli.engine.autodiff.ops import (
    Leaves,
    Operand,
    as_constant,
    concat,
    exp,
    log,
    number_of,
    sqrt,
    total,
    values_of,
)
from greeks_cli.engine.autodiff.path_nodes import log_of
from greeks_cli.engine.payoffs.base import above, payoff
from greeks_cli.engine.simulation.paths import Path
from greeks_cli.terms.contracts.contract import OptionType, StrikeKind
from greeks_cli.terms.contracts.fixings import Periodic
from greeks_cli.terms.contracts.path_dependent import Asian, Average, Lookback
from greeks_cli.terms.contracts.periodic import Cliquet, VarianceSwap


@payoff.register
def _asian(contract: Asian, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    n_future = len(contract.times) - contract.fixes_today
    n = contract.n_averaged
    if contract.average is Average.ARITHMETIC:
        known = leaves.get("past_sum", 0.0) + (leaves["spot"] if contract.fixes_today else 0.0)
        average = (path.total(n_future) + known) * (1 / n)
    else:
        known = leaves.get("past_logarithms", 0.0) + (log(leaves["spot"]) if contract.fixes_today else 0.0)
        average = exp((log_of(path.first(n_future), summed=True) + known) * (1 / n))
    strike = leaves["strike"] if contract.strike_kind is StrikeKind.FIXED else None
    ends = (path[-1], average) if strike is None else (average, strike)
    gain = above(contract.type, *ends)
    if contract.is_decided:  # part of the structure: ``Asian.case``
        return gain if contract.type is OptionType.CALL else 0.0 * gain
    return smoother.positive_part(gain)


@payoff.register
def _lookback(contract: Lookback, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    sign = 1.0 if contract.seeks_maximum else -1.0
    name = contract.level(number_of(leaves["spot"]))  # part of the structure: ``Lookback.case``
    level = leaves[name]
    n_looks = len(contract.looks)
    bridges = path.bridges(leaves)
    if bridges:
        seen = sign * smoother.maximum(sign * exp(bridges.extremes(sign)))
        excess = sign * (seen - level) if name == "spot" else smoother.positive_part(sign * (seen - level))
    elif contract.is_continuous:
        excess = _continuous_excess(leaves, path, smoother, sign, level)
    elif n_looks == 1 or smoother.smooths_values or not path.is_proportional:
        seen = sign * smoother.maximum(sign * path.first(n_looks))
        excess = smoother.positive_part(sign * (seen - level))
    else:
        excess = _monitored_excess(leaves, path, smoother, sign, level, n_looks)
    if contract.strike_kind is StrikeKind.FIXED:
        # A sum with the strike and a difference from it would round by as much as a far option is worth.
        return excess if name == "strike" else excess + sign * (level - leaves["strike"])
    return above(contract.type, path[-1], level + sign * excess)


def _continuous_excess(leaves: Leaves, path: Path, smoother: Smoother, sign: float, level: Operand) -> Operand:
    """The mean of the excess of the maximum over a level (of the level over the minimum, for sign -1), given the end.

    With logarithms over the spot, a at the end and l of the level, u = max(a, l) and variance v, the maximum of a
    Brownian bridge passes m > u with probability exp(-2 m (m-a)/v). Integrated over exp(m) that is a normal tail at
    (2u - a - v/2)/sqrt(v), times exp((a + v/2)^2/2v). Where the end passes the level, the mean has no kink but one of
    its derivative.
    """
    variance = as_constant(path.accruals(leaves).variance)
    deviation, start = as_constant(sqrt(variance)), as_constant(log(leaves["spot"]))
    end, least = log_of(path[-1]) - start, as_constant(log(level)) - start
    unit = sign * as_constant(values_of(level))  # kernels are as wide as for prices
    passed = smoother.tangent_part((end - least) * unit) * (1 / unit)
    drifted = end + 0.5 * variance
    beyond = sign * (2 * (least + passed) - end - 0.5 * variance) / deviation
    tail = scaled_tail(start + drifted * drifted / (2 * variance), beyond)
    return sign * level * (exp(passed) - 1) + 0.5 * deviation * tail


def _monitored_excess(
    leaves: Leaves, path: Path, smoother: Smoother, sign: float, level: Operand, n_looks: int
) -> Operand:
    """The mean of the excess over a level (below it, for sign -1) given all increments but the first.

    All prices are proportional to the first, whose logarithm is normal: the mean is a formula of Black and Scholes,
    and has no kink at the level.
    """
    growth, deviation = map(as_constant, path.first_increment(leaves))
    # Kernels of prices would move with the spot.
    relative = sign * smoother.maximum(sign * path.multiples(slice(0, n_looks)) / path.multiples(0))
    forward = as_constant(leaves["spot"] * growth) * relative
    return mean_positive_part(sign * forward, -sign * level, deviation)


@payoff.register
def _cliquet(contract: Cliquet, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    def spread(ratios: Operand, positive_part: Callable[[Operand], Operand]) -> Operand:
        returns = ratios - 1
        return positive_part(returns - contract.floor) - positive_part(returns - contract.cap)

    ratios = _ratios(contract, leaves, path)
    # The running period is shorter than the others, and its return less spread: its kernels are narrower.
    apart = not contract.fixes_today and path.n_dates > 1
    parts = (ratios[:1], ratios[1:]) if apart else (ratios,)
    gained = sum(total(spread(part, smoother.positive_part)) for part in parts)
    settled = leaves["past_gain"] + sum(spread(ratio, sharp_positive_part) for ratio in _of_today(contract, leaves))
    return contract.notional * (gained + settled + contract.floor * contract.periods)


@payoff.register
def _variance_swap(contract: VarianceSwap, leaves: Leaves, path: Path, smoother: Smoother) -> Operand:
    # Ratios of prices that are far apart leave the range of numbers; their logarithms do not.
    spots = log_of(path.spots)
    first = spots[:1] - as_constant(log(leaves["spot"] if contract.fixes_today else leaves["last_fixing"]))
    logarithms = concat([first, spots[1:] - spots[:-1]]) if path.n_dates > 1 else first
    settled = leaves["past_squares"] + sum(log(ratio) ** 2 for ratio in _of_today(contract, leaves))
    whole = contract.fixings / contract.n_remaining
    years = path.expiry * whole if contract.elapsed is None else path.expiry + leaves["elapsed"]
    realised = (total(logarithms * logarithms) + settled) * (1 / years)
    return contract.notional * (realised - leaves["strike_vol"] * leaves["strike_vol"])


def _ratios(contract: Periodic, leaves: Leaves, path: Path) -> Operand:
    """Ratios of the underlying at every date to the fixing before, shape (n_dates, n_paths)."""
    spots = path.spots
    first = spots[:1] / (leaves["spot"] if contract.fixes_today else leaves["last_fixing"])
    return concat([first, spots[1:] / spots[:-1]]) if spots.shape[0] > 1 else first


def _of_today(contract: Periodic, leaves: Leaves) -> Sequence[Operand]:
    """The ratio of today's fixing to the past one before, where both exist."""
    return [leaves["spot"] / leaves["last_fixing"]] if contract.fixes_today and contract.past_fixings else []
