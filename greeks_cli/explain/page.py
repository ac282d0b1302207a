"""Layout of an explanation: a title, and entries of a term and its meaning that fit 80 columns."""

import re
import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 80
Entry = tuple[str, str]
"""A term and its meaning; the term is empty for a paragraph, and both are for an empty line."""
BREAK: Entry = ("", "")

_LEAST, _MOST = 10, 22
"""Widths of the left column."""
_WRAPPED = 106
"""The length from which on a line of a topic goes on in the next one."""
_TERM = re.compile(r"(\S.*?)\s{2,}(\S.*)")


def page(title: str, entries: Iterable[Entry]) -> str:
    """The text of an explanation, without a newline at its end."""
    listed = list(entries)
    lengths = [len(term) for term, _ in listed if len(term) <= _MOST]
    column = max([_LEAST, *lengths]) + 2
    return "\n".join([title, *(line for term, meaning in listed for line in _lines(term, meaning, column))])


def _lines(term: str, meaning: str, column: int) -> Iterator[str]:
    # A word that is too long for the right column, such as an example, begins below the term.
    longest = max(map(len, meaning.split()), default=0)
    indent = " " * (column + 2 if longest <= WIDTH - column - 2 else 4)
    if not term and not meaning:
        yield ""
    elif not term or not meaning:
        yield from _wrapped(term or meaning, "  ", "  ")
    elif len(term) < column and len(indent) > 4:
        yield from _wrapped(meaning, f"  {term:{column}}", indent)
    else:
        yield f"  {term}"
        yield from _wrapped(meaning, indent, indent)


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False, break_long_words=False
    )


def entries_of(lines: Iterable[str]) -> list[Entry]:
    """The entries of a topic that is written as lines of any length.

    A line is a term and its meaning, with two spaces or more between, or a sentence. A line of 106 characters or more
    goes on in the next one, and so does any line that is followed by one with a deep indent. An indent of two spaces
    is that of an example.
    """
    found: list[Entry] = []
    is_open = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        split = _TERM.fullmatch(line.strip())
        if found and (indent > 2 or (is_open and not indent and not split)):
            term, meaning = found[-1]
            found[-1] = (term, f"{meaning} {line.strip()}")
        elif split:
            found.append((split[1], split[2]))
        else:
            found.append((line.strip(), "") if indent else ("", line.strip()))
        is_open = len(line) >= _WRAPPED
    return found
