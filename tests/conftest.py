"""Builds requests, compares estimates with closed forms, runs the command, and chooses the device of a test."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from greeks_cli.cli.main import main
from greeks_cli.terms.books.totals import Total, totals_of
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.building import build_request
from greeks_cli.terms.errors import GpuFailed
from greeks_cli.terms.request import Request

pytest.register_assert_rewrite("tests.agreement")

from tests.agreement import assert_agrees, assert_narrow, natural_unit  # noqa: E402  # after it is to be rewritten

__all__ = ["MARKETS", "assert_agrees", "assert_narrow", "european", "natural_unit", "total_of_all"]

MARKETS = {
    "low vol": {"spot": 100, "vol": 0.1, "rate": 0.01},
    "high vol": {"spot": 100, "vol": 0.5, "rate": 0.03, "dividend_yield": 0.02},
    "in the money": {"spot": 130, "vol": 0.25, "rate": 0.02},
    "out of the money": {"spot": 80, "vol": 0.25, "rate": 0.05, "dividend_yield": 0.01},
    "negative rate": {"spot": 105, "vol": 0.2, "rate": -0.01, "dividend_yield": 0.03},
    "small units": {"spot": 0.95, "vol": 0.3, "rate": 0.04},
}


def european(market: dict, greeks: str = "all", contract: dict | None = None, **simulation: object) -> Request:
    """A request for an option struck at 100 (at 1 where the spot is near 1)."""
    strike = 100 if market.get("spot", 100) > 10 else 1
    return build_request({"strike": strike, **(contract or {})}, market, simulation, greeks)


def total_of_all(requests: Sequence[Request]) -> list[Total]:
    """The total of a book of requests, one unit of each."""
    return totals_of([Trade(str(number), request) for number, request in enumerate(requests)])


class Outcome(NamedTuple):
    """Exit code, standard output and standard error of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def greeks(capsys):
    """Call ``greeks`` with a line of arguments."""

    def call(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as ending:
            main(arguments)
        return Outcome(int(ending.value.code), *capsys.readouterr())

    return call


def pytest_addoption(parser):
    parser.addoption(
        "--device",
        choices=["auto", "cpu", "cuda", "stand-in"],
        default="auto",
        help="device of tests that name none: GPUs if there are any, the processor, GPUs that must be there, "
        "or the stand-in of tests/stand_in.py",
    )

    parser.addoption(
        "--executor",
        choices=["numpy", "jit", "auto"],
        default="auto",
        help="executor of runs that name none: NumPy, compiled code, or what the forecast says",
    )


def pytest_xdist_auto_num_workers(config):
    """One process for named files and for a GPU, which processes would share; else xdist's own number, one per core."""
    named = config.option.file_or_dir and all(".py" in name for name in config.option.file_or_dir)
    return 0 if named or config.getoption("--device") == "cuda" else None


@pytest.fixture(autouse=True)
def device(request, monkeypatch):
    """The device that ``auto`` finds in every test."""
    from greeks_cli.engine.backends import cupy as gpu

    chosen = request.config.getoption("--device")
    if chosen == "stand-in":
        request.getfixturevalue("cupy_stand_in")
    elif chosen == "cuda":
        gpu.gpus()
    elif chosen == "cpu":
        monkeypatch.setitem(sys.modules, "cupy", None)
        gpu._searched.cache_clear()
    yield chosen
    if chosen == "cpu":
        gpu._searched.cache_clear()


@pytest.fixture(autouse=True)
def executor(request, monkeypatch):
    """The executor that ``auto`` chooses in every test but those of the choice itself, marked ``auto``."""
    from greeks_cli.run.machine import executors

    chosen = request.config.getoption("--executor")
    if chosen != "auto" and not request.node.get_closest_marker("auto"):
        monkeypatch.setattr(executors, "_saves_time", lambda requests: chosen == "jit")
    return chosen


@pytest.fixture
def cupy_stand_in(monkeypatch):
    """The stand-in for CuPy, which the engine imports in place of CuPy."""
    from greeks_cli.engine.backends import cupy as gpu
    from tests import stand_in

    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    gpu._searched.cache_clear()
    stand_in.crossings.clear()
    yield stand_in
    gpu._searched.cache_clear()


@pytest.fixture(params=["stand-in", "cuda"])
def gpu_name(request):
    """The name of a GPU: the stand-in's, or a real one's where there is one."""
    from greeks_cli.engine.backends.cupy import gpus

    if request.param == "stand-in":
        request.getfixturevalue("cupy_stand_in")
    else:
        try:
            gpus()
        except GpuFailed as why:
            pytest.skip(f"no GPU: {why}")
    return "cuda"
