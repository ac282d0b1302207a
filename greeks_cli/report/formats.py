"""The formats of a single result: table, JSON, CSV."""

import csv
import enum
import io
import json
from dataclasses import asdict, fields
from typing import Any

from greeks_cli import __version__
from greeks_cli.report.rows import Row, rows
from greeks_cli.report.table import Screen, table
from greeks_cli.terms.greek import Units
from greeks_cli.terms.result import Result


class Format(enum.StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def render(result: Result, form: Format, units: Units, screen: Screen) -> str:
    """The whole text of a result, ending in a newline."""
    match form:
        case Format.JSON:
            return as_json(result, units)
        case Format.CSV:
            return as_csv(result, units)
    return table(result, units, screen)


def as_json(result: Result, units: Units) -> str:
    """One object; numbers in full precision. NaN cannot occur: a Result has none."""
    return json.dumps(document(result, units), indent=2, allow_nan=False) + "\n"


def document(result: Result, units: Units) -> dict[str, Any]:
    """The keys of JSON."""
    request = result.request
    return {
        "contract": request.contract.model_dump(mode="json"),
        "market": request.market.model_dump(mode="json"),
        "simulation": request.simulation.model_dump(mode="json"),
        "estimates": [asdict(row) for row in rows(result, units)],
        "paths": result.paths,
        "elapsed_seconds": result.elapsed_seconds,
        "version": __version__,
    }


def as_csv(result: Result, units: Units) -> str:
    """One line per estimate under a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows(result, units))
    return text.getvalue()
