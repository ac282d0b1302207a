"""One calculation on every device: equal numbers, nothing crosses unseen, and a clear word where there is no GPU."""

import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from greeks_cli.engine.backends import cupy as gpu
from greeks_cli.engine.backends.cupy import Room
from greeks_cli.engine.backends.select import described, device_of, devices
from greeks_cli.engine.execution.linker import NEAR, Programs
from greeks_cli.engine.execution.path_group import Cohort, price_block
from greeks_cli.engine.execution.plan import Plan
from greeks_cli.engine.simulation.path_data import Simulated
from greeks_cli.run.local import run
from greeks_cli.run.together import run_together
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.errors import GpuFailed, InvalidInput
from greeks_cli.terms.request import build_request
from greeks_cli.terms.simulation import Simulation
from tests.conftest import assert_agrees

GREEKS = "delta,gamma,vega,theta,vanna,speed"
SETTINGS = [
    {},
    {"antithetic": True, "control": True},
    {"sampler": "sobol", "paths": 2048},
    {"estimator": "mixed", "steps": 20},
    {"estimator": "likelihood"},
    {"width": 2},
]
FIXED = {
    "kind": "formula",
    "payoff": "max(max(S) - K, 0) + abs(log(S[0])) + (1 if S[1] > K else 0)",
    "fixings": 3,
    "param": {"K": 100.0},
}


def asked(contract, greeks=GREEKS, **simulation):
    return build_request(contract, {"vol": 0.2}, {"paths": 3000, **simulation}, greeks)


def on(device, request):
    return replace(request, simulation=request.simulation.model_copy(update={"device": device}))


def assert_same(result, reference):
    for one, other in zip(result.estimates, reference.estimates, strict=True):
        scale = abs(other.value) + other.stderr + 1e-3
        assert one.value == pytest.approx(other.value, rel=0, abs=1e-11 * scale), one.greek
        assert one.stderr == pytest.approx(other.stderr, rel=1e-8, abs=1e-11 * scale), one.greek
        assert one.bias == pytest.approx(other.bias, rel=1e-6, abs=1e-11 * scale), one.greek
        assert one.estimator is other.estimator


@pytest.mark.parametrize("kind", CONTRACTS)
def test_every_contract_has_the_same_numbers_on_every_device(kind, gpu_name):
    request = asked({"kind": kind, **CONTRACTS[kind].example})
    assert_same(run(on(gpu_name, request)), run(on("cpu", request)))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("contract", [{"strike": 100}, FIXED], ids=["european", "formula"])
def test_so_it_is_whatever_the_settings_are(contract, settings, gpu_name):
    request = asked(contract, "delta,gamma,vega", **settings)
    assert_same(run(on(gpu_name, request)), run(on("cpu", request)))


def test_float32_agrees_to_its_own_precision(gpu_name):
    request = asked({"strike": 100}, dtype="float32")
    for one, other in zip(run(on(gpu_name, request)).estimates, run(on("cpu", request)).estimates, strict=True):
        assert one.value == pytest.approx(other.value, abs=0.01 * other.stderr + 1e-6)


def test_a_book_on_common_paths_has_them_too(gpu_name):
    requests = [asked({"strike": strike}, "delta,gamma") for strike in (90, 110)]
    answers, totals = run_together([on(gpu_name, request) for request in requests])
    expected, sums = run_together([on("cpu", request) for request in requests])
    for one, other in zip(answers, expected, strict=True):
        assert_same(one, other)
    assert [one.stderr for one in totals] == pytest.approx([one.stderr for one in sums], rel=1e-9)


def test_own_random_numbers_give_the_price_within_its_error(gpu_name):
    request = asked({"strike": 100}, "delta,gamma,vega", paths=40_000, sampler="philox", device=gpu_name)
    assert_agrees(run(request))
    assert run(request, 1).estimates == run(request, 3).estimates
    assert run(request)["price"].value != run(asked({"strike": 100}, "delta", paths=40_000))["price"].value


@pytest.mark.parametrize(
    ("sampler", "fixings", "normals_in"), [("random", 1, 8192), ("random", 3, 3 * 8192), ("philox", 3, 0)]
)
def test_normals_go_in_and_sums_come_out_and_nothing_else(cupy_stand_in, sampler, fixings, normals_in):
    contract = {"kind": "asian", "strike": 100, "fixings": fixings}
    plan = Plan.of(asked(contract, paths=8192 * 4, sampler=sampler, device="cuda"))
    assert plan.paths_in(1) == 8192
    cohort = Cohort.of([plan])
    price_block(cohort, 0)  # constants are moved with the first
    cupy_stand_in.crossings.clear()
    price_block(cohort, 0)
    into, out = cupy_stand_in.crossings.into, cupy_stand_in.crossings.out
    assert [size for size in into if size > fixings] == [normals_in] * bool(normals_in)
    assert len(into) < 10
    ((_, programs),) = cohort.markets
    smoothed = [level for _, (level, _) in programs.factors if level == NEAR]
    # Of the estimates, and of two changes of width: means, and sums of squares in 128 slices and of no rest.
    assert out == [130 * len(plan.request.greeks), 130 * len(smoothed), 130 * len(smoothed)]


def test_constants_are_moved_once(cupy_stand_in):
    plan = Plan.of(asked({"kind": "asian", "strike": 100, "fixings": 12}, paths=40_000, device="cuda"))
    (there,) = devices(plan.request.simulation)
    program, simulated = Programs([plan]).where((True,)).common, Simulated.of(plan.request, plan.normals(0, there))
    dict(there.results(program, simulated.fetch, simulated.n_paths, simulated.dtype))
    cupy_stand_in.crossings.clear()
    dict(there.results(program, simulated.fetch, simulated.n_paths, simulated.dtype))
    assert all(size <= 12 for size in cupy_stand_in.crossings.into)  # a few coefficients of the dates


@pytest.mark.parametrize(
    "silent",
    [
        lambda x, there: np.asarray(there),
        lambda x, there: there + x,
        lambda x, there: x * there,
        lambda x, there: np.add.reduce(there),
        lambda x, there: np.concatenate([there, x]),
        lambda x, there: np.sum(there, where=True),
        lambda x, there: np.median(there),
        lambda x, there: np.ndarray.astype(there, np.float32),
        lambda x, there: float(there[0]),
        lambda x, there: there.__setitem__(0, x[0]),
    ],
)
def test_the_stand_in_refuses_what_cupy_refuses(cupy_stand_in, silent):
    x = np.ones((3, 1))
    with pytest.raises(TypeError):
        silent(x, cupy_stand_in.asarray(x))


def test_blocks_are_dealt_out_to_all_gpus_and_numbers_stay(cupy_stand_in, monkeypatch):
    request = asked({"strike": 100}, paths=20_000, device="cuda")
    alone = run(request)
    monkeypatch.setattr(cupy_stand_in.cuda.runtime, "getDeviceCount", lambda: 3)
    gpu._searched.cache_clear()
    assert {device_of(request.simulation, block).name for block in range(4)} == {"cuda:0", "cuda:1", "cuda:2"}
    assert run(request).estimates == alone.estimates
    assert [one.name for one in devices(Simulation(device="cuda:2"))] == ["cuda:2"]
    with pytest.raises(GpuFailed, match="no GPU number 3; use one of cuda:0, cuda:1, cuda:2"):
        devices(Simulation(device="cuda:3"))


def test_out_of_memory_halves_what_is_in_flight_and_goes_on():
    room, all_there, failed, most, freed = Room(4), threading.Barrier(4), set(), [], []

    def work(number, pieces):
        if number not in failed:
            failed.add(number)
            all_there.wait()
            raise MemoryError
        most.append(room._running)
        assert pieces == 1
        return number

    with ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(
                lambda number: room.run(lambda pieces: work(number, pieces), lambda: freed.append(number)), range(4)
            )
        )
    assert done == [0, 1, 2, 3]
    assert sorted(freed) == done
    assert max(most) <= 2


def test_blocks_in_flight_follow_the_free_memory(cupy_stand_in, monkeypatch):
    for free, most in ((80 << 30, 8), (8 << 30, 4), (1 << 30, 1)):
        monkeypatch.setattr(cupy_stand_in.cuda.Device, "mem_info", (free, 80 << 30))
        assert gpu.Gpu(cupy_stand_in, 0)._room._most == most


@pytest.mark.parametrize("settings", [{}, {"antithetic": True, "control": True}, {"sampler": "philox"}], ids=str)
def test_a_block_in_pieces_has_the_same_numbers(cupy_stand_in, monkeypatch, settings):
    request = asked({"kind": "asian", "strike": 100, "fixings": 3}, device="cuda", **settings)
    whole, undivided = run(request), gpu.Gpu.run
    monkeypatch.setattr(gpu.Gpu, "run", lambda self, work: undivided(self, lambda pieces: work(5)))
    assert run(request).estimates == whole.estimates


def test_what_does_not_fit_alone_is_an_error_and_the_next_runs():
    room, tried = Room(4), []

    def too_large(pieces):
        tried.append(pieces)
        raise MemoryError

    with pytest.raises(GpuFailed, match="does not hold one block"):
        room.run(too_large, lambda: None)
    assert tried == [1, 1, 1, 2, 4, 8, 16, 32, 64]  # among four at most, two, alone, and then divided
    assert room.run(lambda pieces: "fits", lambda: None) == "fits"


def no_driver():
    raise RuntimeError("cudaErrorInsufficientDriver: CUDA driver version is\n insufficient")


def test_without_a_gpu_auto_is_the_processor_and_cuda_says_why(monkeypatch):
    absent = types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=types.SimpleNamespace(getDeviceCount=no_driver)))
    for cupy, told in ((None, "CuPy"), (absent, "driver")):
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        gpu._searched.cache_clear()
        assert [one.name for one in devices(Simulation())] == ["cpu"]
        for simulation in (Simulation(device="cuda"), Simulation(device="cuda:0"), Simulation(sampler="philox")):
            with pytest.raises(GpuFailed, match=told):
                devices(simulation)
    assert "cudaErrorInsufficientDriver: CUDA driver version is insufficient" in described()
    gpu._searched.cache_clear()


def test_a_missing_gpu_keeps_nothing_of_those_who_asked(monkeypatch):
    absent = types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=types.SimpleNamespace(getDeviceCount=no_driver)))
    monkeypatch.setitem(sys.modules, "cupy", absent)
    gpu._searched.cache_clear()
    told = []
    for _ in range(2):
        assert [one.name for one in devices(Simulation())] == ["cpu"]
        with pytest.raises(GpuFailed) as why:
            gpu.gpus()
        told.append((str(why.value), why.value.reason))
    assert gpu._searched().__traceback__ is None  # its frames would keep all that was computed
    assert told == [(str(gpu._searched()), gpu._searched().reason)] * 2
    gpu._searched.cache_clear()


def test_a_device_is_no_part_of_what_a_simulation_is():
    assert "device" not in Simulation(device="cuda").model_dump()
    with pytest.raises(InvalidInput, match="use auto, cpu, cuda"):
        asked({"strike": 100}, device="gpu")
    with pytest.raises(InvalidInput, match="drawn by a GPU"):
        asked({"strike": 100}, device="cpu", sampler="philox")


def test_the_benchmark_runs_where_there_is_a_gpu_and_says_so_where_not(cupy_stand_in, monkeypatch):
    from tests.benchmarks import gpu as benchmark

    assert_agrees(benchmark.greeks("A", 4000, "float64")()(), 6)
    assert benchmark.floor("A", 4000, "float32")()().shape == (1,)
    monkeypatch.setattr(benchmark, "_COPIED", 1000)
    assert benchmark.bandwidth(gpu.gpus()[0]) > 0
    monkeypatch.setitem(sys.modules, "cupy", None)
    gpu._searched.cache_clear()
    with pytest.raises(SystemExit, match=r"no GPU to measure: .*uv sync --extra cuda12"):
        benchmark.main()
