"""Results of a book, read from the file that ``greeks batch`` wrote, with its manifest."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greeks_cli.book.text.json_text import no_constant
from greeks_cli.terms.books.book_row import TotalRow, TradeRow
from greeks_cli.terms.errors import InvalidInput, Problem

_TOLD = 3


@dataclass(frozen=True)
class Results:
    """Rows and totals of a book, their manifest if there is one, and notes for the reader."""

    rows: tuple[TradeRow, ...]
    totals: tuple[TotalRow, ...] = ()
    manifest: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


def holds_results(content: bytes) -> bool:
    """True if the content is JSON Lines of results; a book of JSON Lines has neither status nor key."""
    try:
        first = json.loads(content.lstrip().split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and {"id", "status", "key"} <= first.keys()


def results_in(name: str, content: bytes) -> Results:
    """Results from the content of a file. Raises InvalidInput where it holds none."""
    if not holds_results(content):
        message = "holds no results; give what greeks batch writes with -o results.jsonl"
        raise InvalidInput([Problem(("<stdin>" if name == "-" else name,), message)])
    return read_results(name, content)


def results_of(records: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Results:
    """Results from the records and the manifest of a run."""
    rows, totals = _sorted_out([_row(record) for record in records])
    return Results(rows, totals, manifest)


def read_results(name: str, content: bytes) -> Results:
    """Results from a file's content, and the manifest beside it. Raises InvalidInput naming lines.

    An incomplete last line, as an interrupted run leaves it, is left out with a note.
    """
    notes = []
    found, problems = [], []
    for place, line, last in _lines(name, content):
        try:
            found.append(_row(json.loads(line, parse_constant=no_constant)))
        except (ValueError, RecursionError) as error:
            if last and not content.endswith(b"\n"):
                notes.append("The last line of the results is torn, and left out: their run was stopped or goes on.")
            else:
                problems.append(Problem((place,), f"no row of results: {_reason(error)}"))
    if problems:
        raise InvalidInput(problems[:_TOLD])
    rows, totals = _sorted_out(found)
    if twice := [row_id for row_id, count in Counter(row.id for row in rows).items() if count > 1]:
        raise InvalidInput([Problem((name,), "this trade is there twice; give the results of one book", twice[0])])
    manifest, note = _manifest_beside(name, rows)
    return Results(rows, totals, manifest, (*notes, *note))


def _lines(name: str, content: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Place and text of every line that is not blank, and True for the last one."""
    numbered = [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    for number, line in numbered:
        yield f"{name}:{number}", line, number == numbered[-1][0]


def _row(record: Any) -> TradeRow | TotalRow:
    is_total = isinstance(record, Mapping) and "trades" in record
    return TotalRow.model_validate(record) if is_total else TradeRow.model_validate(record)


def _sorted_out(found: Sequence[TradeRow | TotalRow]) -> tuple[tuple[TradeRow, ...], tuple[TotalRow, ...]]:
    rows = tuple(row for row in found if isinstance(row, TradeRow))
    return rows, tuple(row for row in found if isinstance(row, TotalRow))


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)


def _manifest_beside(name: str, rows: Sequence[TradeRow]) -> tuple[Mapping[str, Any] | None, list[str]]:
    """The manifest of these rows, or None and a note where it is missing or describes other rows."""
    if name == "-":
        return None, []
    if name.endswith(".partial"):
        return None, ["These results are unfinished, and have no manifest yet."]
    path = Path(f"{name}.manifest.json")
    try:
        manifest = dict(json.loads(path.read_bytes(), parse_constant=no_constant))
        keys = dict(manifest["trades"])
    except FileNotFoundError:
        return None, [f"There is no {path.name} beside the results to say how they came about."]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, [f"{path.name} is no manifest of greeks batch, and left out."]
    if any(keys.get(row.id) != row.key for row in rows):
        return None, [f"{path.name} is of other results, and left out."]
    return manifest, []
