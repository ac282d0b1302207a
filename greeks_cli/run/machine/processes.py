"""Worker processes, which end with this process."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from greeks_cli.run.machine.interrupts import interrupts_kept_here
from greeks_cli.terms.errors import GreeksError


class WorkerLost(GreeksError):
    """Error of a worker process that has died."""


class Processes(Executor):
    """Executor on ``count`` processes.

    Tasks in flight raise BrokenProcessPool when a process dies; new processes do later tasks.
    """

    def __init__(self, count: int):
        self._count = count
        self._pool = self._started()

    @property
    def in_flight(self) -> int:
        """The number of tasks in flight that keeps all processes busy: one each, and one that waits."""
        return self._count + 1

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submits a task, as in ``concurrent.futures``, to new processes where one has died."""
        try:
            return self._pool.submit(work, *args, **kwargs)
        except BrokenProcessPool:
            self._pool = self._started()
            return self._pool.submit(work, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the processes, as in ``concurrent.futures``."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def _started(self) -> ProcessPoolExecutor:
        with interrupts_kept_here():
            # Spawned, not forked: a fork would copy the threads' locks of this process.
            pool = ProcessPoolExecutor(self._count, multiprocessing.get_context("spawn"), _end_with_parent)
            for _ in range(self._count):
                pool.submit(int)
        return pool


@contextmanager
def worker_processes(count: int) -> Iterator[Processes]:
    """Worker processes. Raises WorkerLost where a process dies and its task is not repeated."""
    processes = Processes(count)
    try:
        yield processes
    except BaseException as ending:
        # No caller waits for tasks in flight any more. (Cancelled futures would upset the pool's thread.)
        for child in multiprocessing.active_children():
            child.terminate()
        if not isinstance(ending, BrokenProcessPool):
            raise
        raise WorkerLost(
            "a process that was pricing has died, perhaps for want of memory; "
            "run the same command again, with fewer --processes"
        ) from None
    finally:
        processes.shutdown()


def _end_with_parent() -> None:
    """Ends this worker with its parent, even after `kill -9` of the parent."""
    threading.Thread(target=_outlive_parent, daemon=True).start()


def _outlive_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # this process was started by another
    parent.join()
    os._exit(1)
