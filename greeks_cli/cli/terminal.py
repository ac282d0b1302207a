"""The terminal: its properties, and a progress bar on it."""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator

from greeks_cli.report.table import Screen


def screen() -> Screen:
    """Properties of stdout: colour and a limited width on a terminal only; ``NO_COLOR`` is honoured."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    if not sys.stdout.isatty():
        return Screen(ascii_only=not unicode)
    return Screen(shutil.get_terminal_size().columns, not os.environ.get("NO_COLOR"), not unicode)


@contextlib.contextmanager
def progress_bar(quiet: bool, unit: str = "blocks") -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar with a rate on stderr. Yields the callback (done, total), or None where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, started = bar.add_task(unit, total=None, rate=""), time.monotonic()

        def show(done: int, total: int) -> None:
            rate = done / max(1e-9, time.monotonic() - started)
            bar.update(task, completed=done, total=total, rate=f"{rate:,.{rate < 10:d}f} {unit}/s")

        yield show
