"""Formats of a book's results: JSON Lines, CSV, Parquet, and a table with a row per trade."""

import csv
import enum
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from greeks_cli import __version__
from greeks_cli.report.formats.estimates import document
from greeks_cli.report.text.book_screen import Record, book_screen, greek_names
from greeks_cli.report.text.screen import Screen
from greeks_cli.terms.books.position import TAG, UNIT_POSITION
from greeks_cli.terms.books.totals import Sum, Total
from greeks_cli.terms.books.trade import ERROR, Rejected, Trade
from greeks_cli.terms.markets.several import UNDERLYING
from greeks_cli.terms.nodes import node_name
from greeks_cli.terms.results.result import Result
from greeks_cli.terms.underlyings import CORRELATION, named
from greeks_cli.terms.units import Units


class BookFormat(enum.StrEnum):
    """Formats of a book's results."""

    JSONL = "jsonl"
    CSV = "csv"
    TABLE = "table"
    PARQUET = "parquet"


_ESTIMATE = ("name", "value", "stderr", "low", "high", "bias", "exact", "unit", "estimator", "warning")
_SCALED = ("value", "stderr", "low", "high", "bias", "exact")
_BOUND = ("upper", "upper_stderr")
_PER_UNIT = ("per_unit_value", "per_unit_stderr", "per_unit_bias")
_INPUTS = ("position", "contract", "market")
_DATE_NAMES = {
    "expiry": "expiry_date",
    "start": "start_date",
    "elapsed": "elapsed_date",
    "window_start": "window_start_date",
    "window_end": "window_end_date",
    "fixing_times": "fixing_dates",
    "monitoring_times": "monitoring_dates",
}
_MOST_NAMED = 3


def row_key(trade: Trade | Rejected, arithmetic: str, units: Units) -> str:
    """Key of a row: the hash of the trade, the processor's arithmetic and, unless raw, the units of the numbers."""
    key = f"{trade.key}-{arithmetic}"
    return key if units is Units.RAW else f"{key}-{units}"


def record_of(trade: Trade | Rejected, answer: Result | str, key: str, units: Units) -> Record:
    """Row of one trade: the keys of ``price`` with id, status and key; ``error`` in place of results.

    ``elapsed_seconds`` is None: trades that run side by side share the machine.
    """
    if isinstance(trade, Rejected):
        failed = {"id": trade.id, "status": trade.status, "key": key, "error": trade.why, "version": __version__}
        return {**failed, **trade.known}
    if isinstance(answer, str):
        return {"id": trade.id, "status": ERROR, "key": key, "error": answer, "version": __version__}
    unmet = [str(target) for target in answer.unmet]
    status = {"id": trade.id, "status": "not met" if unmet else "ok", "key": key}
    own = document(answer, units, trade.position.currency)
    found = {**status, **own, "elapsed_seconds": None, **({"unmet": unmet} if unmet else {})}
    if trade.position == UNIT_POSITION:
        return found
    found["position"] = trade.position.model_dump(mode="json")
    found["estimates"] = [_of_position(estimate, trade.position.scale) for estimate in found["estimates"]]
    return found


def _of_position(estimate: Record, scale: float) -> Record:
    """The estimate of a position, with its numbers per unit beside."""
    low, high = sorted((estimate["low"] * scale, estimate["high"] * scale))
    exact = None if estimate["exact"] is None else estimate["exact"] * scale
    return {
        **estimate,
        "value": estimate["value"] * scale,
        "stderr": estimate["stderr"] * abs(scale),
        "low": low,
        "high": high,
        "bias": estimate["bias"] * abs(scale),
        "exact": exact,
        **({"bias_of_steps": own * abs(scale)} if (own := estimate.get("bias_of_steps")) is not None else {}),
        **({"upper": own * scale} if (own := estimate.get("upper")) is not None else {}),
        **({"upper_stderr": own * abs(scale)} if (own := estimate.get("upper_stderr")) is not None else {}),
        **{name: estimate[name.removeprefix("per_unit_")] for name in _PER_UNIT},
    }


def total_of(total: Total, sums: Sequence[Sum] | None, failed: Sequence[str], key: str, units: Units) -> Record:
    """Row of a total: the sums of its measures; an error where a trade has no result. ``failed`` are valid trades."""
    by = {name: value for name, value in total.by.items() if value is not None}
    n_trades = len(total.members) + len(total.missing)
    common = {"id": total.id, "status": "total", "key": key, "trades": n_trades, "by": by}
    if why := _without_result(total, failed):
        return {**common, "status": "no total", "error": why, "version": __version__}
    if not sums:
        why = "the trades have no Greek in common"
        return {**common, "status": "no total", "error": why, "version": __version__}
    currency = total.by.get("currency") or total.by.get("in")
    estimates = [
        {
            "name": one.measure.name,
            "value": one.value * one.measure.scale(units),
            "stderr": one.stderr * one.measure.scale(units),
            "bias": one.bias * one.measure.scale(units),
            "unit": one.measure.unit(units, currency),
        }
        for one in sums
    ]
    return {**common, "estimates": estimates, "version": __version__}


def _without_result(total: Total, failed: Sequence[str]) -> str:
    """The trades that leave a total without a sum, in one line; empty where there are none."""
    parts = [f"{_named(names)} no result" for names in [[*total.missing, *failed]] if names]
    parts += [f"{_named(total.unplaced)} no position that can be read, and may be part of it"] if total.unplaced else []
    return f"{'; '.join(parts)}: a sum would be partial; correct the trade, or leave it out" if parts else ""


def _named(names: Sequence[str]) -> str:
    """The subject of a sentence with its verb: ``trade 'a' has``, ``trades 'a', 'b' have``."""
    shown = ", ".join(f"'{name}'" for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"trades {shown}{more} have" if len(names) > 1 else f"trade {shown} has"


def rendered(records: Sequence[Record], form: BookFormat, wide: bool, screen: Screen) -> str:
    """Text of a book's results, in any format but Parquet."""
    match form:
        case BookFormat.CSV:
            return _wide_csv(records) if wide else _long_csv(records)
        case BookFormat.TABLE:
            return book_screen(records, screen)
    return "".join(json_line(record) for record in records)


def json_line(record: Record) -> str:
    """One line of JSON Lines."""
    return json.dumps(record, allow_nan=False) + "\n"


def _long_csv(records: Sequence[Record]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, long_columns(records), lineterminator="\n")
    writer.writeheader()
    writer.writerows(long_rows(records))
    return text.getvalue()


def long_columns(records: Sequence[Record]) -> list[str]:
    """The columns of the long form: those of an estimate, and the inputs that a record has."""
    estimates = [one for record in records for one in record.get("estimates", ())]
    bounds = _BOUND if any("upper" in one for one in estimates) else ()
    scaled = _PER_UNIT if any("per_unit_value" in one for one in estimates) else ()
    return ["id", "status", *_ESTIMATE, *bounds, *scaled, *_input_names(records)]


def _input_names(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in _inputs(record)))


def _inputs(record: Record) -> Record:
    """The position, the contract and the market of a row, or the fields of a total, as one level of cells."""
    fields: Record = dict(record.get("by", {}))
    for section in _INPUTS:
        fields |= _flat(record.get(section, {}))
    fields |= {_DATE_NAMES.get(name, name): value for name, value in record.get("dates", {}).items()}
    tags = fields.pop("tags", {})
    fields |= {f"{TAG}{name}": value for name, value in tags.items()}
    return {name: _as_cell(value) for name, value in fields.items()}


def _flat(section: Record) -> Record:
    """The fields of a section; those of several underlyings have the names of Greeks' parameters, ``vol[A]``."""
    tables, pairs = section.get(UNDERLYING), section.get(CORRELATION)
    if not isinstance(tables, dict) or not isinstance(pairs, dict):
        return section
    found = {named(field, name): value for name, own in tables.items() for field, value in own.items()}
    return found | {node_name(CORRELATION, pair): number for pair, number in pairs.items()}


def _as_cell(value: Any) -> Any:
    """A number or a text; several values are separated by semicolons, as in a book of CSV, and nodes are ``1:0.02``."""
    if isinstance(value, dict):
        return ";".join(f"{name}={one}" for name, one in value.items())
    if not isinstance(value, list):
        return value
    return ";".join(":".join(map(str, one)) if isinstance(one, list) else str(one) for one in value)


def long_rows(records: Sequence[Record]) -> Iterator[Record]:
    """One row per estimate; a failed trade has one row, with the reason as the warning."""
    for record in records:
        common = {"id": record["id"], "status": record["status"], **_inputs(record)}
        if "error" in record:
            yield {**common, "warning": record["error"]}
        for estimate in record.get("estimates", ()):
            yield {**common, **{name: value for name, value in estimate.items() if name != "bias_of_steps"}}


def as_parquet(records: Sequence[Record]) -> bytes:
    """Parquet file with the rows of the long CSV, typed."""
    import pyarrow
    import pyarrow.parquet

    rows, names = list(long_rows(records)), long_columns(records)
    types = {name: _is_number(name, rows) for name in names}
    schema = pyarrow.schema([(name, pyarrow.float64() if types[name] else pyarrow.string()) for name in names])
    typed = [
        {name: value if types[name] or value is None else str(value) for name, value in row.items()} for row in rows
    ]
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(typed, schema), sink)
    return sink.getvalue()


def _is_number(name: str, rows: Sequence[Record]) -> bool:
    """True for a column of numbers, however many of its cells are empty."""
    values = [row[name] for row in rows if row.get(name) is not None]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return name in (*_SCALED, *_PER_UNIT) or (bool(values) and numbers)


def _wide_csv(records: Sequence[Record]) -> str:
    """CSV with a line per trade: the numbers and the warning of every Greek, and the inputs."""
    names, inputs = greek_names(records), _input_names(records)
    keys = ("value", "stderr", "bias", "exact", "warning")
    columns = [name if key == "value" else f"{name}_{key}" for name in names for key in keys]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "status", *columns, "error", *inputs])
    for record in records:
        by_name = {estimate["name"]: estimate for estimate in record.get("estimates", ())}
        cells = [by_name.get(name, {}).get(key) for name in names for key in keys]
        of_record = _inputs(record)
        given = [of_record.get(name) for name in inputs]
        writer.writerow([record["id"], record["status"], *cells, record.get("error", ""), *given])
    return text.getvalue()
