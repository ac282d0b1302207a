"""Shocks: functions of a price, its variance and its jumps between two dates, whose mean at the first date is 0.

Given variance and jumps, the logarithm is normal: functions of it whose means are known are taken less these means.
The variance has the conditional mean and variance of J. Cox, J. Ingersoll and S. Ross (Econometrica 53, 1985) on any
time steps, and jumps are Poisson. Their shocks are multiplied by functions of the first date. So sums of shocks are
martingales, at all values of the parameters that the means are graphs of.
"""

from collections.abc import Callable, Iterator, Mapping

from greeks_cli.engine.autodiff.ops import Operand
from greeks_cli.engine.payoffs.early.bells import N_BELLS, bells
from greeks_cli.engine.payoffs.early.moves import Move
from greeks_cli.terms.markets.models import Model

Columns = Mapping[str, Operand]
Known = Callable[[Operand, Operand], Operand]
"""The discounted price of the European by the logarithm and the variance of the logarithm to expiry."""


COLUMNS = ("centre before", "scale before", "centre", "scale", "left", "left per variance")
"""Numbers of a policy by which shocks are computed."""


def shocks(policy: Columns, move: Move, european: Known) -> Iterator[Operand]:
    """The shocks up to a date."""
    left = policy["left"] + (policy["left per variance"] * move.end if move.level is not None else 0.0)
    yield european(move.after, left) - european(move.mean + 0.5 * move.variance, left + move.variance)
    scale, centre = policy["scale"], policy["centre"]
    known = bells((move.mean - centre) * scale, move.variance * (scale * scale))
    for bell, mean in zip(bells((move.after - centre) * scale), known, strict=True):
        yield bell - mean
    first = bells((move.before - policy["centre before"]) * policy["scale before"])
    if move.level is not None:
        before, shock, square = move.level, move.shock, move.square
        yield from (shock * bell for bell in (*first, 1.0))
        yield from (shock * before * bell for bell in first)
        yield from (square * bell for bell in first)
    if move.jumps:
        count, mean = move.jumps
        yield from ((count - mean) * bell for bell in (*first, 1.0))
        yield count * (count - 1) - mean * (2 * count - mean)


def n_shocks(model: Model) -> int:
    """The number of shocks under a model."""
    return 1 + N_BELLS + model.has_variance * (3 * N_BELLS + 1) + model.has_jumps * (N_BELLS + 2)
