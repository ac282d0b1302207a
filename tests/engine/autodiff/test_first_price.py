"""``autodiff.first_price``: functions of a lognormal factor and their means; what has no known mean is refused."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.first_price import Affine, FirstPrice, NotIntegrable, Step, mean_of, positive_part
from greeks_cli.engine.autodiff.ops import concat, exp, log, total

PRICE = FirstPrice(np.array([100.0]), np.array([0.2]))
DRAWN = 100 * np.exp(0.2 * np.random.default_rng(5).standard_normal(1 << 20) - 0.02)
PRICES = Affine(PRICE, np.array([[1.0], [1.2], [0.9]]), 0.0)
"""A path of three prices."""

CASES = {
    "call on the mean": lambda s, part, step: part(total(s) * (1 / 3) - 100),
    "put on the mean": lambda s, part, step: 2 * part(100 - total(s) * (1 / 3)) + 1,
    "geometric, with a past fixing": lambda s, part, step: part(exp((total(log(s)) + float(np.log(95))) * 0.25) - 100),
    "asset paid above a mean": lambda s, part, step: step(total(s) * (1 / 3) - 100) * (s[2] - 90),
    "a root paid below": lambda s, part, step: (1 - step(s[1] - 100)) * s[0] ** 0.5,
    "a quotient": lambda s, part, step: part(s[2] / s[0] * 100 / s[1] - 1) + s[2] / s[1],
    "always in the money": lambda s, part, step: part(s[0] + 5),
}


@pytest.mark.parametrize("name", CASES)
def test_means_are_those_of_drawn_factors(name):
    payoff = CASES[name]
    found = float(mean_of(payoff(PRICES, positive_part, Step))[0])
    rows = np.array([[1.0], [1.2], [0.9]]) * DRAWN
    drawn = payoff(rows, lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float))
    error = drawn.std() / np.sqrt(len(DRAWN))
    assert abs(found - drawn.mean()) <= 4 * error


REFUSED = {
    "a product of steps": lambda s: Step(s[0] - 100) * Step(s[1] - 100),
    "a positive part of another": lambda s: Step(positive_part(s[0] - 100) - 1),
    "a square of a difference": lambda s: (s[0] - 100) * (s[0] - 100),
    "other powers added": lambda s: s[0] + s[0] ** 2,
    "the logarithm of a sum": lambda s: log(s[0] + 1),
    "the exponential of a price": lambda s: exp(s[0]),
    "a quotient by a mean": lambda s: 1 / positive_part(s[0] - 100),
    "a kink between prices": lambda s: positive_part(s[1] - s[0]),
    "an array": lambda s: np.maximum(s[0], 0),
    "rows below each other": lambda s: concat([s[:1], s[1:]]),
    "the negative of a logarithm": lambda s: -log(s[0]),
    "a price in other shape": lambda s: s.reshape(-1),
    "a logarithm as a payment": lambda s: mean_of(log(s[0])),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_known_mean_is_refused(name):
    with pytest.raises((NotIntegrable, TypeError)):
        REFUSED[name](PRICES)
