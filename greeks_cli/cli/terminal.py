"""The terminal: its properties, and a progress bar on it."""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator

from greeks_cli.report.text.screen import Screen

_MOMENT = 0.5
"""Seconds of a run before a bar is shown, whose import takes a tenth of them."""


def screen() -> Screen:
    """Properties of stdout: colour and a limited width on a terminal only; ``NO_COLOR`` is honoured."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    if not sys.stdout.isatty():
        return Screen(ascii_only=not unicode)
    true_colour = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    return Screen(shutil.get_terminal_size().columns, not os.environ.get("NO_COLOR"), not unicode, true_colour)


@contextlib.contextmanager
def progress_bar(quiet: bool, unit: str = "blocks") -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar with a rate on stderr, of a run that takes longer than a moment.

    Yields the callback (done, total), or None where stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    with contextlib.ExitStack() as ending:
        bars: list[Callable[[int, int, str], None]] = []

        def show(done: int, total: int) -> None:
            seconds = time.monotonic() - started
            if not bars and seconds > _MOMENT:
                bars.append(ending.enter_context(_bar(unit)))
            rate = done / max(1e-9, seconds)
            for bar in bars:
                bar(done, total, f"{rate:,.{rate < 10:d}f} {unit}/s")

        yield show


@contextlib.contextmanager
def _bar(unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """A bar that vanishes at the end. Yields the callback (done, total, rate)."""
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(unit, total=None, rate="")
        yield lambda done, total, rate: bar.update(task, completed=done, total=total, rate=rate)
