"""What is said on stderr: lines for people, or events of JSON for schedulers."""

import json
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar

import click

LOG_FORMATS = ("text", "json")
_format = ContextVar("format", default="text")


def speak(log_format: str) -> str:
    """Say all in this format from now on; it is also returned, as the value of the option that asks for it."""
    _format.set(log_format)
    return log_format


def say(message: str) -> None:
    """One message or several, a line each; an indented line shows the place of the mistake above it.

    Whether anybody reads it, is no concern of what is said.
    """
    for part in _parts(message):
        if _format.get() == "json":
            event({"event": "message", "message": part})
        else:
            _write(f"greeks: {part}")


def event(fields: dict[str, object]) -> None:
    """One line of JSON."""
    _write(json.dumps(fields))


def _write(line: str) -> None:
    with suppress(OSError, RuntimeError):  # the latter when a Ctrl-C is told in the midst of another line
        click.echo(line, err=True)


def _parts(message: str) -> Iterator[str]:
    part: list[str] = []
    for line in message.splitlines():
        if part and not line.startswith("  "):
            yield "\n".join(part)
            part = []
        part.append(line)
    if part:
        yield "\n".join(part)
