import numpy as np

from greeks_cli.engine.backends.ziggurat import StandardNormals
from greeks_cli.engine.simulation.normals import PATHS, PILOT, standard_normals


def draw(seed=7, stream=PATHS, block=3, steps=(1,), n_paths=50_000, dtype=np.float64):
    return standard_normals(seed, stream, block, steps, n_paths, dtype)


def test_numbers_depend_on_their_address_alone():
    first = draw()
    draw(block=4)
    assert np.array_equal(first, draw())


def test_addresses_differ():
    base = draw(n_paths=4)
    for other in (draw(seed=8, n_paths=4), draw(stream=PILOT, n_paths=4), draw(block=4, n_paths=4)):
        assert not np.intersect1d(base, other).size


def test_increments_of_an_interval_sum_to_one_standard_normal():
    normals = draw(steps=(3, 99))
    assert normals.shape == (2, 50_000)
    # Four standard errors of a mean and of a variance.
    assert np.all(np.abs(normals.mean(axis=1)) < 4 / np.sqrt(50_000))
    assert np.all(np.abs(normals.var(axis=1) - 1) < 4 * np.sqrt(2 / 50_000))
    assert abs(np.corrcoef(normals)[0, 1]) < 4 / np.sqrt(50_000)


def test_ninety_nine_steps_draw_ninety_nine_increments_per_path():
    n_paths, steps = 16, 99
    increments = np.empty((steps, n_paths))
    generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence(7, spawn_key=(PATHS, 3))))
    StandardNormals(generator, increments.size).fill(increments)
    expected = increments.sum(axis=0) / np.sqrt(steps)
    np.testing.assert_allclose(draw(steps=(steps,), n_paths=n_paths)[0], expected, rtol=1e-12)


def test_float32():
    assert draw(dtype=np.float32, steps=(5,)).dtype == np.float32
