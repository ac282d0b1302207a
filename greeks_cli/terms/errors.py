"""Every way a command can end, and the exceptions that lead there."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


class ExitCode(enum.IntEnum):
    """What the shell sees."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    SOME_JOBS_FAILED = 3
    NOT_MET = 4
    INTERRUPTED = 130


class GreeksError(Exception):
    """Ends a command with one line on stderr."""

    exit_code = ExitCode.FAILURE

    @property
    def in_one_line(self) -> str:
        """The message, where several mistakes have a line each."""
        return str(self).replace("\n", "; ")


class NonFiniteEstimate(GreeksError):
    """An estimate overflowed or lost its meaning; the message names the Greek."""


class MissingExtra(GreeksError):
    """Something optional is not installed; the message is the command that installs it."""

    def __init__(self, wanted_by: str, library: str, extra: str):
        super().__init__(f"{wanted_by} needs {library}; run: uv sync --extra {extra}, or pip install '.[{extra}]'")


class GpuFailed(GreeksError):
    """No GPU does what is asked of one; the message says what to do, ``reason`` what CUDA or CuPy said of it."""

    def __init__(self, message: str, reason: str = ""):
        super().__init__(f"{message}; greeks doctor says more" if reason else message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input: where, what was given, and what to do about it.

    ``path`` addresses the request (``("market", "vol")``); whoever read the input knows
    which flag, variable or file line that is.
    """

    path: tuple[str | int, ...]
    message: str
    value: object = None
    detail: tuple[str, ...] = ()

    def line(self, place: str) -> str:
        shown = "" if self.value is None else f"{_short(self.value)}: "
        return _one_line(f"{place}: {shown}{self.message}" if place else f"{shown}{self.message}")


def _short(value: object) -> str:
    text = str(value) or "''"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


_LONGEST_VALUE = 80


class InvalidInput(GreeksError):
    """The request cannot be built; carries every problem found, not just the first."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        lines = ((p.line(".".join(map(str, p.path))), *p.detail) for p in self.problems)
        super().__init__("\n".join(line for group in lines for line in group))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for a misspelt word: the nearest known one, or the whole list."""
    choices = list(known)
    near = nearest(word, choices)
    return f"did you mean '{near}'?" if near else f"choose from {', '.join(choices)}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one most likely stands for, if any."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)
