"""Handling of Ctrl-C: the first asks for an end, the second interrupts; worker processes see neither."""

import multiprocessing.resource_tracker
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Stop = Callable[[], bool]
"""True if no new task should begin."""


def never() -> bool:
    """False: a ``Stop`` for runs that end only with their last task."""
    return False


@contextmanager
def asked_to_stop(tell: Callable[[], None]) -> Iterator[Stop]:
    """A ``Stop`` that is true after a Ctrl-C, which calls ``tell``; a second Ctrl-C interrupts as usual."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield never  # SIGINT is ignored, as in the background of a script, or has another handler
        return
    asked = threading.Event()

    def first(*_: object) -> None:
        signal.signal(signal.SIGINT, usual)
        asked.set()
        tell()

    signal.signal(signal.SIGINT, first)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def interrupts_kept_here() -> Iterator[None]:
    """Hides Ctrl-C and SIGHUP from processes that this thread starts meanwhile: only the process that writes
    handles them."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    # The tracker, which the first process to be started starts, outlives this process; a hangup must not end it before.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    # It unblocks SIGINT here; so it is started before that block.
    multiprocessing.resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
