"""Work on a Dask cluster instead of this process: the same blocks and trades, so the same numbers to the bit."""

import logging
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from greeks_cli import __version__
from greeks_cli.run.allocator import keep_freed_memory
from greeks_cli.run.cores import available_cores
from greeks_cli.terms.errors import GreeksError, MissingExtra

_SECONDS_TO_ANSWER = 5
_LOCAL = "local"


class ClusterFailed(GreeksError):
    """There is no scheduler, it went away, or its workers are not what they should be."""


class ClusterExecutor(Executor):
    """Tasks for a cluster's workers, each of which first compares its versions with ours."""

    def __init__(self, client: Any):
        self._executor = client.get_executor(pure=False)
        self._client = client

    @property
    def workers(self) -> int:
        """Threads of all workers that are there now, at least one."""
        return max(1, sum(self._client.nthreads().values()))

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """As in ``concurrent.futures``."""
        future: Future[Any] = self._executor.submit(_task, _versions(), work, *args, **kwargs)
        return future


@contextmanager
def cluster(address: str) -> Iterator[ClusterExecutor]:
    """Connect to ``tcp://HOST:PORT``, to the scheduler of a scheduler file, or to workers started here (``local``).

    Raises MissingExtra or ClusterFailed, in one line within seconds.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtra("--scheduler", "Dask distributed", "cluster") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised, in one line
    local = None
    try:
        if address == _LOCAL:
            local = distributed.LocalCluster(n_workers=available_cores(), threads_per_worker=1, dashboard_address=None)
        where = {"address": local} if local else {"scheduler_file" if Path(address).is_file() else "address": address}
        client = distributed.Client(**where, timeout=_SECONDS_TO_ANSWER)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterFailed(
            f"--scheduler {address}: no scheduler answers there ({reason}); "
            "start one with: dask scheduler, or give tcp://HOST:PORT, a scheduler file, or local"
        ) from None
    try:
        yield ClusterExecutor(client)
    except (CancelledError, distributed.CancelledError, distributed.client.FutureCancelledError) as error:
        raise ClusterFailed(f"--scheduler {address}: the scheduler went away ({type(error).__name__})") from None
    except distributed.scheduler.KilledWorker:
        raise ClusterFailed(
            f"--scheduler {address}: workers die again and again on one task, perhaps for want of memory"
        ) from None
    except (ModuleNotFoundError, AttributeError) as error:
        raise ClusterFailed(
            f"--scheduler {address}: a worker cannot load the task ({error}); install greeks {__version__} there"
        ) from None
    finally:
        client.close()
        if local:
            local.close()


def _versions() -> dict[str, str]:
    """What must be the same for the numbers to be the same."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"greeks": __version__, "python": python, **{name: version(name) for name in ("numpy", "chainer")}}


def _task(expected: dict[str, str], work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    found = _versions()
    if found != expected:
        differing = ", ".join(
            f"{name} {found[name]} not {expected[name]}" for name in expected if found[name] != expected[name]
        )
        raise ClusterFailed(f"a worker on {platform.node()} has {differing}; install the same versions everywhere")
    keep_freed_memory()
    return work(*args, **kwargs)
