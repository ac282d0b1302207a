"""Environment of a run: versions of packages, platform, cores and GPUs."""

import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from greeks_cli import __version__
from greeks_cli.engine.backends.select import described, devices
from greeks_cli.run.machine.arithmetic import fingerprint
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.terms.books.trade import Trade
from greeks_cli.terms.errors import GpuFailed

_PACKAGES = (
    "chainer",
    "numpy",
    "click",
    "pydantic",
    "rich",
    "scipy",
    "matplotlib",
    "llvmlite",
    "cupy",
    "cupy-cuda12x",
    "cupy-cuda13x",
)


def facts() -> list[tuple[str, str]]:
    """Names and values, most important first."""
    return [
        ("greeks", __version__),
        ("python", f"{platform.python_version()} at {sys.executable}"),
        ("platform", platform.platform()),
        ("arithmetic", fingerprint()),
        ("threads", str(available_cores())),
        *((name, _installed(name)) for name in _PACKAGES),
        ("gpu", described()),
    ]


def devices_of(trades: Sequence[Trade]) -> list[str]:
    """The names of the devices that compute the trades on this machine; devices that do not work are left out."""
    names: set[str] = set()
    for simulation in {trade.request.simulation for trade in trades}:
        with suppress(GpuFailed):
            names.update(device.name for device in devices(simulation))
    return sorted(names)


def executors_of(trades: Sequence[Trade]) -> str | None:
    """The executor of the trades of a run: numpy or jit; None without trades."""
    return next((str(trade.request.simulation.executor) for trade in trades), None)


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
