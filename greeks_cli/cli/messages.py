"""Messages on stderr: lines of text for people, or JSON events for schedulers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from greeks_cli.terms.errors import printable

if TYPE_CHECKING:
    from greeks_cli.terms.books.trade import Rejected, Trade

LOG_FORMATS = ("text", "json")
INFO, WARNING, ERROR = "info", "warning", "error"
"""Levels of messages."""
_format = ContextVar("format", default="text")


def speak(log_format: str) -> str:
    """Set the format of all later messages; returns the format, because click calls this for the option's value."""
    _format.set(log_format)
    return log_format


def say(message: str, level: str = ERROR, trade: str | None = None) -> None:
    """Write one message or several, a line each; an indented line shows the place of the mistake above it.

    ``level`` and ``trade``, the id of the trade that a message is about, are keys of JSON. Control characters, which
    values and names of files may hold, are written as escapes. A stderr that cannot be written is ignored: it must not
    stop the command.
    """
    for part in _parts(message):
        if _format.get() == "json":
            event("message", level, trade, {"message": part})
        else:
            _write("\n".join(map(printable, f"greeks: {part}".split("\n"))))


def say_notes(notes: Iterable[str]) -> None:
    """Write notes, a line each."""
    for note in notes:
        say(f"note: {note}", INFO)


def tell(trades: "Sequence[Trade | Rejected]") -> None:
    """Write the problems of rejected trades, and the notes on valid ones."""
    from greeks_cli.inputs.notes import notes_on, told_problems

    for name, problem in told_problems(trades):
        say(problem, ERROR, name)
    say_notes(notes_on(trades))


def event(name: str, level: str, trade: str | None, fields: Mapping[str, object]) -> None:
    """Write one line of JSON: the time (UTC), the level, the trade that it is about or null, and more fields."""
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _write(json.dumps({"time": stamp, "level": level, "event": name, "trade": trade, **fields}))


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
