"""Signals: the first Ctrl-C asks for an end, the second interrupts, SIGTERM and SIGHUP end in order; worker
processes see neither Ctrl-C nor SIGHUP."""

import multiprocessing.resource_tracker
import signal
import sys
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


_end_codes: list[int] = []
"""The exit code of the signal that asks for an end, once it has come."""


def end_in_order() -> None:
    """Makes SIGTERM and SIGHUP unwind the stack, which, unlike the default, also ends the worker processes.

    A signal that is ignored stays so, as SIGHUP under nohup.
    """
    found = (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP"))  # Windows has no SIGHUP
    ends = [number for number in found if number is not None and signal.getsignal(number) is not signal.SIG_IGN]

    def end(number: int, _: object) -> None:
        for each in ends:
            signal.signal(each, signal.SIG_IGN)  # a second signal would break off the end of the processes
        _end_codes.append(128 + number)
        end_if_asked()

    for number in ends:
        signal.signal(number, end)


def end_if_asked() -> None:
    """Unwinds the stack where a signal has asked for it.

    To be called between tasks too: a signal that comes in a callback of compiled code or in a destructor unwinds
    nothing, for Python ignores exceptions there.
    """
    if _end_codes:
        sys.exit(_end_codes[0])


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
