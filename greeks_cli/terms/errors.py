"""Exit codes, and the exceptions that lead to them."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice


class ExitCode(enum.IntEnum):
    """Exit codes of the commands."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    SOME_JOBS_FAILED = 3
    NOT_MET = 4
    INTERRUPTED = 130


class GreeksError(Exception):
    """An error that ends a command with its message on stderr."""

    exit_code = ExitCode.FAILURE

    @property
    def in_one_line(self) -> str:
        """The message with its lines joined by semicolons."""
        return str(self).replace("\n", "; ")


class NonFiniteEstimate(GreeksError):
    """An estimate is not a finite number; the message names the Greek."""


class MissingExtra(GreeksError):
    """An optional library is not installed; the message holds the command that installs it."""

    def __init__(self, wanted_by: str, library: str, extra: str):
        super().__init__(f"{wanted_by} needs {library}; run: uv sync --extra {extra}, or pip install '.[{extra}]'")


class GpuFailed(GreeksError):
    """No GPU can do the work; the message holds the remedy, ``reason`` the message of CUDA or CuPy."""

    def __init__(self, message: str, reason: str = ""):
        super().__init__(f"{message}; greeks doctor says more" if reason else message)
        self.reason = reason


class FormulaError(ValueError):
    """A mistake in a formula; ``detail`` shows the formula with a caret under the place."""

    def __init__(self, message: str, text: str, column: int):
        super().__init__(message)
        start = max(0, column - 50)
        shown = "".join(c if c.isprintable() else "?" for c in text[start : start + 100])
        self.detail = (f"  {shown}", "  " + " " * (column - start) + "^")


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the input: its place, the value given, and the remedy.

    ``path`` addresses the request (``("market", "vol")``); the reader of the input maps it
    to a flag, a variable or a line of a file.
    """

    path: tuple[str | int, ...]
    message: str
    value: object = None
    detail: tuple[str, ...] = ()

    def line(self, place: str) -> str:
        shown = "" if self.value is None else _short(str(self.value) or "''", _LONGEST_VALUE) + ": "
        message = shown + _short(self.message, _LONGEST_PART)
        return printable(f"{_without_middle(place)}: {message}" if place else message)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."


def _without_middle(place: str) -> str:
    half = _LONGEST_PART // 2
    return place if len(place) <= _LONGEST_PART else f"{place[:half]}...{place[-half:]}"


def printable(text: str) -> str:
    """The text with an escape for every character that moves or colours a terminal, or breaks a line."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


_LONGEST_VALUE, _LONGEST_PART = 80, 1_000
_MOST_PROBLEMS = 20
_LONGEST_LIST = 800


class InvalidInput(GreeksError):
    """The request cannot be built; ``problems`` holds all mistakes, not just the first."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        lines = ((p.line(".".join(map(str, p.path))), *p.detail) for p in self.problems)
        super().__init__("\n".join(line for group in lines for line in group))


def few(problems: Iterable[Problem], count: int) -> list[Problem]:
    """The first of ``count`` problems of one trade or section; the last one returned counts the rest."""
    shown = list(islice(problems, _MOST_PROBLEMS))
    if count > len(shown):
        shown[-1] = replace(shown[-1], message=f"{shown[-1].message}; and {count - len(shown):,} more mistakes here")
    return shown


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a misspelt word: the nearest word of ``known``, or the whole list."""
    choices = list(known)
    near = nearest(word, choices)
    return f"did you mean '{near}'?" if near else f"choose from {_listed(choices)}"


def _listed(choices: Sequence[str]) -> str:
    """The choices, of a long list the first ones."""
    text = ", ".join(choices)
    return text if len(text) < _LONGEST_LIST else f"{text[:_LONGEST_LIST].rpartition(',')[0]}, and others"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The word of ``known`` nearest to a misspelt one, or None."""
    from difflib import get_close_matches  # most words are not misspelt

    return next(iter(get_close_matches(word, list(known), n=1)), None)
