"""Every backend gives equal numbers, moves normals in and sums out alone, and says what a missing GPU needs."""

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
from greeks_cli.engine.execution.compile import plan
from greeks_cli.engine.execution.linker import Linked
from greeks_cli.engine.execution.path_group import PathGroup
from greeks_cli.engine.execution.programs import NEAR, Programs
from greeks_cli.engine.simulation.path_data import Motion
from greeks_cli.run.books.paths import run_with_totals
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import ON_ONE, ON_SEVERAL
from greeks_cli.terms.contracts.joint import Spread
from greeks_cli.terms.errors import GpuFailed, InvalidInput
from greeks_cli.terms.simulation import Simulation
from tests.conftest import assert_agrees, total_of_all

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


@pytest.mark.parametrize("kind", ON_ONE)
def test_every_contract_has_the_same_numbers_on_every_device(kind, gpu_name):
    request = asked({"kind": kind, **ON_ONE[kind].example})
    assert_same(run(on(gpu_name, request)), run(on("cpu", request)))


CURVED = {"underlying": {"A": {"spot": 100, "vol": "0.5:0.2,1:0.25"}, "B": {"spot": 95, "vol": 0.3}}}
OF_SEVERAL = "delta,hessian,vega,theta,rho,d(correlation)"
DAILY = {"kind": "phoenix", "fixings": 2, "knock_in_monitoring": 12, "memory": True}
JOINT = {
    **{kind: ({"kind": kind, **model.example}, model.example_market) for kind, model in ON_SEVERAL.items()},
    "phoenix": (DAILY, Spread.example_market),
    "curves of vol": ({"kind": "best-of", "strike": 100}, {**CURVED, "correlation": 0.4}),
}


@pytest.mark.parametrize("name", JOINT)
def test_several_underlyings_have_the_same_numbers_on_every_device(name, gpu_name):
    contract, market = JOINT[name]
    request = build_request(contract, market, {"paths": 3000}, OF_SEVERAL)
    assert_same(run(on(gpu_name, request)), run(on("cpu", request)))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("contract", [{"strike": 100}, FIXED], ids=["european", "formula"])
def test_every_setting_has_the_same_numbers_on_every_device(contract, settings, gpu_name):
    request = asked(contract, "delta,gamma,vega", **settings)
    assert_same(run(on(gpu_name, request)), run(on("cpu", request)))


def test_float32_agrees_to_its_own_precision(gpu_name):
    request = asked({"strike": 100}, dtype="float32")
    for one, other in zip(run(on(gpu_name, request)).estimates, run(on("cpu", request)).estimates, strict=True):
        assert one.value == pytest.approx(other.value, abs=0.01 * other.stderr + 1e-6)


def test_book_on_common_paths_has_the_same_numbers_on_every_device(gpu_name):
    requests = [asked({"strike": strike}, "delta,gamma") for strike in (90, 110)]
    (answers, (totals,)), (expected, (sums,)) = (
        run_with_totals(placed, total_of_all(placed))
        for placed in ([on(name, request) for request in requests] for name in (gpu_name, "cpu"))
    )
    for one, other in zip(answers, expected, strict=True):
        assert_same(one, other)
    assert [one.stderr for one in totals] == pytest.approx([one.stderr for one in sums], rel=1e-9)


def test_random_numbers_of_the_gpu_give_the_price_within_its_error(gpu_name):
    request = asked({"strike": 100}, "delta,gamma,vega", paths=40_000, sampler="philox", device=gpu_name)
    assert_agrees(run(request))
    assert run(request, 1).estimates == run(request, 3).estimates
    assert run(request)["price"].value != run(asked({"strike": 100}, "delta", paths=40_000))["price"].value


@pytest.mark.parametrize(
    ("sampler", "fixings", "normals_in"), [("random", 1, 8192), ("random", 3, 3 * 8192), ("philox", 3, 0)]
)
def test_only_normals_are_moved_to_the_device_and_only_sums_from_it(cupy_stand_in, sampler, fixings, normals_in):
    contract = {"kind": "asian", "strike": 100, "fixings": fixings}
    chosen = plan(asked(contract, paths=8192 * 4, sampler=sampler, device="cuda"))
    assert chosen.blocks.paths_in(1) == 8192
    group = PathGroup.of(Programs([chosen]))
    group.accumulate(0)  # constants are moved with the first
    cupy_stand_in.crossings.clear()
    group.accumulate(0)
    into, out = cupy_stand_in.crossings.into, cupy_stand_in.crossings.out
    assert [size for size in into if size > fixings] == [normals_in] * bool(normals_in)
    assert len(into) < 10
    smoothed = [level for _, (level, _) in group.parts[0].linked.factors if level == NEAR]
    # Of the estimates, and of two changes of width: means, and sums of squares in 128 slices and of no rest.
    assert out == [130 * len(chosen.request.greeks), *[130 * len(smoothed)] * (2 if smoothed else 0)]


def test_constants_are_moved_once(cupy_stand_in):
    chosen = plan(asked({"kind": "asian", "strike": 100, "fixings": 12}, paths=40_000, device="cuda"))
    (device,) = devices(chosen.request.simulation)
    chunked = Linked(Programs([chosen])).chunked((True,))
    motion = Motion(chosen.request.contract.dates, chosen.blocks.normals(0, device))
    dict(chunked.run(motion, device))
    cupy_stand_in.crossings.clear()
    dict(chunked.run(motion, device))
    assert all(size <= 12 for size in cupy_stand_in.crossings.into)  # a few coefficients of the dates


@pytest.mark.parametrize(
    "refused",
    [
        lambda x, y: np.asarray(y),
        lambda x, y: y + x,
        lambda x, y: x * y,
        lambda x, y: np.add.reduce(y),
        lambda x, y: np.concatenate([y, x]),
        lambda x, y: np.sum(y, where=True),
        lambda x, y: np.median(y),
        lambda x, y: np.ndarray.astype(y, np.float32),
        lambda x, y: float(y[0]),
        lambda x, y: y.__setitem__(0, x[0]),
    ],
)
def test_stand_in_refuses_what_cupy_refuses(cupy_stand_in, refused):
    x = np.ones((3, 1))
    with pytest.raises(TypeError):
        refused(x, cupy_stand_in.asarray(x))


def test_number_of_gpus_does_not_change_bits(cupy_stand_in, monkeypatch):
    request = asked({"strike": 100}, paths=20_000, device="cuda")
    alone = run(request)
    monkeypatch.setattr(cupy_stand_in.cuda.runtime, "getDeviceCount", lambda: 3)
    gpu._searched.cache_clear()
    assert {device_of(request.simulation, block).name for block in range(4)} == {"cuda:0", "cuda:1", "cuda:2"}
    assert run(request).estimates == alone.estimates
    assert [one.name for one in devices(Simulation(device="cuda:2"))] == ["cuda:2"]
    with pytest.raises(GpuFailed, match="no GPU number 3; use one of cuda:0, cuda:1, cuda:2"):
        devices(Simulation(device="cuda:3"))


def test_out_of_memory_halves_the_blocks_in_flight():
    room, all_started, failed, most, freed = Room(4), threading.Barrier(4), set(), [], []

    def work(number, pieces):
        if number not in failed:
            failed.add(number)
            all_started.wait()
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
def test_block_in_pieces_has_the_same_bits(cupy_stand_in, monkeypatch, settings):
    request = asked({"kind": "asian", "strike": 100, "fixings": 3}, device="cuda", **settings)
    whole, undivided = run(request), gpu.Gpu.run
    monkeypatch.setattr(gpu.Gpu, "run", lambda self, work: undivided(self, lambda pieces: work(5)))
    assert run(request).estimates == whole.estimates


def test_block_that_does_not_fit_alone_is_an_error_and_the_next_runs():
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


def test_error_of_a_missing_gpu_keeps_no_frames(monkeypatch):
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


def test_device_is_not_part_of_the_dump_of_a_simulation():
    assert "device" not in Simulation(device="cuda").model_dump()
    with pytest.raises(InvalidInput, match="use auto, cpu, cuda"):
        asked({"strike": 100}, device="gpu")
    with pytest.raises(InvalidInput, match="drawn by a GPU"):
        asked({"strike": 100}, device="cpu", sampler="philox")


def test_benchmark_runs_on_a_gpu_and_ends_with_a_message_without_one(cupy_stand_in, monkeypatch):
    from tests.benchmarks import gpu as benchmark

    assert_agrees(benchmark.greeks("A", 4000, "float64")()(), 6)
    assert benchmark.floor("A", 4000, "float32")()().shape == (1,)
    monkeypatch.setattr(benchmark, "_COPIED", 1000)
    assert benchmark.bandwidth(gpu.gpus()[0]) > 0
    monkeypatch.setitem(sys.modules, "cupy", None)
    gpu._searched.cache_clear()
    with pytest.raises(SystemExit, match=r"no GPU to measure: .*uv sync --extra cuda12"):
        benchmark.main()
