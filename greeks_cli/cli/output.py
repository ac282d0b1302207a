"""Destination and format of an answer: checked before the first path, written after the last."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from greeks_cli.book.market_files.curves import FILES_READ
from greeks_cli.cli.sections import Section, option
from greeks_cli.cli.terminal import screen
from greeks_cli.report.text.screen import Screen
from greeks_cli.run.machine.files import temporary_of, write_whole
from greeks_cli.terms.errors import GreeksError, InvalidInput, MissingExtra, Problem

PICTURES = ("svg", "png", "pdf", "html")
"""Formats that matplotlib draws; an HTML page embeds the picture."""
_WRITTEN = "out"
"""The option of a file that a command writes; the other files that it is given are read."""
_SUFFIXES = {"table": ".txt"}

out_option = option(
    "-o",
    "--out",
    section=Section.OUTPUT,
    type=click.Path(path_type=Path),
    help="File to write; its extension gives the format.",
)


def format_option(formats: Iterable[str], usual: str) -> Callable[[Any], Any]:
    """The option of a format, which is ``usual`` where neither ``--format`` nor ``-o`` gives one."""
    shown = f"Output format. [default: by -o, else {usual}]"
    return option("--format", section=Section.OUTPUT, type=click.Choice([*formats]), help=shown)


class CannotDraw(GreeksError):
    """Matplotlib is installed, and cannot be imported."""


@dataclass(frozen=True, slots=True)
class Output:
    """A format, and the file that takes it; standard output where there is none."""

    format: str
    file: Path | None

    @property
    def screen(self) -> Screen:
        """The screen that a table is made for; a file has no width, no colour and every character."""
        return Screen() if self.file else screen()

    def deliver(self, content: str | bytes) -> None:
        """Write the answer; a file appears whole. Raises CannotWrite."""
        if self.file:
            write_whole(self.file, content if isinstance(content, bytes) else content.encode())
        else:
            sys.stdout.write(content if isinstance(content, str) else content.decode())


def output(
    file: Path | None, format: str | None, formats: Iterable[str], usual: str, *, matplotlib: bool = True
) -> Output:
    """The output that ``-o`` and ``--format`` select; the format is ``usual`` where neither gives one.

    Raises InvalidInput for an impossible selection, and MissingExtra or CannotDraw where matplotlib has to draw and
    is missing or broken.
    """
    known = {_SUFFIXES.get(name, f".{name}"): name for name in formats if name != "plot"}
    if file is not None:
        check_file(file)
        _check_folder(file)
        if format is None and file.suffix.lower() not in known:
            message = f"its extension says no format; use one of {', '.join(known)}, or --format"
            raise InvalidInput([Problem(("--out",), message, str(file))])
    chosen = format or (known[file.suffix.lower()] if file else usual)
    if chosen in ("png", "pdf") and file is None:
        raise InvalidInput([Problem(("--format",), "is no text; give a file with -o", chosen)])
    if matplotlib and chosen in PICTURES:
        _check_matplotlib(chosen)
    return Output(chosen, file)


def _check_matplotlib(wanted_by: str) -> None:
    """Raise MissingExtra where matplotlib is missing, and CannotDraw where it is broken."""
    if find_spec("matplotlib") is None:
        raise MissingExtra(wanted_by, "matplotlib", "plot")
    try:
        import greeks_cli.report.figures.drawing  # noqa: F401
    except ImportError as error:
        why = str(error).partition("\n")[0]
        raise CannotDraw(f"{wanted_by} needs matplotlib, which cannot be imported: {why}; install it again") from None


def check_file(file: Path, beside: Callable[[Path], Iterable[Path]] = lambda _: ()) -> None:
    """Raise InvalidInput for a path that cannot be an output file, or whose writing would overwrite a file read.

    ``beside`` gives the files that are written with it; the temporary file of ``write_whole`` is added.
    """
    problem = None
    written = (file, temporary_of(file), *beside(file)) if file.name else ()
    if str(file) == "-":
        problem = "results go to standard output where -o is left out"
    elif too_long := next(filter(_is_too_long, written), None):
        problem = f"{too_long.name} is to be written, and too long a name; give a shorter one"
    elif not file.name or file.is_dir():
        problem = "is a folder; give the name of a file in it"
    elif file.exists() and not file.is_file():
        problem = "is no regular file; leave out -o and redirect standard output to it"
    else:
        problem = next(_in_the_way(written), None)
    if problem:
        raise InvalidInput([Problem(("--out",), problem, str(file))])


def _is_too_long(path: Path) -> bool:
    try:
        path.lstat()
    except OSError as error:
        return error.errno == errno.ENAMETOOLONG
    return False


def _in_the_way(written: Iterable[Path]) -> Iterator[str]:
    """Problems of written files that are no regular files, or that are read too, by the same name or through a link."""
    read = [name for name in _names_read() if os.path.exists(name)]
    for one in filter(Path.exists, written):
        if not one.is_file():
            yield f"{one} is to be written too, and is no regular file; give another name"
        if any(one.samefile(name) for name in read):
            yield f"{one} would be overwritten, and is read; give another name"


def _names_read() -> Iterator[str]:
    """Names of the files that the command line gives to be read, and of those that markets have named."""
    yield from map(str, FILES_READ)
    context = click.get_current_context()
    files = [one.name for one in context.command.params if isinstance(one.type, click.Path) and one.name != _WRITTEN]
    for value in filter(None, map(context.params.get, files)):
        for name in value if isinstance(value, tuple) else (value,):
            yield "/dev/stdin" if str(name) == "-" else str(name)


def _check_folder(file: Path) -> None:
    """Raise InvalidInput for a folder that cannot be written: results would be simulated, then lost."""
    if not file.parent.is_dir():
        problem = f"there is no folder {file.parent}; make it first"
    elif not os.access(file.parent, os.W_OK):
        problem = f"the folder {file.parent} is read-only; choose another place"
    else:
        return
    raise InvalidInput([Problem(("--out",), problem, str(file))])
