"""Formats of a book in scenarios: a table of changes in value, JSON Lines, CSV."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from greeks_cli import __version__
from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import estimate_cell, text_of
from greeks_cli.terms.books.scenario import Scenario, axes_of, labels_of, where
from greeks_cli.terms.books.totals import Sum, Total
from greeks_cli.terms.units import CURRENCY, Units

CHANGE = "pnl"
"""The name of the change in value from today's."""
_MOST_REASONS = 5


class InScenario(Protocol):
    """The sums of a total in a scenario."""

    @property
    def scenario(self) -> Scenario: ...
    @property
    def total(self) -> Total: ...
    @property
    def sums(self) -> tuple[Sum, ...]: ...
    @property
    def change(self) -> Sum | None: ...
    @property
    def failed(self) -> tuple[tuple[str, str], ...]: ...


def render(found: Sequence[InScenario], form: str, units: Units, screen: Screen) -> str:
    """Text in a format, ``table``, ``jsonl`` or ``csv``."""
    match form:
        case "jsonl":
            return "".join(json.dumps(record, allow_nan=False) + "\n" for record in records(found, units))
        case "csv":
            return _csv(found, units)
    totals = dict.fromkeys(one.total.id for one in found)
    return "\n".join(_table([one for one in found if one.total.id == name], screen) for name in totals)


def records(found: Sequence[InScenario], units: Units) -> Iterator[dict[str, Any]]:
    """A record for each scenario and total."""
    for one in found:
        currency = _currency(one.total)
        sums = [
            (one.measure.name, one, one.measure.scale(units), one.measure.unit(units, currency)) for one in one.sums
        ]
        sums += [(CHANGE, one.change, 1.0, currency or CURRENCY)] if one.change else []
        yield {
            "id": f"{one.total.id}[{where(one.scenario)}]",
            "status": "scenario" if one.change else "no total",
            "scenario": dict(labels_of(one.scenario)),
            "by": {name: value for name, value in one.total.by.items() if value is not None},
            "trades": len(one.total.members) + len(one.total.missing),
            "estimates": [
                {"name": n, "value": s.value * k, "stderr": s.stderr * k, "bias": s.bias * k, "unit": unit}
                for n, s, k, unit in sums
            ],
            **({} if one.change else {"error": "; ".join(_reasons([one]))}),
            "version": __version__,
        }


def rows(found: Sequence[InScenario], units: Units) -> Iterator[dict[str, Any]]:
    """A row for each estimate, with the shifts in columns of their own."""
    for record in records(found, units):
        common = {"id": record["id"], **record["scenario"], **record["by"], "trades": record["trades"]}
        for estimate in record["estimates"] or [{"error": record.get("error")}]:
            yield {**common, **estimate}


def _csv(found: Sequence[InScenario], units: Units) -> str:
    text, own = io.StringIO(), list(rows(found, units))
    columns = dict.fromkeys(name for row in own for name in row)
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(own)
    return text.getvalue()


def _currency(total: Total) -> str | None:
    return total.by.get("currency") or total.by.get("in")


def _table(found: Sequence[InScenario], screen: Screen) -> str:
    """The changes in value of one total: by two shifts a matrix where it fits, else a list."""
    total, axes = found[0].total, list(axes_of([one.scenario for one in found]))
    named = ", ".join(f"{name} {value}" for name, value in total.by.items() if value)
    money = _currency(total) or CURRENCY
    n_trades = len(total.members) + len(total.missing)
    title = (
        f"{n_trades:,} trades{', ' + named if named else ''}: change in value, {money}, each with its standard error"
    )
    grid = _listed(found)
    if len(axes) == 2 and (matrix := _matrix(found, axes)).width <= (screen.width or matrix.width):
        grid = matrix
    return text_of(screen, title, [grid], _reasons(found))


def _matrix(found: Sequence[InScenario], axes: Sequence[tuple[str, list[str]]]) -> Grid:
    (first, down), (second, across) = axes
    cells = {tuple(labels_of(one.scenario).values()): _cell(one.change) for one in found}
    grid = Grid([first, *(f"{second} {label}" for label in across)])
    for label in down:
        grid.add(label, *(cells[label, other] for other in across))
    return grid


def _listed(found: Sequence[InScenario]) -> Grid:
    names = list(labels_of(found[0].scenario))
    grid = Grid([*names, "value", CHANGE])
    for one in found:
        value = one.sums[0] if one.sums else None
        grid.add(*labels_of(one.scenario).values(), _cell(value), _cell(one.change))
    return grid


def _cell(sum_: Sum | None) -> str:
    return "-" if sum_ is None else estimate_cell(sum_.value, sum_.stderr)


def _reasons(found: Sequence[InScenario]) -> list[str]:
    """The trades without a result, each once, and the rejected trades of the total."""
    total = found[0].total
    reasons: Mapping[str, str] = {f"{name}: {why}": name for one in found for name, why in one.failed}
    shown = [*reasons][:_MOST_REASONS]
    if len(reasons) > len(shown):
        shown.append(f"and {len(reasons) - len(shown):,} more reasons; --format jsonl has all")
    if rejected := (*total.missing, *total.unplaced):
        shown.append(f"not valid, so that there is no sum: {', '.join(rejected[:_MOST_REASONS])}")
    return shown
