"""Work on a Dask cluster instead of this process: the same blocks and trades, so the same numbers to the bit."""

import logging
import platform
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from greeks_cli import __version__
from greeks_cli.run.machine.allocator import prepare_memory
from greeks_cli.run.machine.arithmetic import fingerprint, of_c_library
from greeks_cli.run.machine.cores import available_cores
from greeks_cli.run.machine.interrupts import interrupts_kept_here
from greeks_cli.terms.errors import GreeksError, MissingExtra

_SECONDS_TO_ANSWER, _SECONDS_TO_START, _SECONDS_TO_JOIN = 5, 60, 30
_LOCAL = "local"

Made = TypeVar("Made")


class ClusterFailed(GreeksError):
    """Error of a cluster: no scheduler, a scheduler that went away, or workers that fail or have other versions."""


class ClusterExecutor(Executor):
    """Executor on a cluster's workers; each task first compares the worker's versions with this process's."""

    def __init__(self, client: Any, address: str):
        self._executor = client.get_executor(pure=False)
        self._client, self._address = client, address
        self._in_flight = 4 * self.workers

    @property
    def workers(self) -> int:
        """Threads of all workers now connected; at least 1, because lost workers may be replaced."""
        return max(1, sum(self._client.nthreads().values()))

    @property
    def in_flight(self) -> int:
        """The number of tasks in flight that keeps all workers busy, with a reserve for workers that join late."""
        return self._in_flight

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submits a task, as in ``concurrent.futures``; the future raises ClusterFailed for failures of the cluster."""
        answer: Future[Any] = Future()
        task = self._executor.submit(_task, _versions(), work, *args, **kwargs)
        task.add_done_callback(lambda done: self._pass_on(done, answer))
        return answer

    def _pass_on(self, task: "Future[Any]", answer: "Future[Any]") -> None:
        """Passes a task's result or error on to ``answer``; a failure of the cluster becomes a ClusterFailed."""
        from distributed.scheduler import KilledWorker

        try:
            answer.set_result(task.result())
            return
        except KilledWorker:
            reason = "workers die again and again on one task, perhaps for want of memory"
        except (CancelledError, OSError) as error:
            reason = f"the scheduler went away ({type(error).__name__})"
        except (ModuleNotFoundError, AttributeError) as error:
            reason = f"a worker cannot load the task ({error}); install greeks {__version__} there"
        except Exception as error:  # an error of the work, not of the cluster
            answer.set_exception(error)
            return
        answer.set_exception(ClusterFailed(f"--scheduler {self._address}: {reason}"))


@contextmanager
def cluster(address: str) -> Iterator[ClusterExecutor]:
    """Connects to ``tcp://HOST:PORT``, to the scheduler of a scheduler file, or to workers started here (``local``).

    Raises MissingExtra or ClusterFailed, in one line within seconds.
    """
    try:
        import distributed
    except ImportError:
        raise MissingExtra("--scheduler", "Dask distributed", "cluster") from None
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == distributed.__name__]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # errors are raised, in one line
    client = _connected(address)
    try:
        try:
            _on_thread(lambda: client.wait_for_workers(1, timeout=_SECONDS_TO_JOIN))
        except TimeoutError:
            raise ClusterFailed(
                f"--scheduler {address}: no worker has joined it in {_SECONDS_TO_JOIN} s; start one with: dask worker"
            ) from None
        yield ClusterExecutor(client, address)
    finally:
        _close(client)


def _connected(address: str) -> Any:
    try:
        return _on_thread(lambda: _client(address), _SECONDS_TO_START if address == _LOCAL else 2 * _SECONDS_TO_ANSWER)
    except Exception as error:  # its type depends on address, file and version
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterFailed(
            f"--scheduler {address}: no scheduler answers there ({reason}); "
            "start one with: dask scheduler, or give tcp://HOST:PORT, a scheduler file, or local"
        ) from None


def _client(address: str) -> Any:
    import distributed

    if address == _LOCAL:
        # Any free port: a fixed port warns where another cluster has it. Errors of workers are raised, so logs are off.
        quiet: dict[str, Any] = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL + 1}
        return distributed.Client(distributed.LocalCluster(n_workers=available_cores(), threads_per_worker=1, **quiet))
    where = {"scheduler_file" if Path(address).is_file() else "address": address}
    return distributed.Client(**where, timeout=_SECONDS_TO_ANSWER)


def _close(client: Any) -> None:
    local = client.cluster  # only where it was started here
    client.close()
    if local:
        local.close()


def _on_thread(work: Callable[[], Made], seconds: float | None = None) -> Made:
    """The answer of ``work`` on another thread: processes that it starts see no Ctrl-C, and it may hang for ever.

    Raises TimeoutError after ``seconds``.
    """
    done: Future[Made] = Future()

    def worked() -> None:
        try:
            with interrupts_kept_here():
                done.set_result(work())
        except BaseException as error:  # the waiting thread raises it
            done.set_exception(error)

    threading.Thread(target=worked, daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        raise TimeoutError(f"silent for {seconds:.0f} s" if seconds and not done.done() else "") from None


def _versions() -> dict[str, str]:
    """Versions that all workers must share for equal numbers."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {
        "greeks": __version__,
        "python": python,
        "arithmetic": fingerprint(),
        "C library": of_c_library(),
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
        remedy = "install the same versions everywhere, on hosts that round exp and log alike (arithmetic, C library)"
        raise ClusterFailed(f"a worker on {platform.node()} has {differing}; {remedy}")
    prepare_memory()
    return work(*args, **kwargs)
