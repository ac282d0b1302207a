"""Barriers and extremes under Merton's jumps, on paths with the times of all jumps and bridges between them."""

from typing import NamedTuple

import numpy as np

from tests.models import MERTON


class Mean(NamedTuple):
    """A mean and its standard error."""

    value: float
    stderr: float


def barrier_call(contract: dict, n: int, seed: int = 0) -> Mean:
    """The value of a knock-out call."""
    side, level = (1 if contract["barrier_type"].startswith("down") else -1), np.log(contract["barrier"])
    alive = np.ones(n)
    for start, end, variance, after, _ in _pieces(contract["expiry"], n, seed):
        a, b = (np.maximum(side * (one - level), 0) for one in (start, end))
        alive *= -np.expm1(-2 * a * b / variance) * (side * (after - level) > 0)
    return _discounted(np.maximum(np.exp(after) - contract["strike"], 0) * alive, contract["expiry"])


def lookback(strike: float | None, sign: int, expiry: float, n: int, seed: int = 0) -> Mean:
    """The value of a lookback on the maximum, for sign -1 on the minimum; floating without a strike."""
    furthest = np.full(n, sign * np.log(100.0))
    for start, end, variance, after, uniform in _pieces(expiry, n, seed):
        bridge = 0.5 * (sign * (start + end) + np.sqrt((start - end) ** 2 - 2 * variance * np.log(uniform)))
        furthest = np.maximum.reduce([furthest, bridge, sign * after])
    extreme = np.exp(sign * furthest)
    gain = sign * (extreme - (np.exp(after) if strike is None else strike))
    return _discounted(np.maximum(gain, 0), expiry)


def _pieces(expiry, n, seed):
    """The start, end and variance of the path between jumps, the level after the jump, and a uniform number."""
    vol, intensity = MERTON["vol"], MERTON["jump_intensity"]
    mean, deviation = MERTON["jump_mean"], MERTON["jump_vol"]
    random = np.random.default_rng(seed)
    counts = random.poisson(intensity * expiry, n)
    number = np.arange(counts.max() + 1)
    times = np.where(number < counts[:, None], random.uniform(0, expiry, (n, len(number))), expiry)
    times.sort(axis=1)
    drift = MERTON["rate"] - 0.5 * vol * vol - intensity * (np.exp(mean + 0.5 * deviation**2) - 1)
    x, before = np.full(n, np.log(100.0)), np.zeros(n)
    for k, time in enumerate(times.T):
        years = np.maximum(time - before, 1e-300)
        end = x + drift * years + vol * np.sqrt(years) * random.standard_normal(n)
        after = end + (k < counts) * random.normal(mean, deviation, n)
        yield x, end, vol * vol * years, after, random.uniform(size=n)
        x, before = after, time


def _discounted(paid, expiry) -> Mean:
    paid = np.exp(-MERTON["rate"] * expiry) * paid
    return Mean(float(paid.mean()), float(paid.std() / np.sqrt(len(paid))))
