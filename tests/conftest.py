"""What several tests share: building requests, judging estimates, running the command."""

import sys
from typing import NamedTuple

import pytest

from greeks_cli.cli.main import main
from greeks_cli.terms.errors import GpuFailed
from greeks_cli.terms.request import Request, build_request
from greeks_cli.terms.result import Result

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


def assert_agrees(result: Result, deviations: float = 4.0) -> None:
    """Every estimate lies within so many standard errors, plus its stated bias, of the closed form."""
    for estimate in result.estimates:
        assert estimate.exact is not None
        error = abs(estimate.value - estimate.exact)
        assert error <= deviations * estimate.stderr + estimate.bias + 1e-13 * (1 + abs(estimate.exact)), estimate


class Outcome(NamedTuple):
    """What a shell would see."""

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
        help="where tests price what they name no device for: on GPUs if there are any, on the processor, "
        "on GPUs that must be there, or on what tests/stand_in.py makes of NumPy",
    )


@pytest.fixture(autouse=True)
def device(request, monkeypatch):
    """Every test's device: what ``auto`` finds in it."""
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


@pytest.fixture
def cupy_stand_in(monkeypatch):
    """What the engine takes for CuPy from here on."""
    from greeks_cli.engine.backends import cupy as gpu
    from tests import stand_in

    monkeypatch.setitem(sys.modules, "cupy", stand_in)
    gpu._searched.cache_clear()
    stand_in.crossings.clear()
    yield stand_in
    gpu._searched.cache_clear()


@pytest.fixture(params=["stand-in", "cuda"])
def gpu_name(request):
    """The device of a GPU to compute on: the stand-in's, and one that is there, or else a reason to skip."""
    from greeks_cli.engine.backends.cupy import gpus

    if request.param == "stand-in":
        request.getfixturevalue("cupy_stand_in")
    else:
        try:
            gpus()
        except GpuFailed as why:
            pytest.skip(f"no GPU: {why}")
    return "cuda"
