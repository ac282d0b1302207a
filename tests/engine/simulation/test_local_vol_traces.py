"""Traces of the local variance: bits, other surfaces and times, GPUs."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.backends.cupy import gpus
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.models.local_vol import LocalVol
from tests.engine.simulation.surfaces import QUOTES, market_of

WANTED = [(), ("x",), ("x", "x"), ("vol",), ("x", "vol[0.25@95]")]


def traced(time, dtype):
    """The derivatives as a program and as a function, and their sources for 300 paths."""
    market = market_of(QUOTES)
    interval = LocalVol(market.smiles).interval(time)

    def calculation(x, shift, quote):
        leaves = {**market.values, "vol": chainer.Variable(shift), "vol[0.25@95]": chainer.Variable(quote)}
        x = chainer.Variable(x)
        return by_grad(interval.local_variance(leaves, time, x), {**leaves, "x": x}, WANTED)

    def sources(n):
        shift, quote = np.zeros(n, dtype), np.full(n, market.values["vol[0.25@95]"], dtype)
        return {"x": np.linspace(-0.4, 0.3, n).astype(dtype), "shift": shift, "quote": quote}

    tracer = Tracer(5)
    found = calculation(*(tracer.source(name, sample) for name, sample in sources(5).items()))
    return tracer.program(found), calculation, sources(300)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("time", [0.1, 0.4])
def test_trace_gives_the_bits_of_the_calculation_and_the_simplified_program_nearly(time, dtype):
    program, calculation, given = traced(time, dtype)
    direct = calculation(*given.values())
    again = dict(program.run(given.__getitem__, 300))
    quick = dict(simplified(program, lambda source: source, True).run(given.__getitem__, 300))
    for index in WANTED:
        assert again[index].dtype == dtype
        np.testing.assert_array_equal(again[index], direct[index])
        size = np.abs(direct[index]).max()
        np.testing.assert_allclose(quick[index], direct[index], atol=size * (1e-11 if dtype is np.float64 else 1e-3))


@pytest.mark.parametrize("time", [0.1, 0.4])
def test_gpu_has_the_same_local_variance(time, gpu_name):
    program, calculation, given = traced(time, np.float64)
    (gpu, *_), direct = gpus(), calculation(*given.values())
    quick = simplified(program, lambda source: source, True)
    moved = {name: gpu.array(values) for name, values in given.items()}
    for index, values in gpu.results(quick, moved.__getitem__, 300, np.float64):
        found, size = gpu.numbers(values), np.abs(direct[index]).max()
        np.testing.assert_allclose(found, direct[index], atol=1e-11 * size)
