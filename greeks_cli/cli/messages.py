"""Messages on stderr: lines of text for people, or JSON events for schedulers."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

import click

from greeks_cli.terms.errors import printable

if TYPE_CHECKING:
    from greeks_cli.terms.trade import Rejected, Trade

LOG_FORMATS = ("text", "json")
_format = ContextVar("format", default="text")


def speak(log_format: str) -> str:
    """Set the format of all later messages; returns the format, because click calls this for the option's value."""
    _format.set(log_format)
    return log_format


def say(message: str) -> None:
    """Write one message or several, a line each; an indented line shows the place of the mistake above it.

    Control characters, which values and names of files may hold, are written as escapes. A stderr that cannot be
    written is ignored: it must not stop the command.
    """
    for part in _parts(message):
        if _format.get() == "json":
            event({"event": "message", "message": part})
        else:
            _write("\n".join(map(printable, f"greeks: {part}".split("\n"))))


def say_notes(notes: Iterable[str]) -> None:
    """Write notes, a line each."""
    for note in notes:
        say(f"note: {note}")


def tell(trades: "Sequence[Trade | Rejected]") -> None:
    """Write the problems of rejected trades, and the notes on valid ones."""
    from greeks_cli.inputs.notes import notes_on, told_problems

    for problem in told_problems(trades):
        say(problem)
    say_notes(notes_on(trades))


def event(fields: dict[str, object]) -> None:
    """Write one line of JSON."""
    _write(json.dumps(fields))


def _write(line: str) -> None:
    with suppress(OSError, RuntimeError):  # RuntimeError: a Ctrl-C is reported while a line is written
        click.echo(line, err=True)


def _parts(message: str) -> Iterator[str]:
    part: list[str] = []
    for line in filter(None, message.split("\n")):
        if part and not line.startswith("  "):
            yield "\n".join(part)
            part = []
        part.append(line)
    if part:
        yield "\n".join(part)
