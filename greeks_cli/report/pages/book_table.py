"""Table of the trades, which a script sorts by column; without a script it has the order of the book."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan

from greeks_cli.report.pages.markup import Child, Markup, tag
from greeks_cli.report.pages.quote_map import is_of_quote
from greeks_cli.report.pages.trade_page import TradePage, scroll_box
from greeks_cli.report.text.table import estimate_cell
from greeks_cli.terms.books.book_row import Summed, TotalRow
from greeks_cli.terms.markets.curve import Curve
from greeks_cli.terms.markets.models import Model
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


_MOST_NAMED = 6
"""Doubtful Greeks that are named in a row, at most."""
_GREEKS_BY_CLASS = {"packed": 11, "crowded": 7}
"""Number of Greeks beyond which the table is printed in smaller type, by CSS class."""


def common_fields(trades: Sequence[TradePage]) -> str:
    """Sentence with the fields that all trades share, which have no column."""
    found = [(field.title, _distinct_values(trades, field)) for field in _FIELDS]
    same = [f"{title} {_shown(own[0])}" for title, own in found if len(own) == 1 and own[0] != Model.GBM]
    return f"All: {', '.join(same)}. " if same else ""


def book_table(trades: Sequence[TradePage]) -> Markup:
    """Table with a row per trade, linked to the trade's page: the name and the contract, Greeks, and the market."""
    columns = [field for field in _FIELDS if len(_distinct_values(trades, field)) > 1]
    units = _units(one for page in trades for one in page.row.estimates)
    are_several = len({page.row.position.currency for page in trades}) > 1
    head = tag(
        "tr",
        _heading("Trade"),
        *(_heading(name, "number", unit) for name, unit in units.items()),
        *(_heading(field.title, "number") for field in columns),
    )
    body = [_line(page, columns, list(units), page.row.position.currency if are_several else None) for page in trades]
    size = next((name for name, limit in _GREEKS_BY_CLASS.items() if len(units) > limit), None)
    style = " ".join(filter(None, ("named sortable", size)))
    return scroll_box(tag("table", tag("thead", head), tag("tbody", *body), class_=style), "Trades")


def totals_table(totals: Sequence[TotalRow]) -> Markup:
    """Table with a row per total, those of underlyings first; Greeks of pairs of underlyings have maps instead."""
    shown = sorted(totals, key=lambda one: "underlying" not in one.by)
    units = _units(one for total in shown for one in total.estimates if "[" not in one.name)
    head = tag("tr", _heading("Total"), *(_heading(name, "number", unit) for name, unit in units.items()))
    body = tag("tbody", *(_total_line(total, list(units)) for total in shown))
    return scroll_box(tag("table", tag("thead", head), body, class_="named"), "Totals")


def _units(estimates: Iterable[Summed]) -> dict[str, str | None]:
    """The unit of each Greek but for those of a surface's quotes; None where units differ, as of several currencies."""
    found: dict[str, set[str]] = {}
    for one in (one for one in estimates if not is_of_quote(one.name)):
        found.setdefault(one.name, set()).add(one.unit)
    return {name: next(iter(own)) if len(own) == 1 else None for name, own in found.items()}


def title_of(total: TotalRow) -> str:
    """The fields of a total in words, such as ``SX5E, EUR``."""
    if "in" in total.by:
        return f"All in {total.by['in']}"
    return ", ".join(total.by.values()) or "All"


def _distinct_values(trades: Sequence[TradePage], field: _Field) -> list[float | Curve | str]:
    """The values of a field; NaN stands for trades on several underlyings, and alone is no value."""
    found = list(dict.fromkeys(field.of(page.request) for page in trades if isinstance(page.request, Request)))
    return [] if all(isinstance(value, float) and isnan(value) for value in found) else found


def _heading(title: str, style: str | None = None, unit: str | None = None) -> Markup:
    return tag("th", tag("span", title), tag("small", unit) if unit else None, scope="col", class_=style)


def _line(page: TradePage, columns: Sequence[_Field], names: Sequence[str], currency: str | None) -> Markup:
    by_name = {one.name: one for one in page.row.estimates}
    failed, note = page.row.error is not None, _note(page)
    described = f"{page.described}, in {currency}" if currency else page.described
    name = (
        tag("a", page.row.id, href=f"#{page.anchor}"),
        " ",
        tag("small", page.row.error if failed else described, class_="error" if failed else "contract"),
        *((" ", tag("small", note, class_="notes")) if note else ()),
    )
    return tag(
        "tr",
        tag("th", *name, scope="row"),
        *(_cell(by_name.get(name), bool(name in by_name and by_name[name].warning)) for name in names),
        *(_field_cell(page.request, field) for field in columns),
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
    # On a narrow screen the standard error goes below its estimate.
    text: Child = estimate_cell(estimate.value, estimate.stderr).replace(" ± ", " ±\N{NO-BREAK SPACE}")
    return tag("td", text, class_="number doubtful" if doubtful else "number", data_value=f"{estimate.value:.12g}")


def _note(page: TradePage) -> str:
    """Missed tolerances and doubtful Greeks of a trade, in a few words."""
    doubtful = [one.name for one in page.row.estimates if one.warning]
    parts = [f"not met: {', '.join(page.row.unmet)}"] if page.row.unmet else []
    more = f" and {len(doubtful) - _MOST_NAMED} more" if len(doubtful) > _MOST_NAMED else ""
    parts += [f"doubtful: {', '.join(doubtful[:_MOST_NAMED])}{more}"] if doubtful else []
    return "; ".join(parts)


def _total_line(total: TotalRow, names: Sequence[str]) -> Markup:
    by_name = {one.name: one for one in total.estimates}
    trades = f"{total.trades:,} {'trade' if total.trades == 1 else 'trades'}"
    error = None if total.estimates else total.error or "the trades have no Greek in common"
    about = tag("small", f"{trades}: {error}", class_="error") if error else tag("small", trades)
    name = tag("th", tag("span", title_of(total)), " ", about, scope="row")
    return tag("tr", name, *(_cell(by_name.get(name)) for name in names))
