"""Workloads that measure speed, and the time of their normals by NumPy alone, the floor."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import numpy as np

from greeks_cli.engine.execution.blocks import Blocks
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.price import run
from greeks_cli.terms.building import build_request
from greeks_cli.terms.request import Request

_CHUNK = 1 << 17
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Speed:
    """Median seconds of a workload, and of drawing its normals alone."""

    letter: str
    what: str
    seconds: float
    floor_seconds: float


WORKLOADS: dict[str, tuple[str, Request]] = {
    "A": (
        "100,000 paths x 99 steps: price, delta, gamma",
        build_request({"strike": 100}, {"vol": 0.1}, {"steps": 99, "beta": 10}, "delta,gamma"),
    ),
    "B": (
        "10 million paths x 1 step: price, delta, gamma",
        build_request({"strike": 100}, {"vol": 0.1}, {"paths": 10**7, "beta": 10}, "delta,gamma"),
    ),
    "C": (
        "Asian, 252 fixings, 100,000 paths: price, delta, vega, rho, theta, gamma",
        build_request(
            {"kind": "asian", "strike": 100, "fixings": 252},
            {"vol": 0.2},
            {"beta": 10},
            "delta,vega,rho,theta,gamma",
        ),
    ),
}


def measured(threads: int | None = None) -> Iterator[Speed]:
    """Every workload in turns with its floor, after one run of each that is not counted."""
    for letter, (what, request) in WORKLOADS.items():
        draw, times = drawing(request, threads), []
        for _ in range(_ROUNDS + 1):
            times.append((_seconds(lambda request=request: run(request, threads)), _seconds(draw)))  # type: ignore[misc]
        seconds, floor_seconds = (median(column) for column in zip(*times[1:], strict=True))
        yield Speed(letter, what, seconds, floor_seconds)


def drawing(request: Request, threads: int | None = None) -> Callable[[], None]:
    """A function that draws the request's normals by NumPy's ``standard_normal`` from SFC64, on all cores."""
    workers = threads or available_cores()
    count = request.simulation.paths * sum(Blocks(request, request.simulation.paths).steps) // workers

    def share(seed: int) -> None:
        generator, buffer = np.random.Generator(np.random.SFC64(seed)), np.empty(_CHUNK)
        for start in range(0, count, _CHUNK):
            generator.standard_normal(out=buffer[: min(count - start, _CHUNK)])

    def draw() -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(share, range(workers)))

    return draw


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
