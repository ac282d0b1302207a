"""Steps of weak order 2 for a logarithm whose variance is a function of itself.

With a variance that is frozen over each step, a smile loses slope in proportion to the length of the steps. Here the
variance is taken at three places instead.
"""

from collections.abc import Callable

from greeks_cli.engine.autodiff.ops import Operand, sqrt


def second_order_step(variance: Callable[[Operand], Operand], x: Operand, years: Operand, normal: Operand) -> Operand:
    """The logarithm x of S over its forward after ``years``, for dx = -v(x)/2 dt + sqrt(v(x)) dW.

    E. Platen's explicit scheme of weak order 2 (P. Kloeden and E. Platen, 1992, 15.1), of which the drift at the end of
    the step is linear between the two supporting values. ``variance`` is a function of x in the middle of the step. Two
    derivatives of the step in x need two of the variance.
    """
    deviation, spread = sqrt(years), normal * normal - 1
    here = variance(x)
    vol = sqrt(here)
    mean = x - (0.5 * years) * here
    up, down = (variance(mean + vol * shift) for shift in (deviation, -deviation))
    vol_up, vol_down = sqrt(up), sqrt(down)
    drift = (2 * here + up + down + (up - down) * normal) * (0.125 * years)
    along = (2 * vol + vol_up + vol_down) * (0.25 * deviation) * normal
    return x - drift + along + (vol_up - vol_down) * (0.25 * deviation) * spread
