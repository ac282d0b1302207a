"""The remaining smoothing bias, from the changes by wider kernels on the same paths.

For small widths the bias is c w^p, so the estimates at w, 2w and 4w differ by
near = (2^p - 1) c w^p and far = 2^p near. Where the far change is less than 2^p near, the widths
are too large for the law, and the bias falls more slowly: by the measured ratio far/near per
halving. Summed over all halvings, the bias is near / (ratio - 1).

A kink differentiated three times or more needs widths at which there is no law: the bias may
even change its sign between w and 4w. There the larger change, near or far/4, is the bound.
A far change that is certainly more than 2^p near, or of the other sign, shows that near is small by chance, as where
the bias turns between w and 2w: a fourth of what exceeds the law is added, as the larger change is a bound without law.
Where kinks may be closer than a kernel is wide, the law is taken for w^1, and both changes are added.
"""

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.estimators.moments import Moments

_LEAST_RATIO = 1.5
_LARGE_CHANGE = 0.1
"""The change with half as many dates, over the value, from which on the bias of their number follows no law."""
_LAWLESS = 3
"""The order of a kink's derivative from which on its bias follows no law."""


@np.errstate(all="ignore")  # a ratio too large for a float is as good as any; infinities are reported later
def remaining_bias(
    near: Moments, far: Moments, law: int | NDArray[np.int64], orders: NDArray[np.int64], deviations: float = 2.0
) -> NDArray[np.float64]:
    """The bias per estimate, from its measured changes plus ``deviations`` of their standard errors.

    ``law`` is the power p; ``orders`` is the number of derivatives of a kink in each estimate. With
    two standard errors the result is a bound that noise cannot hide a bias from. A ratio counts as
    smaller than the law's 2^p only where noise cannot explain it.
    """
    near_size, near_stderr = np.abs(near.mean), near.stderr
    far_size, far_stderr = np.abs(far.mean), far.stderr
    near_most = near_size + deviations * near_stderr
    far_most = far_size + deviations * far_stderr
    power = np.ldexp(1.0, law)
    certain = np.maximum(near_size - 2 * near_stderr, np.finfo(float).tiny)
    ratio = np.clip((far_size + 2 * far_stderr) / certain, _LEAST_RATIO, power)
    certainly = max(deviations, 1.0)
    falls_slowly = (near.mean * far.mean > 0) & (far_size <= power * near_size)
    beyond = np.abs(far.mean - power * near.mean) - certainly * (far_stderr + power * near_stderr)
    excess = np.where(falls_slowly, 0.0, np.clip(beyond, 0.0, far_size))
    lawful = near_most / (ratio - 1) + excess / 4
    found = np.where(orders < _LAWLESS, lawful, np.maximum(near_most, far_most / 4))
    return np.where(np.equal(law, 1), near_most + far_most, found)


def bias_of_length(change: Moments) -> NDArray[np.float64]:
    """The bias per estimate that falls as a length does, or faster: the change from twice the length, and its noise."""
    found: NDArray[np.float64] = np.abs(change.mean) + 2 * change.stderr
    return found


def bias_of_steps(near: Moments, far: Moments) -> NDArray[np.float64]:
    """The bias of time steps per estimate, by the change from twice the step or that of longer steps.

    ``far`` is the change from 2^(k+1) steps to 2^k over 2^k. Where the bias falls as the steps do, or faster, both are
    the bias or more, so that the less noisy of the two bounds the bias. Where ``far`` is certainly less than ``near``,
    steps are too long for the law.
    """
    least = np.abs(near.mean) - 2 * near.stderr
    return np.minimum(bias_of_length(near), np.maximum(bias_of_length(far), least))


def bias_of_dates(
    values: NDArray[np.float64], changes: NDArray[np.float64], is_jump: bool, n_dates: int
) -> NDArray[np.float64]:
    """The bias of the number of exercise dates per estimate, from the changes with half as many.

    The bias falls with the number of dates, so that what is left is the change. Where the payment jumps it falls with
    the root of the number alone, and so it may where the change is not small beside the value: there dates are too
    few for the law. As if dates moved the level of exercise by 0.58 vol times the root of their distance (M. Broadie,
    P. Glasserman and S. Kou, Mathematical Finance 7, 1997), the next term is 0.41 over the root of the number for a
    level one standard deviation away.
    """
    is_slow = (changes > _LARGE_CHANGE * np.abs(values)) | is_jump
    return np.where(is_slow, changes / (np.sqrt(2) - 1) * (1 + 0.5 / np.sqrt(n_dates)), changes)
