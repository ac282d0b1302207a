"""Round numbers along an axis."""

from math import ceil, floor, log10


def ticks(low: float, high: float, fewest: int) -> list[float]:
    """At least ``fewest`` round numbers from low to high, as far apart as possible."""
    power = ceil(log10(high - low))
    while True:
        for nice in (1.0, 0.5, 0.2):
            step = nice * 10.0**power
            within = range(ceil(low / step), floor(high / step) + 1)
            if len(within) >= fewest:
                return [round(i * step, 2 - power) for i in within]
        power -= 1
