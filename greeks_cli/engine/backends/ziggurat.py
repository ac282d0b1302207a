"""Ziggurat method for whole arrays of standard normals: more than twice as fast as one by one, with AVX-512 or without.

The density is a mixture. 2,048 rectangles of equal area are stacked under its curve, each as wide as the curve allows.
All but one normal in 800 are uniform across a rectangle; all rectangles have the same probability. These normals take a
look-up and a multiplication. The others lie between the rectangles and the curve: the distances between their positions
in the stream are drawn, and their values by rejection.

After G. Marsaglia and W. W. Tsang, "The ziggurat method for generating random variables", Journal of Statistical
Software 5(8), 2000. They compare every number with the curve; here every number in a rectangle is accepted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil, exp, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from greeks_cli.engine.compiler import elementary
from greeks_cli.engine.compiler.ir import Array

_CHUNK = 1 << 18
"""Normals at a time: with fewer, threads wait for each other's Python; more leave the cache."""
BITS = 11
"""Bits of each number, of 32, that choose its rectangle."""
_OUTSIDE = 1 / 800
"""The share of normals outside the rectangles; with a smaller share the rectangles would not fit."""
_HIGHEST = 0.085
"""Half the width of the uppermost rectangle: about the middle of the widths with which all rectangles fit."""


Draw = Callable[[np.random.Generator, Array, Array], None]
"""Fills an array with normals in the rectangles, from a generator's words and the units of the rectangles."""


@dataclass(frozen=True)
class Rest:
    """The density outside the rectangles, on the positive side: strips, and the tail beyond the widest rectangle.

    Each column of ``boxes`` is a box around a strip: its left edge, its width, the height of the rectangles below it,
    and its height. The last column is the tail's, of width 0. The probability of a column is proportional to its area;
    the tail's, to the area of a bound. A uniform choice of a column is kept with probability ``stays``, else its
    ``alias`` is taken (M. Vose, A linear algorithm for generating random numbers with a given distribution, IEEE
    Transactions on Software Engineering 17, 1991).
    """

    boxes: NDArray[np.float64]
    stays: NDArray[np.float64]
    alias: NDArray[np.int64]

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Independent numbers of either sign, shape (count,)."""
        found = np.empty(0)
        while len(found) < count:
            chosen, across, up = generator.random((3, 2 * (count - len(found)) + 20))
            scaled = 2 * chosen % 1 * len(self.stays)  # the half of the unit interval gives the sign
            box = scaled.astype(np.int64)
            box = np.where(scaled - box < self.stays.take(box), box, self.alias.take(box))
            left, width, floor, height = self.boxes.take(box, axis=1)
            x = left + width * across
            below = floor + height * up < elementary.exp(-0.5 * x * x)
            tail = np.flatnonzero(width == 0)
            if len(tail):
                x[tail] = np.sqrt(left[tail] ** 2 - 2 * elementary.log1p(-across[tail]))
                below[tail] = x[tail] * up[tail] < left[tail]
            found = np.append(found, np.copysign(x, chosen - 0.5)[below])
        return found[:count]


@cache
def rectangles() -> tuple[NDArray[np.float64], Rest]:
    """Half the width of each rectangle, from the top down, and the rest of the density exp(-x^2/2)."""
    half_area = sqrt(pi / 2) * (1 - _OUTSIDE) * 0.5**BITS
    halves: list[float] = []
    half, top = _HIGHEST, exp(-0.5 * _HIGHEST**2)
    for _ in range(1 << BITS):
        halves.append(half)
        top -= half_area / half
        half = sqrt(-2 * log(top))
    edges = np.array(halves)
    left = np.append(0, edges)
    width = np.diff(left, append=left[-1])
    floor = np.append(np.cumsum((half_area / edges)[::-1])[::-1], 0)
    height = np.array([exp(-0.5 * edge**2) for edge in left]) - floor
    areas = width * height
    areas[-1] = height[-1] / left[-1]
    return edges, Rest(np.array([left, width, floor, height]), *_aliases(areas))


def _aliases(odds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each outcome of a uniform choice, the probability that it stays, and the outcome that replaces it."""
    stays, alias = odds / odds.mean(), np.arange(len(odds))
    small, large = list(np.flatnonzero(stays < 1)), list(np.flatnonzero(stays >= 1))
    while small and large:
        filled = small.pop()
        alias[filled] = large[-1]
        stays[large[-1]] -= 1 - stays[filled]
        if stays[large[-1]] < 1:
            small.append(large.pop())
    return stays, alias


def chosen_by() -> NDArray[np.int64]:
    """The rectangle, counted from the top down, that each number of ``BITS`` bits chooses.

    These bits are also the lowest bits of the place across the rectangle. They shift all places of rectangle
    ``chosen_by()[r]`` by (r - 2^10) / 2^31 of half its width. A number and its complement choose neighbouring
    rectangles of nearly equal width, so that the shifts nearly cancel.
    """
    rectangle = np.arange(1 << BITS)
    return np.append(rectangle[::2], rectangle[::-2])


@cache
def _units(dtype: np.dtype[np.floating]) -> Array:
    """2^-31 of half the width of each rectangle, by the bits that choose it: the unit of a signed 32-bit number."""
    edges, _ = rectangles()
    return (edges[chosen_by()] * 0.5**31).astype(dtype)


def _numbers_outside(generator: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Positions, among ``count`` normals, of those outside the rectangles: independent, of probability ``_OUTSIDE``."""
    enough = ceil(count * _OUTSIDE + 6 * sqrt(count * _OUTSIDE)) + 6
    numbers = np.cumsum(generator.geometric(_OUTSIDE, enough)) - 1
    while numbers[-1] < count:
        more = numbers[-1] + np.cumsum(generator.geometric(_OUTSIDE, enough))
        numbers = np.append(numbers, more)
    return numbers[: numbers.searchsorted(count)]


class StandardNormals:
    """A stream of ``count`` independent standard normals; nearly all of them take 32 random bits.

    A rectangle has 2^21 places across. In float64 every moment up to the eighth is right to 2e-10 of its standard
    deviation, and the probability beyond any bound to 6e-8: no run of less than 10^13 paths can tell.
    (Intervals of 1e-6 show the places.)
    """

    def __init__(self, generator: np.random.Generator, count: int, draw: Draw | None = None):
        """``draw`` fills an array with normals in the rectangles, by default by NumPy."""
        self._generator, self._draw = generator, draw or _drawn
        self._outside = _numbers_outside(generator, count)
        """Positions of the normals outside the rectangles."""
        self._values_outside = rectangles()[1].draw(generator, len(self._outside))
        self._count = count
        self._drawn = 0

    def fill(self, out: Array) -> None:
        """Fills a contiguous array with the next normals of the stream. Raises ValueError where too few are left.

        Two normals share a word of 64 bits; for an odd number of normals, half of the last word goes unused.
        """
        units, flat = _units(out.dtype), out.reshape(-1)
        if self._drawn + len(flat) > self._count:
            raise ValueError(f"{len(flat)} normals after {self._drawn} of {self._count}")
        for start in range(0, len(flat), _CHUNK):
            part = flat[start : start + _CHUNK]
            self._draw(self._generator, units, part)
            first, last = self._outside.searchsorted((self._drawn, self._drawn + len(part)))
            part[self._outside[first:last] - self._drawn] = self._values_outside[first:last]
            self._drawn += len(part)


def _drawn(generator: np.random.Generator, units: Array, out: Array) -> None:
    """Fills an array with normals in the rectangles, from the next words of a generator."""
    words = generator.bit_generator.random_raw((len(out) + 1) // 2)
    bits = words.view(np.int32)[: len(out)]
    choice = np.bitwise_and(bits, (1 << BITS) - 1, dtype=np.int64)
    np.take(units, choice, out=out, mode="wrap")  # another mode may buffer
    places = choice.view(out.dtype)[: len(out)]
    np.copyto(places, bits, casting="same_kind")
    out *= places
