from math import comb, erfc, fsum, pi, prod, sqrt
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss

from greeks_cli.engine.backends.ziggurat import StandardNormals, chosen_by, rectangles

N = 1 << 22


def draw(shape, seed=1, dtype=np.float64):
    out = np.full(shape, np.nan, dtype)
    normals(out.size, seed).fill(out)
    return out


def normals(count, seed=1):
    return StandardNormals(np.random.Generator(np.random.SFC64(seed)), count)


@pytest.fixture(scope="module")
def numbers():
    return draw(N)


def rest_by_strip():
    """The density's integral over each strip and the tail, less what the rectangles take of it, twice for the sides."""
    edges, rest = rectangles()
    left, width, floor, _ = rest.boxes[:, :-1]
    nodes, weights = leggauss(8)
    x = left[:, None] + width[:, None] * (nodes + 1) / 2
    strips = ((np.exp(-0.5 * x * x) - floor[:, None]) * weights).sum(axis=1) * width / sqrt(2 * pi)
    return np.append(strips, erfc(edges[-1] / sqrt(2)))


def test_no_rectangle_reaches_over_the_curve():
    edges, rest = rectangles()
    assert len(edges) == 2048
    assert np.all(np.diff(edges) > 0)
    assert np.all(rest.boxes[2, :-1] < np.exp(-0.5 * edges**2))  # the curve is lowest where a strip ends


def test_rectangles_and_rest_make_up_the_density():
    edges, rest = rectangles()
    assert rest_by_strip().sum() == pytest.approx(1 / 800, abs=1e-14)
    # Where they are all on one another, they reach as high as 799 of 800 parts of the density need.
    area_of_each = 799 / 800 / 2048 * sqrt(2 * pi)
    assert rest.boxes[2, 0] == pytest.approx((area_of_each / (2 * edges)).sum(), rel=1e-14)


def test_the_grid_across_the_rectangles_is_as_good_as_none():
    """The probability of any half-line, of the numbers in rectangles, against that of uniform ones."""
    edges, _ = rectangles()
    half = edges[chosen_by()]
    low = np.arange(2048)  # bits that choose the rectangle, below those of a place
    generator = np.random.default_rng(1)
    near = np.exp(generator.uniform(np.log(1e-8), 0, 1000)) * generator.choice([-1, 1], 1000)
    for bound in (*generator.uniform(-4.2, 4.2, 1000), *near):
        below = np.clip(np.floor((bound / half * 2**31 - low) / 2048) + 1 + 2**20, 0, 2**21) / 2**21
        assert abs((below - np.clip((bound / half + 1) / 2, 0, 1)).mean()) < 6e-8


@pytest.mark.parametrize("power", range(1, 9))
def test_moments_of_the_grid_are_those_of_uniform_numbers(power):
    """The places across a rectangle lie in 2^21 equal parts, all as far from the middle of theirs."""
    edges, _ = rectangles()
    middles = (np.arange(1 << 20) + 0.5) / 2**20
    of_middles = [0 if n % 2 else fsum(middles**n) / len(middles) for n in range(power + 1)]
    off = (np.arange(2048) - 1024) / 2**31
    of_places = sum(comb(power, n) * of_middles[n] * off ** (power - n) for n in range(power + 1))
    error = (edges[chosen_by()] ** power * (of_places - (0 if power % 2 else 1 / (power + 1)))).mean()
    deviation = sqrt(prod(range(1, 2 * power, 2)))
    assert abs(error) < 2e-10 * deviation


def test_the_same_bits_choose_a_rectangle_and_the_place_across_it():
    words = np.random.default_rng(3).integers(1 << 64, size=50_000, dtype=np.uint64)
    drawn = normals(100_000)
    drawn._generator = SimpleNamespace(bit_generator=SimpleNamespace(random_raw=lambda size: words[:size].copy()))
    found = np.empty(100_000)
    drawn.fill(found)
    bits = words.view(np.int32)
    expected = bits * rectangles()[0][chosen_by()[bits & 2047]] * 2.0**-31
    inside = np.full(100_000, True)
    inside[drawn._outside] = False
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-15)


def test_a_number_and_its_complement_choose_neighbours():
    rectangle = chosen_by()
    assert sorted(rectangle) == list(range(2048))
    assert np.all(np.abs(rectangle - rectangle[::-1]) == 1)


def test_strips_and_tail_are_chosen_by_their_areas():
    edges, rest = rectangles()
    areas = rest.boxes[1] * rest.boxes[3]
    areas[-1] = np.exp(-0.5 * edges[-1] ** 2) / edges[-1]  # over the tail: its density is less than this falls off
    n = len(areas)
    stays = np.clip(rest.stays, 0, 1)
    chosen = (stays + np.bincount(rest.alias, 1 - stays, n)) / n
    np.testing.assert_allclose(chosen, areas / areas.sum(), rtol=1e-9, atol=1e-15)


def test_what_the_rectangles_leave_is_drawn_as_it_is_distributed():
    edges, rest = rectangles()
    count = 400_000
    drawn = rest.draw(np.random.default_rng(5), count)
    expected = rest_by_strip()
    expected *= count / expected.sum()
    groups = np.r_[0, 1 : len(expected) - 1 : 40, len(expected) - 1]  # the first strip and the tail by themselves
    found = np.bincount(np.searchsorted(edges, np.abs(drawn)), minlength=len(expected))
    found, expected = (np.add.reduceat(each, groups) for each in (found, expected))
    deviations = (found - expected) / np.sqrt(expected)
    assert np.square(deviations).sum() < len(groups) + 4 * sqrt(2 * len(groups))
    assert abs(deviations[0]) < 4
    assert abs(deviations[-1]) < 4
    assert abs((drawn > 0).sum() - count / 2) < 4 * sqrt(count / 4)
    tail = np.abs(drawn[np.abs(drawn) > edges[-1]])
    share = erfc(4.5 / sqrt(2)) / erfc(edges[-1] / sqrt(2))
    assert abs((tail > 4.5).mean() - share) < 4 * sqrt(share * (1 - share) / len(tail))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equally_likely_intervals_have_equally_many(dtype):
    bins = 1000
    edges = [NormalDist().inv_cdf(i / bins) for i in range(1, bins)]
    found = np.bincount(np.searchsorted(edges, draw(N, dtype=dtype)), minlength=bins)
    assert abs((np.square(found - N / bins) / (N / bins)).sum() - (bins - 1)) < 4 * sqrt(2 * (bins - 1))


@pytest.mark.parametrize("beyond", [3.0, 3.5, 4.0, 4.2, 4.5, 5.0])
def test_tails(numbers, beyond):
    expected = N * erfc(beyond / sqrt(2))
    assert abs((np.abs(numbers) > beyond).sum() - expected) < 4 * sqrt(expected)


@pytest.mark.parametrize("power", range(1, 9))
def test_moments(numbers, power):
    def moment(n):
        return 0 if n % 2 else prod(range(1, n, 2))

    variance = moment(2 * power) - moment(power) ** 2
    assert abs((numbers**power).mean() - moment(power)) < 4 * sqrt(variance / N)


@pytest.mark.parametrize("lag", [1, 2, 3, N // 2])
def test_numbers_do_not_depend_on_each_other(numbers, lag):
    for transformed in (numbers, np.abs(numbers), np.square(numbers)):
        correlation = np.corrcoef(transformed[:-lag], transformed[lag:])[0, 1]
        assert abs(correlation) < 4 / sqrt(N - lag)


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (131_073,), (3, 100_001)])
def test_every_place_is_filled(shape):
    assert np.all(np.isfinite(draw(shape)))
    assert np.unique(draw(shape)).size > 0.999 * prod(shape)


def test_numbers_go_on_where_the_last_ended():
    whole, first, second = np.empty(300_000), np.empty(4_000), np.empty(296_000)
    normals(300_000).fill(whole)
    parts = normals(300_000)
    parts.fill(first)
    parts.fill(second)
    assert np.array_equal(whole, np.append(first, second))


def test_no_more_are_drawn_than_were_asked_for():
    few = normals(10)
    few.fill(np.empty(6))
    with pytest.raises(ValueError, match="5 normals after 6 of 10"):
        few.fill(np.empty(5))
