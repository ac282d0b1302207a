"""Barrier options under Merton's jumps, on paths with the times of all jumps and bridges between them."""

import numpy as np

from tests.models import MERTON


def value(contract: dict, n: int, seed: int = 0) -> tuple[float, float]:
    """The value of a call at spot 100 in the market MERTON and its standard error; no discretisation is biased."""
    vol, rate, intensity = MERTON["vol"], MERTON["rate"], MERTON["jump_intensity"]
    mean, deviation = MERTON["jump_mean"], MERTON["jump_vol"]
    random, expiry = np.random.default_rng(seed), contract["expiry"]
    side = 1 if contract["barrier_type"].startswith("down") else -1
    level = np.log(contract["barrier"])
    counts = random.poisson(intensity * expiry, n)
    number = np.arange(counts.max() + 1)
    times = np.where(number < counts[:, None], random.uniform(0, expiry, (n, len(number))), expiry)
    times.sort(axis=1)
    drift = rate - 0.5 * vol * vol - intensity * (np.exp(mean + 0.5 * deviation**2) - 1)
    x, alive, before = np.full(n, np.log(100.0)), np.ones(n), np.zeros(n)
    for k, time in enumerate(times.T):
        years = np.maximum(time - before, 1e-300)
        after = x + drift * years + vol * np.sqrt(years) * random.standard_normal(n)
        start, end = (np.maximum(side * (one - level), 0) for one in (x, after))
        alive *= -np.expm1(-2 * start * end / (vol * vol * years))
        x = after + (k < counts) * random.normal(mean, deviation, n)
        before = time
    alive *= side * (x - level) > 0
    paid = np.exp(-rate * expiry) * np.maximum(np.exp(x) - contract["strike"], 0) * alive
    return float(paid.mean()), float(paid.std() / np.sqrt(n))
