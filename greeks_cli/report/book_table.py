"""Table of the trades, which a script sorts by column; without a script it has the order of the book."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan

from greeks_cli.report.markup import Child, Markup, tag
from greeks_cli.report.table import estimate_cell
from greeks_cli.report.trade_page import TradePage, scroll_box
from greeks_cli.terms.book_row import Summed, TotalRow
from greeks_cli.terms.curve import Curve
from greeks_cli.terms.models import Model
from greeks_cli.terms.request import Request


@dataclass(frozen=True, slots=True)
class _Field:
    """Field of a request: a column of the table where trades differ in the field."""

    title: str
    of: Callable[[Request], float | Curve | str]


_FIELDS = (
    _Field("expiry", lambda request: request.contract.expiry),
    _Field("spot", lambda request: request.spot),
    _Field("model", lambda request: ", ".join(dict.fromkeys(request.market.models))),
    _Field("vol", lambda request: nan if request.is_joint else request.sole_market.shown_vol),
    _Field("rate", lambda request: request.parts[0].sole_market.rate),
    _Field("dividend yield", lambda request: nan if request.is_joint else request.sole_market.dividend_yield),
)


_GREEKS_BY_CLASS = {"packed": 11, "crowded": 7}
"""Number of Greeks beyond which the table is printed in smaller type, by CSS class."""


def common_fields(trades: Sequence[TradePage]) -> str:
    """Sentence with the fields that all trades share, which have no column."""
    found = [(field.title, _distinct_values(trades, field)) for field in _FIELDS]
    same = [f"{title} {_shown(own[0])}" for title, own in found if len(own) == 1 and own[0] != Model.GBM]
    return f"All: {', '.join(same)}. " if same else ""


def book_table(trades: Sequence[TradePage], totals: Sequence[TotalRow]) -> Markup:
    """Table with a row per trade, linked to the trade's page, and a row per total."""
    columns = [field for field in _FIELDS if len(_distinct_values(trades, field)) > 1]
    units = {one.name: one.unit for page in trades for one in page.row.estimates}
    has_notes = any(_note(page) for page in trades)
    head = tag(
        "tr",
        *(_heading(title) for title in ("Trade", "Contract")),
        _heading("Notes") if has_notes else None,
        *(_heading(field.title, "number") for field in columns),
        *(_heading(name, "number", unit) for name, unit in units.items()),
    )
    body = [_line(page, columns, list(units), has_notes) for page in trades]
    lines = [_total_line(total, has_notes + len(columns), list(units)) for total in totals if total.estimates]
    foot = tag("tfoot", *lines) if lines else None
    style = next((f"sortable {name}" for name, limit in _GREEKS_BY_CLASS.items() if len(units) > limit), "sortable")
    table = tag("table", tag("thead", head), tag("tbody", *body), foot, class_=style)
    return scroll_box(table, "Trades")


def _distinct_values(trades: Sequence[TradePage], field: _Field) -> list[float | Curve | str]:
    """The values of a field; NaN stands for trades on several underlyings, and alone is no value."""
    found = list(dict.fromkeys(field.of(page.request) for page in trades if isinstance(page.request, Request)))
    return [] if all(isinstance(value, float) and isnan(value) for value in found) else found


def _heading(title: str, style: str | None = None, unit: str | None = None) -> Markup:
    return tag("th", tag("span", title), tag("small", unit) if unit else None, scope="col", class_=style)


def _line(page: TradePage, columns: Sequence[_Field], names: Sequence[str], has_notes: bool) -> Markup:
    by_name = {one.name: one for one in page.row.estimates}
    failed = page.row.error is not None
    return tag(
        "tr",
        tag("th", tag("a", page.row.id, href=f"#{page.anchor}"), scope="row"),
        tag("td", page.row.error if failed else page.described, class_="error" if failed else "contract"),
        tag("td", _note(page), class_="notes") if has_notes else None,
        *(_field_cell(page.request, field) for field in columns),
        *(_cell(by_name.get(name), bool(name in by_name and by_name[name].warning)) for name in names),
    )


def _field_cell(request: Request | str, field: _Field) -> Markup:
    if not isinstance(request, Request):
        return tag("td", "-", class_="number")
    value = field.of(request)
    if isinstance(value, float) and isnan(value):
        return tag("td", "-", class_="number")
    if isinstance(value, str):
        return tag("td", _shown(value), class_="number")
    sorted_by = value.values[0] if isinstance(value, Curve) else value
    return tag("td", _shown(value), class_="number", data_value=repr(sorted_by))


def _shown(value: float | Curve | str) -> str:
    return str(value) if isinstance(value, str) else f"{value:g}"


def _cell(estimate: Summed | None, doubtful: bool = False) -> Markup:
    if estimate is None:
        return tag("td", "-", class_="number")
    text: Child = estimate_cell(estimate.value, estimate.stderr)
    return tag("td", text, class_="number doubtful" if doubtful else "number", data_value=f"{estimate.value:.12g}")


def _note(page: TradePage) -> str:
    """Failure, missed tolerances and doubtful Greeks of a trade, in a few words."""
    doubtful = [one.name for one in page.row.estimates if one.warning]
    parts = ["failed"] if page.row.error is not None else []
    parts += [f"not met: {', '.join(page.row.unmet)}"] if page.row.unmet else []
    parts += [f"doubtful: {', '.join(doubtful)}"] if doubtful else []
    return "; ".join(parts)


def _total_line(total: TotalRow, skipped: int, names: Sequence[str]) -> Markup:
    by_name = {one.name: one for one in total.estimates}
    return tag(
        "tr",
        tag("th", tag("a", f"{total.id[:1].upper()}{total.id[1:]}", href="#totals"), scope="row"),
        tag("td", f"{total.trades:,} trades"),
        *(tag("td") for _ in range(skipped)),
        *(_cell(by_name.get(name)) for name in names),
    )
