"""The Mills ratio against 40 digits."""

import mpmath as mp
import numpy as np

from greeks_cli.analytic.mills_ratio import mills_ratio

PLACES = np.concatenate([-np.linspace(0, 30, 200), np.linspace(0, 40, 2000), np.geomspace(1e-300, 1e300, 200)])


def exact(z):
    with mp.workdps(40):
        if z > 1e4:  # 1/z - 1/z^3 + ..., to far more digits than wanted
            return 1 / mp.mpf(z) - 1 / mp.mpf(z) ** 3
        return mp.sqrt(mp.pi / 2) * mp.exp(mp.mpf(z) ** 2 / 2) * mp.erfc(z / mp.sqrt(2))


def test_mills_ratio_is_right_to_rounding():
    found = mills_ratio(PLACES)
    errors = [abs(float(one / exact(z) - 1)) for one, z in zip(found.tolist(), PLACES.tolist(), strict=True)]
    positive = np.array(errors)[PLACES >= 0]
    assert positive.max() < 6e-16
    assert np.array(errors)[PLACES < 0].max() < 6e-16 + 2e-16 * 30**2 / 2  # the exponential of a rounded square


def test_mills_ratio_of_no_numbers_is_empty():
    assert mills_ratio(np.empty(0)).shape == (0,)
