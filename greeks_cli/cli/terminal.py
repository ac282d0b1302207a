"""What kind of terminal is listening."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator

from greeks_cli.report.table import Screen


def screen() -> Screen:
    """Colour and a limited width on a terminal only; ``NO_COLOR`` is honoured."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    if not sys.stdout.isatty():
        return Screen(ascii_only=not unicode)
    return Screen(shutil.get_terminal_size().columns, not os.environ.get("NO_COLOR"), not unicode)


@contextlib.contextmanager
def progress_bar(quiet: bool, unit: str = "paths") -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr, where that is a terminal; yields what to call after every block."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(unit, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
