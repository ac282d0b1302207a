"""Ctrl-C: the first one asks for an end, the second is one; processes that price see neither."""

import multiprocessing.resource_tracker
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Stop = Callable[[], bool]
"""Whether nothing new should be begun."""


def never() -> bool:
    """Nobody can ask for an end."""
    return False


@contextmanager
def asked_to_stop(tell: Callable[[], None]) -> Iterator[Stop]:
    """Whether there was a Ctrl-C, of which ``tell`` is told; a second one interrupts as usual."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield never  # it is ignored, as in the background of a script, or somebody else's
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
    """Processes that this thread starts meanwhile never see a Ctrl-C: it is for the one that writes."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    # Started by the first process to be started, after which it would unblock what is blocked here.
    multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
