"""Trades as they stand in a file: fields, and the place of each for error messages."""

import csv
import hashlib
import io
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean
from greeks_cli.terms.request import SECTIONS

_TOP_LEVEL = (*SECTIONS, "greeks", "trade", "grid")


@dataclass(frozen=True)
class Record:
    """One trade: its fields as written, and where it stands."""

    fields: Mapping[str, Any]
    file: str
    line: int | None = None
    field_lines: Mapping[str, int] = field(default_factory=dict[str, int])

    def place(self, name: str = "") -> str:
        """``book.toml:12``, as compilers write it; the field's own line where that is known."""
        line = self.field_lines.get(name, self.line)
        return self.file if line is None else f"{self.file}:{line}"


@dataclass(frozen=True)
class Sheet:
    """What a file says: settings for all trades, the trades, and a grid that multiplies them."""

    file: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    greeks: object = None
    records: tuple[Record, ...] = ()
    grid: Mapping[str, Any] = field(default_factory=dict[str, Any])
    digest: str = ""
    """SHA-256 of the text that this was read from."""


def read_sheet(name: str) -> Sheet:
    """A file by its extension, or JSON Lines from standard input for ``-``. Raises InvalidInput."""
    _reader(name)  # what cannot be a book is not read
    return sheet_of(name, content_of(name))


def content_of(name: str) -> bytes:
    """What a file holds, or standard input for ``-``. Raises InvalidInput."""
    try:
        return _standard_input() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise _bad(name, f"{error.strerror or error}; give the path of a book") from None


def sheet_of(name: str, content: bytes) -> Sheet:
    """A file's content as a sheet. Raises InvalidInput."""
    try:
        sheet = _reader(name)(content.decode("utf-8-sig"), "<stdin>" if name == "-" else name)
        return replace(sheet, digest=hashlib.sha256(content).hexdigest())
    except UnicodeDecodeError:
        raise _bad(name, "not a text file; give a book in UTF-8") from None
    except RecursionError:
        raise _bad(name, "nested too deeply") from None


def _reader(name: str) -> Callable[[str, str], Sheet]:
    reader = _jsonl if name == "-" else _READERS.get(Path(name).suffix.lower())
    if reader is None:
        raise _bad(name, f"its extension says no format; use one of {', '.join(_READERS)}, or - for JSON Lines")
    return reader


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise _bad("-", "standard input is closed; give it trades as JSON Lines")
    return sys.stdin.buffer.read()


def _toml(text: str, file: str) -> Sheet:
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        raise _bad(file, f"not valid TOML: {error}") from None
    return _sheet(document, file, list(_toml_places(text)))


def _toml_places(text: str) -> Iterator[tuple[int, dict[str, int]]]:
    """The line of every ``[[trade]]`` and of the keys below it."""
    found: tuple[int, dict[str, int]] | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("["):
            if found:
                yield found
            found = (number, {}) if re.match(r"\s*\[\[\s*trade\s*\]\]", line) else None
        elif found and (key := re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line)):
            found[1].setdefault(key[1], number)
    if found:
        yield found


def _json(text: str, file: str) -> Sheet:
    try:
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twice)
    except ValueError as error:
        raise _bad(file, f"not valid JSON: {error}") from None
    return _sheet({"trade": document} if isinstance(document, list) else document, file, [])


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that JSON has")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"'{twice}' is there twice")
    return found


def _sheet(document: object, file: str, places: list[tuple[int, dict[str, int]]]) -> Sheet:
    if not isinstance(document, dict):
        raise _bad(file, "a book is an object with 'trade', or a list of trades")
    problems = [
        Problem((f"{file}: {name}",), f"unknown section; {did_you_mean(name, _TOP_LEVEL)}")
        for name in document
        if name not in _TOP_LEVEL
    ]
    for name in (*SECTIONS, "grid"):
        if not isinstance(document.get(name, {}), dict):
            problems.append(Problem((f"{file}: {name}",), f"a table is wanted: write [{name}]", document[name]))
    trades = document.get("trade", [{}] if document.get("contract") else [])
    if not isinstance(trades, list) or not all(isinstance(trade, dict) for trade in trades):
        problems.append(Problem((f"{file}: trade",), "a list of tables is wanted: write [[trade]]"))
    if problems:
        raise InvalidInput(problems)
    records = []
    for number, trade in enumerate(trades):
        line, field_lines = places[number] if len(places) == len(trades) else (None, {})
        records.append(Record(trade, file if line else f"{file}: trade[{number}]", line, field_lines))
    settings = {name: document[name] for name in SECTIONS if name in document}
    return Sheet(file, settings, document.get("greeks"), tuple(records), document.get("grid", {}))


def _csv(text: str, file: str) -> Sheet:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    records = []
    twice = [name for name, count in Counter(reader.fieldnames or ()).items() if name.strip() and count > 1]
    if twice:
        raise _bad(f"{file}:1", f"the column '{twice[0]}' is there twice; keep one")
    try:
        for row in reader:
            if None in row:
                raise _bad(f"{file}:{reader.line_num}", "more cells than columns in the header")
            fields = {name.strip(): cell.strip() for name, cell in row.items() if name and cell and cell.strip()}
            records.append(Record(fields, file, reader.line_num))
    except csv.Error as error:
        raise _bad(f"{file}:{reader.line_num}", f"not valid CSV: {error}") from None
    return Sheet(file, records=tuple(records))


def _jsonl(text: str, file: str) -> Sheet:
    return Sheet(file, records=tuple(_json_lines(text, file)))


def _json_lines(text: str, file: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                fields = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_no_twice)
            except ValueError as error:
                raise _bad(f"{file}:{number}", f"not valid JSON: {error}") from None
            if not isinstance(fields, dict):
                raise _bad(f"{file}:{number}", 'a trade is an object, such as {"strike": 100, "vol": 0.2}')
            yield Record(fields, file, number)


_READERS: dict[str, Callable[[str, str], Sheet]] = {
    ".toml": _toml,
    ".json": _json,
    ".csv": _csv,
    ".jsonl": _jsonl,
}


def _bad(place: str, message: str) -> InvalidInput:
    return InvalidInput([Problem((place,), message)])
