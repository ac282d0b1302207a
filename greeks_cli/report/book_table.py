"""The table of all trades: sorted by the reader, and in the order of the book without a script."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from greeks_cli.report.markup import Child, Markup, tag
from greeks_cli.report.table import estimate_cell
from greeks_cli.report.trade_page import TradePage, scrolling
from greeks_cli.terms.book_row import Summed, TotalRow
from greeks_cli.terms.request import Request


@dataclass(frozen=True, slots=True)
class _Number:
    """What a request may say in a number that is worth a column where trades differ in it."""

    title: str
    of: Callable[[Request], float]


_NUMBERS = (
    _Number("expiry", lambda request: request.contract.expiry),
    _Number("spot", lambda request: request.market.spot),
    _Number("vol", lambda request: request.market.vol),
    _Number("rate", lambda request: request.market.rate),
    _Number("dividend yield", lambda request: request.market.dividend_yield),
)


_CROWDS = {"packed": 11, "crowded": 7}
"""Greeks beyond which a sheet of paper wants smaller letters."""


def facts_of_all(trades: Sequence[TradePage]) -> str:
    """The numbers in which the trades agree, which have no column."""
    same = [f"{number.title} {found[0]:g}" for number in _NUMBERS if len(found := _values(trades, number)) == 1]
    return f"All: {', '.join(same)}. " if same else ""


def book_table(trades: Sequence[TradePage], total: TotalRow | None) -> Markup:
    """A row for every trade, which leads to its page, and one for the totals."""
    numbers = [number for number in _NUMBERS if len(_values(trades, number)) > 1]
    units = {one.name: one.unit for page in trades for one in page.row.estimates}
    noted = any(_note(page) for page in trades)
    head = tag(
        "tr",
        *(_heading(title) for title in ("Trade", "Contract")),
        _heading("Notes") if noted else None,
        *(_heading(number.title, "number") for number in numbers),
        *(_heading(name, "number", unit) for name, unit in units.items()),
    )
    body = [_line(page, numbers, list(units), noted) for page in trades]
    foot = tag("tfoot", _total_line(total, noted + len(numbers), list(units))) if total and total.estimates else None
    style = next((f"sortable {crowd}" for crowd, most in _CROWDS.items() if len(units) > most), "sortable")
    table = tag("table", tag("thead", head), tag("tbody", *body), foot, class_=style)
    return scrolling(table, "Trades")


def _values(trades: Sequence[TradePage], number: _Number) -> list[float]:
    return list(dict.fromkeys(number.of(page.request) for page in trades if isinstance(page.request, Request)))


def _heading(title: str, style: str | None = None, unit: str | None = None) -> Markup:
    return tag("th", tag("span", title), tag("small", unit) if unit else None, scope="col", class_=style)


def _line(page: TradePage, numbers: Sequence[_Number], names: Sequence[str], noted: bool) -> Markup:
    by_name = {one.name: one for one in page.row.estimates}
    failed = page.row.error is not None
    return tag(
        "tr",
        tag("th", tag("a", page.row.id, href=f"#{page.anchor}"), scope="row"),
        tag("td", page.row.error if failed else page.described, class_="error" if failed else "contract"),
        tag("td", _note(page), class_="notes") if noted else None,
        *(_number_cell(page.request, number) for number in numbers),
        *(_cell(by_name.get(name), bool(name in by_name and by_name[name].warning)) for name in names),
    )


def _number_cell(request: Request | str, number: _Number) -> Markup:
    if not isinstance(request, Request):
        return tag("td", "-", class_="number")
    value = number.of(request)
    return tag("td", f"{value:g}", class_="number", data_value=repr(value))


def _cell(estimate: Summed | None, doubtful: bool = False) -> Markup:
    if estimate is None:
        return tag("td", "-", class_="number")
    text: Child = estimate_cell(estimate.value, estimate.stderr)
    return tag("td", text, class_="number doubtful" if doubtful else "number", data_value=f"{estimate.value:.12g}")


def _note(page: TradePage) -> str:
    """In a few words, what the trade's page says in many."""
    doubtful = [one.name for one in page.row.estimates if one.warning]
    parts = ["failed"] if page.row.error is not None else []
    parts += [f"not met: {', '.join(page.row.unmet)}"] if page.row.unmet else []
    parts += [f"doubtful: {', '.join(doubtful)}"] if doubtful else []
    return "; ".join(parts)


def _total_line(total: TotalRow, skipped: int, names: Sequence[str]) -> Markup:
    by_name = {one.name: one for one in total.estimates}
    return tag(
        "tr",
        tag("th", tag("a", "Total", href="#totals"), scope="row"),
        tag("td", f"{total.trades:,} trades"),
        *(tag("td") for _ in range(skipped)),
        *(_cell(by_name.get(name)) for name in names),
    )
