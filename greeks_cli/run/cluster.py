"""Work on a Dask cluster instead of this process: the same blocks and trades, so the same numbers to the bit."""

import logging
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from greeks_cli import __version__
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.cores import available_cores
from greeks_cli.terms.errors import GreeksError, MissingExtra

_SECONDS_TO_ANSWER, _SECONDS_TO_JOIN = 5, 30
_LOCAL = "local"


class ClusterFailed(GreeksError):
    """There is no scheduler, it went away, or its workers are not what they should be."""


class ClusterExecutor(Executor):
    """Tasks for a cluster's workers, each of which first compares its versions with ours."""

    def __init__(self, client: Any, address: str):
        self._executor = client.get_executor(pure=False)
        self._client, self._address = client, address

    @property
    def workers(self) -> int:
        """Threads of all workers that are there now; at least 1, for lost ones may be replaced."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """As in ``concurrent.futures``, but what goes wrong with the cluster is a ClusterFailed."""
        return _Remote(self._executor.submit(_task, _versions(), work, *args, **kwargs), self._address)


class _Remote(Future):  # type: ignore[type-arg]
    """A future whose failures say what they mean for the user."""

    def __init__(self, future: "Future[Any]", address: str):
        super().__init__()
        self._future, self._address = future, address

    def cancel(self) -> bool:
        return self._future.cancel()

    def result(self, timeout: float | None = None) -> Any:
        from distributed.scheduler import KilledWorker

        try:
            return self._future.result(timeout)
        except GreeksError:
            raise
        except KilledWorker:
            reason = "workers die again and again on one task, perhaps for want of memory"
        except (CancelledError, OSError) as error:
            reason = f"the scheduler went away ({type(error).__name__})"
        except (ModuleNotFoundError, AttributeError) as error:
            reason = f"a worker cannot load the task ({error}); install greeks {__version__} there"
        raise ClusterFailed(f"--scheduler {self._address}: {reason}")


@contextmanager
def cluster(address: str) -> Iterator[ClusterExecutor]:
    """Connect to ``tcp://HOST:PORT``, to the scheduler of a scheduler file, or to workers started here (``local``).

    Raises MissingExtra or ClusterFailed, in one line within seconds.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtra("--scheduler", "Dask distributed", "cluster") from None
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # what matters is raised, in one line
    local = None
    try:
        if address == _LOCAL:
            local = distributed.LocalCluster(n_workers=available_cores(), threads_per_worker=1, dashboard_address=None)
        where = {"address": local} if local else {"scheduler_file" if Path(address).is_file() else "address": address}
        client = distributed.Client(**where, timeout=_SECONDS_TO_ANSWER)
    except Exception as error:  # of every kind, by address, file and version
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterFailed(
            f"--scheduler {address}: no scheduler answers there ({reason}); "
            "start one with: dask scheduler, or give tcp://HOST:PORT, a scheduler file, or local"
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=_SECONDS_TO_JOIN)
        except TimeoutError:
            raise ClusterFailed(
                f"--scheduler {address}: no worker has joined it in {_SECONDS_TO_JOIN} s; start one with: dask worker"
            ) from None
        yield ClusterExecutor(client, address)
    finally:
        client.close()
        if local:
            local.close()


def _versions() -> dict[str, str]:
    """What must be the same for the numbers to be the same."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "greeks": __version__,
        "python": python,
        **{name: _installed(name) for name in ("numpy", "chainer", "scipy")},
    }


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _task(expected: dict[str, str], work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    found = _versions()
    if found != expected:
        differing = ", ".join(
            f"{name} {found[name]} not {expected[name]}" for name in expected if found[name] != expected[name]
        )
        raise ClusterFailed(f"a worker on {platform.node()} has {differing}; install the same versions everywhere")
    keep_freed_memory()
    return work(*args, **kwargs)
