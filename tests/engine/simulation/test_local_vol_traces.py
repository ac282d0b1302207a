"""Traces of the local variance: bits, other surfaces and times, GPUs."""

import numpy as np
import pytest

from greeks_cli.engine.autodiff.chainer_runtime import chainer
from greeks_cli.engine.autodiff.mixed_partials import by_grad
from greeks_cli.engine.backends.cupy import gpus
from greeks_cli.engine.compiler.simplify import simplified
from greeks_cli.engine.compiler.tracer import Tracer
from greeks_cli.engine.simulation.local_vol import LocalVol
from tests.engine.simulation.surfaces import QUOTES, market_of, quoted, skewed

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
def test_one_trace_serves_other_surfaces_and_times(time):
    other_quotes = quoted(lambda K, t: 1.1 * skewed(K, t), (0.2, 0.7, 1.5), (80, 90, 100, 110, 115, 120, 130))
    names = {"quote": "vol[0.25@95]", "other": "vol[0.2@100]"}

    def calculation(interval, name, time, x, shift, quote):
        leaves = {**{own: None for smile in interval.smiles for own in smile.names}, "vol": chainer.Variable(shift)}
        leaves |= {name: chainer.Variable(quote), "x": chainer.Variable(x)}
        found = by_grad(interval.local_variance(leaves, time, leaves["x"]), leaves, [(), ("x",), ("vol",), ("x", name)])
        return dict(zip("abcd", found.values(), strict=True))

    def given(quotes, name, time, n):
        market, tables = market_of(quotes), {}
        interval = LocalVol(market.smiles).interval(time)
        interval.with_numbers(lambda table, value: tables.setdefault(table, value))
        shift, quote = np.zeros(n), np.full(n, market.values[name])
        return interval, {
            **tables,
            "time": np.float64(time),
            "x": np.linspace(-0.3, 0.2, n),
            "shift": shift,
            "quote": quote,
        }

    tracer = Tracer(5)
    interval, sources = given(QUOTES, names["quote"], time, 5)
    opened = interval.with_numbers(lambda table, value: tracer.source(table, value, is_flat=False))
    paths = (tracer.source(name, sources[name]) for name in ("time", "x", "shift", "quote"))
    program = tracer.program(calculation(opened, names["quote"], *paths))
    quick = simplified(program, lambda source: source, True)
    for quotes, name, at in ((QUOTES, names["quote"], time), (other_quotes, names["other"], 1.3 * time)):
        interval, sources = given(quotes, name, at, 50)
        direct = calculation(interval, name, at, *(sources[path] for path in ("x", "shift", "quote")))
        for result, values in quick.run(sources.__getitem__, 50):
            np.testing.assert_allclose(values, direct[result], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("time", [0.1, 0.4])
def test_gpu_has_the_same_local_variance(time, gpu_name):
    program, calculation, given = traced(time, np.float64)
    (gpu, *_), direct = gpus(), calculation(*given.values())
    quick = simplified(program, lambda source: source, True)
    moved = {name: gpu.array(values) for name, values in given.items()}
    for index, values in gpu.results(quick, moved.__getitem__, 300, np.float64):
        found, size = gpu.numbers(values), np.abs(direct[index]).max()
        np.testing.assert_allclose(found, direct[index], atol=1e-11 * size)
