"""Formats of a book's results: JSON Lines, CSV, Parquet, and a table with a row per trade."""

import csv
import enum
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from greeks_cli import __version__
from greeks_cli.report.formats import document
from greeks_cli.report.table import Screen, empty_table, estimate_cell, text_of
from greeks_cli.terms.greek import Units
from greeks_cli.terms.result import Result, Sum
from greeks_cli.terms.trade import Rejected, Trade


class BookFormat(enum.StrEnum):
    """Formats of a book's results."""

    JSONL = "jsonl"
    CSV = "csv"
    TABLE = "table"
    PARQUET = "parquet"


_COLUMNS = ("id", "status", "name", "value", "stderr", "low", "high", "bias", "exact", "unit", "estimator", "warning")

Record = dict[str, Any]

TOTAL = "total"
"""Id of the row with the totals."""


def row_key(trade: Trade | Rejected, arithmetic: str, units: Units) -> str:
    """Key of a row: the hash of the trade, the processor's arithmetic and, unless raw, the units of the numbers."""
    key = f"{trade.key}-{arithmetic}"
    return key if units is Units.RAW else f"{key}-{units}"


def record_of(trade: Trade | Rejected, answer: Result | str, key: str, units: Units) -> Record:
    """Row of one trade: the keys of ``price`` with id, status and key; ``error`` in place of results.

    ``elapsed_seconds`` is None: trades that run side by side share the machine.
    """
    if isinstance(answer, str):
        return {"id": trade.id, "status": "error", "key": key, "error": answer, "version": __version__}
    unmet = [str(target) for target in answer.unmet]
    status = {"id": trade.id, "status": "not met" if unmet else "ok", "key": key}
    return {**status, **document(answer, units), "elapsed_seconds": None, **({"unmet": unmet} if unmet else {})}


def total_of(sums: Sequence[Sum], key: str, count: int, units: Units) -> Record:
    """Totals of a book of ``count`` trades: sums of the Greeks that all trades have; an error if a trade failed."""
    common = {"id": TOTAL, "status": "total", "key": key, "trades": count}
    if not sums:
        return {**common, "status": "no total", "error": "a trade has no result", "version": __version__}
    estimates = [
        {
            "name": one.greek.name,
            "value": one.value * units.scale(one.greek),
            "stderr": one.stderr * units.scale(one.greek),
            "bias": one.bias * units.scale(one.greek),
            "unit": units.label(one.greek),
        }
        for one in sums
    ]
    return {**common, "estimates": estimates, "version": __version__}


def rendered(records: Sequence[Record], form: BookFormat, wide: bool, screen: Screen) -> str:
    """Text of a book's results, in any format but Parquet."""
    match form:
        case BookFormat.CSV:
            return _wide_csv(records) if wide else _long_csv(records)
        case BookFormat.TABLE:
            return _table(records, screen)
    return "".join(json_line(record) for record in records)


def json_line(record: Record) -> str:
    """One line of JSON Lines."""
    return json.dumps(record, allow_nan=False) + "\n"


def _long_csv(records: Sequence[Record]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_long_rows(records))
    return text.getvalue()


def _long_rows(records: Sequence[Record]) -> Iterator[Record]:
    """One row per estimate; a failed trade has one row, with the reason as the warning."""
    for record in records:
        common = {"id": record["id"], "status": record["status"]}
        if "error" in record:
            yield {**common, "warning": record["error"]}
        for estimate in record.get("estimates", ()):
            yield {**common, **estimate}


def as_parquet(records: Sequence[Record]) -> bytes:
    """Parquet file with the rows of the long CSV, typed."""
    import pyarrow
    import pyarrow.parquet

    numbers = ("value", "stderr", "low", "high", "bias", "exact")
    schema = pyarrow.schema([(name, pyarrow.float64() if name in numbers else pyarrow.string()) for name in _COLUMNS])
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(_long_rows(records)), schema), sink)
    return sink.getvalue()


def _wide_csv(records: Sequence[Record]) -> str:
    """CSV with a line per trade: value, standard error and bias of every Greek."""
    names = _greek_names(records)
    parts = ("", "_stderr", "_bias")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "status", *(f"{name}{part}" for name in names for part in parts), "error"])
    for record in records:
        by_name = {estimate["name"]: estimate for estimate in record.get("estimates", ())}
        cells = [by_name[name][key] if name in by_name else "" for name in names for key in ("value", "stderr", "bias")]
        writer.writerow([record["id"], record["status"], *cells, record.get("error", "")])
    return text.getvalue()


def _greek_names(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(estimate["name"] for record in records for estimate in record.get("estimates", ())))


def _table(records: Sequence[Record], screen: Screen) -> str:
    names = _greek_names(records)
    grid = empty_table(screen, ("id", *names), left=())
    for record in records:
        by_name = {estimate["name"]: estimate for estimate in record.get("estimates", ())}
        grid.add_row(Text(record["id"]), *(_cell(by_name.get(name)) for name in names))
    reasons = [f"{record['id']}: {record['error']}" for record in records if "error" in record]
    trades = [record for record in records if "trades" not in record]
    failed = sum(record["status"] == "error" for record in trades)
    title = f"{len(trades):,} trades, {failed:,} failed; each estimate with its standard error"
    return text_of(screen, title, grid, reasons)


def _cell(estimate: dict[str, Any] | None) -> str:
    if estimate is None:
        return "-"
    return estimate_cell(estimate["value"], estimate["stderr"])
