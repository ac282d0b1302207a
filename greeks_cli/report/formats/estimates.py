"""Formats of a single result: table, JSON, CSV."""

import enum
import io
import json
from dataclasses import asdict
from typing import Any

from greeks_cli import __version__
from greeks_cli.report.rows import columns_of, rows, written
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import table
from greeks_cli.terms.results.result import Result
from greeks_cli.terms.units import Units


class Format(enum.StrEnum):
    """Formats of a single result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def render(result: Result, form: Format, units: Units, screen: Screen, currency: str | None = None) -> str:
    """Text of a result, ending in a newline; ``currency`` is the name of the unit of money."""
    match form:
        case Format.JSON:
            return as_json(result, units, currency)
        case Format.CSV:
            return as_csv(result, units, currency)
    return table(result, units, screen, currency)


def as_json(result: Result, units: Units, currency: str | None = None) -> str:
    """JSON object with numbers in full precision. NaN cannot occur: a Result has none."""
    return json.dumps(document(result, units, currency), indent=2, allow_nan=False) + "\n"


def document(result: Result, units: Units, currency: str | None = None) -> dict[str, Any]:
    """Result as a dictionary with the keys of JSON; ``currency`` is the name of the unit of money."""
    request, shown = result.request, rows(result, units, currency)
    listed = [written(row) for row in shown]
    if result.steps:
        listed = [one | {"bias_of_steps": row.bias_of_steps} for one, row in zip(listed, shown, strict=True)]
    return {
        "contract": request.contract.model_dump(mode="json"),
        "market": {**request.market.model_dump(mode="json"), **request.quote},
        **({"dates": dates} if (dates := request.dates.document()) else {}),
        "simulation": request.simulation.model_dump(mode="json"),
        "estimates": listed,
        "paths": result.paths,
        **({"steps": result.steps} if result.steps else {}),
        "shift": result.shift,
        **({"exercise": asdict(result.exercise)} if result.exercise else {}),
        "elapsed_seconds": result.elapsed_seconds,
        "version": __version__,
    }


def as_csv(result: Result, units: Units, currency: str | None = None) -> str:
    """CSV with a header and one line per estimate."""
    import csv  # other formats have no need of it

    text = io.StringIO()
    shown = [written(row) for row in rows(result, units, currency)]
    writer = csv.DictWriter(text, columns_of(shown), lineterminator="\n")
    writer.writeheader()
    writer.writerows(shown)
    return text.getvalue()
