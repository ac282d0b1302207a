"""One trade as a file holds it, and as a line of JSON does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from greeks_cli.book.market_files.curves import with_curves, with_curves_in_grid
from greeks_cli.book.text.json_text import flaws, parsed
from greeks_cli.book.text.toml import LONGEST_LINE, too_long
from greeks_cli.terms.errors import InvalidInput

MOST_BYTES = 4 * LONGEST_LINE + 2
"""Bytes of a line that is not too long, at most, with its end: a character of UTF-8 has up to four."""


@dataclass(frozen=True)
class Record:
    """One trade: its fields as written, and their place."""

    fields: Mapping[str, Any]
    file: str
    line: int | None = None
    field_lines: Mapping[str, int] = field(default_factory=dict[str, int])
    problem: str = ""
    """The reason why the record cannot be a trade; empty if it can."""

    def place(self, name: str = "") -> str:
        """``book.toml:12``, as compilers write it: the line of the field ``name``, or of the trade."""
        line = self.field_lines.get(name, self.line)
        return self.file if line is None else f"{self.file}:{line}"


def trade_record(trade: object, file: str, line: int | None, field_lines: Mapping[str, int]) -> Record:
    """The trade in a value of JSON; its problem where the value is none."""
    if not isinstance(trade, dict):
        return Record({}, file, line, problem='a trade is an object, such as {"strike": 100, "vol": 0.2}')
    for key, problem in flaws(trade):
        return Record({}, file, field_lines.get(key, line), problem=f"not valid JSON: {problem}")
    return with_read_curves(Record(trade, file, line, field_lines))


def with_read_curves(record: Record) -> Record:
    """The record with nodes in place of the names of CSV files; without fields where a file cannot be read."""
    try:
        fields = with_curves(record.fields, record.file)
        if isinstance(grid := fields.get("grid"), Mapping):
            fields["grid"] = with_curves_in_grid(grid, record.file)
    except InvalidInput as error:
        return replace(record, fields={}, problem=error.in_one_line)
    return replace(record, fields=fields)


def json_record(line: str, file: str, number: int) -> Record:
    """The trade in a line of JSON Lines; its problem where the line cannot be read."""
    if problem := too_long(line):
        return Record({}, file, number, problem=problem)
    try:
        return trade_record(parsed(line), file, number, {})
    except json.JSONDecodeError as error:  # str(error) would count lines from this one
        return Record({}, file, number, problem=f"not valid JSON: {error.msg}, at column {error.colno}")
    except ValueError as error:
        return Record({}, file, number, problem=f"not valid JSON: {error}")
    except RecursionError:
        return Record({}, file, number, problem="nested too deeply")


def record_of_bytes(line: bytes, file: str, number: int) -> Record:
    """The trade in a line of a stream, which is UTF-8, with or without a mark; its problem where it cannot be read."""
    if len(line) > MOST_BYTES:
        longest = f"at most {LONGEST_LINE:,} characters are read"
        return Record({}, file, number, problem=f"a line of more than {MOST_BYTES:,} bytes; {longest}")
    try:
        return json_record(line.decode("utf-8-sig").removesuffix("\n"), file, number)
    except UnicodeDecodeError as error:
        return Record({}, file, number, problem=f"not UTF-8, at byte {error.start + 1}")
