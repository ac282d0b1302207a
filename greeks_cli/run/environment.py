"""What this installation consists of and what it can see."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from greeks_cli import __version__
from greeks_cli.run.cores import available_cores

_PACKAGES = (
    "chainer",
    "numpy",
    "click",
    "pydantic",
    "rich",
    "scipy",
    "matplotlib",
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
        ("threads", str(available_cores())),
        *((name, _installed(name)) for name in _PACKAGES),
        ("gpu", _gpu()),
    ]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _gpu() -> str:
    from greeks_cli.engine.chainer_runtime import chainer

    cuda = chainer.backends.cuda
    if cuda.available:
        return f"{cuda.cupy.cuda.runtime.getDeviceCount()} CUDA device(s)"
    reason = getattr(cuda, "_resolution_error", None)
    return f"none: {reason}" if reason else "none: CuPy finds no CUDA device"
