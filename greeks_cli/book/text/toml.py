"""Documents in TOML, and limits on the text of files, which are checked before a parser sees it.

A parser's memory grows with the square of the parts of a dotted key: 100 kB of one key take gigabytes.
"""

import re
import tomllib
from typing import Any

from greeks_cli.terms.errors import InvalidInput, Problem

LONGEST_LINE = 100_000
_LONGEST_KEY, _MOST_PARTS = 1_000, 100
_PART = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_TOKEN = re.compile(
    rf"""\"{{3}}(?:[^\\]|\\.)*?\"{{3}}|'{{3}}.*?'{{3}}|\#[^\n]*|({_PART}(?:[ \t]*\.[ \t]*{_PART})*+)([ \t]*=)?""",
    re.DOTALL,
)
"""Strings of several lines, comments, and words, with dots between and an equals sign behind where they are keys."""


def document_of(text: str, file: str) -> dict[str, Any]:
    """The document of a TOML file's text. Raises InvalidInput where it is none, or has lines or keys too long to read.

    Raises RecursionError where it is nested too deeply.
    """
    check_lines(text, file)
    for token in _TOKEN.finditer(text):
        if token[1] and (problem := _of_key(token[1], bool(token[2]))):
            line = text.count("\n", 0, token.start()) + 1
            raise InvalidInput([Problem((f"{file}:{line}",), problem)])
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and numbers too long to read
        raise InvalidInput([Problem((file,), f"not valid TOML: {error}")]) from None


def _of_key(words: str, is_assigned: bool) -> str:
    """The problem of a key, or of the words of a value; empty where there is none."""
    if words.count(".") >= _MOST_PARTS and (parts := len(re.findall(_PART, words))) > _MOST_PARTS:
        return f"a key of {parts:,} parts; at most {_MOST_PARTS} are read"
    if is_assigned and len(words) > _LONGEST_KEY:
        return f"a key of {len(words):,} characters; at most {_LONGEST_KEY:,} are read"
    return ""


def check_lines(text: str, file: str) -> None:
    """Raise InvalidInput for a line too long to read, which is named by its number."""
    for number, line in enumerate(text.split("\n"), start=1):
        if problem := too_long(line):
            raise InvalidInput([Problem((f"{file}:{number}",), problem)])


def too_long(line: str) -> str:
    """The problem of a line that is too long to read; empty where it is not."""
    if len(line) <= LONGEST_LINE:
        return ""
    return f"a line of {len(line):,} characters; at most {LONGEST_LINE:,} are read"
