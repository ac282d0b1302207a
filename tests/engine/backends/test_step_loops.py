"""Compiled time steps agree with NumPy's, whatever their number, and are refused where a call is NumPy's alone."""

from math import inf

import numpy as np
import pytest

from greeks_cli.engine.backends.step_loops import Names, StepLoop
from greeks_cli.engine.compiler.builder import Builder
from greeks_cli.engine.compiler.functions import normal_cdf
from greeks_cli.engine.compiler.operations import Unfit

SAMPLE = {"h": 0.5}
NAMES = Names(("v", "w"), ("z",), ("h",), ("kept",))
N_PATHS = 21


def program(function=np.square, scale=1.0):
    """v moves by h z, w is the old v, kept is a function of v over h."""
    builder = Builder()
    v, z, h = (builder.source(name) for name in ("v", "z", "h"))
    moved = builder.call(np.add, (v, builder.call(np.multiply, (h, z), {})), {})
    scaled = builder.call(np.multiply, (builder.call(function, (v,), {}), builder.constant(scale)), {})
    return builder.program({"v": moved, "w": v, "kept": builder.call(np.divide, (scaled, h), {})})


def inputs(n_steps):
    draw = np.random.default_rng(n_steps)
    arrays = {"v": draw.normal(size=N_PATHS), "w": np.zeros(N_PATHS), "z": draw.normal(size=(n_steps, N_PATHS))}
    return arrays, {"h": draw.uniform(0.5, 1, n_steps)}


def expected(arrays, numbers, scale=lambda v, k: 1.0):
    v, w, kept = arrays["v"], arrays["w"], 0.0
    for k, (z, h) in enumerate(zip(arrays["z"], numbers["h"], strict=True)):
        kept = kept + scale(v, k) * v**2 / h
        v, w = v + h * z, v
    return v, w, kept


@pytest.mark.parametrize("n_steps", [1, 2, 30])
def test_one_loop_takes_any_number_of_steps(n_steps):
    arrays, numbers = inputs(n_steps)
    state, sums, meets = StepLoop([program()], NAMES, "float64", SAMPLE).taken(arrays, numbers, np.full(n_steps, -inf))
    v, w, kept = expected(arrays, numbers)
    np.testing.assert_allclose(state["v"], v, rtol=1e-14)
    np.testing.assert_allclose(state["w"], w, rtol=1e-14)
    np.testing.assert_allclose(sums["kept"], kept, rtol=1e-13)
    assert not meets


def test_paths_at_a_bound_take_the_rare_step_and_others_keep_their_bits():
    arrays, numbers = inputs(12)
    bounds = np.linspace(-1, 1, 12)
    usual = StepLoop([program()], NAMES, "float64", SAMPLE).taken(arrays, numbers, bounds)
    both = StepLoop([program(), program(scale=3.0)], NAMES, "float64", SAMPLE).taken(arrays, numbers, bounds)
    v, _, kept = expected(arrays, numbers, lambda v, k: np.where(v <= bounds[k], 3.0, 1.0))
    np.testing.assert_allclose(both.state["v"], v, rtol=1e-14)
    np.testing.assert_allclose(both.sums["kept"], kept, rtol=1e-13)
    same = usual.sums["kept"] == both.sums["kept"]
    assert 0 < same.sum() < N_PATHS
    assert usual.meets
    assert not both.meets


@pytest.mark.parametrize(("bound", "meets"), [(-9.0, False), (9.0, True), (np.nan, False)])
def test_a_loop_without_rare_steps_tells_that_a_path_needs_one(bound, meets):
    arrays, numbers = inputs(3)
    arrays["v"][:] = np.nan
    arrays["v"][4] = 0.0
    found = StepLoop([program()], NAMES, "float64", SAMPLE).taken(arrays, numbers, np.array([-9.0, bound, -9.0]))
    assert found.meets == meets
    assert np.isnan(found.state["v"][5])


def test_float32_stays_float32():
    arrays, numbers = inputs(5)
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    found = StepLoop([program()], NAMES, "float32", SAMPLE).taken(arrays, numbers, np.full(5, -inf))
    assert {array.dtype for array in (*found.state.values(), *found.sums.values())} == {np.dtype(np.float32)}
    np.testing.assert_allclose(found.sums["kept"], expected(arrays, numbers)[2], rtol=1e-5)


def test_a_step_with_a_call_of_numpy_is_refused():
    with pytest.raises(Unfit):
        StepLoop([program(normal_cdf)], NAMES, "float64", SAMPLE)
