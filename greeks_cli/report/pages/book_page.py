"""HTML report of a book: table of the trades, totals, a page per trade, and the manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greeks_cli import __version__
from greeks_cli.report.pages.book_table import book_table, common_fields, title_of, totals_table
from greeks_cli.report.pages.manifest import manifest_section
from greeks_cli.report.pages.markup import Markup, document, joined, tag
from greeks_cli.report.pages.matrix_map import MatrixMap
from greeks_cli.report.pages.pair_map import pair_maps
from greeks_cli.report.pages.quote_map import quote_maps
from greeks_cli.report.pages.trade_page import TradePage, scroll_box
from greeks_cli.report.text.table import estimate_cell, plain
from greeks_cli.terms.books.book_row import TotalRow
from greeks_cli.terms.glossary import GLOSSARY
from greeks_cli.terms.greek import parse_greek
from greeks_cli.terms.joint_topics import meaning_among_several
from greeks_cli.terms.request import Request


@dataclass(frozen=True, slots=True)
class BookReport:
    """Contents of the report; ``notes`` are about the whole book."""

    name: str
    trades: Sequence[TradePage]
    totals: Sequence[TotalRow]
    manifest: Mapping[str, Any] | None
    notes: Sequence[str]

    def render(self) -> str:
        """HTML document of the report."""
        before, after = [None, *self.trades[:-1]], [*self.trades[1:], None]
        pages = [page.render(*around) for page, *around in zip(self.trades, before, after, strict=True)]
        # The reader of a report on a single trade wants the trade first, not the table.
        parts = [*pages, self._book()] if len(pages) == 1 else [self._book(), *pages]
        return document(
            f"{self.name}: Greeks",
            tag("header", tag("h1", tag("a", self.name, href="#book")), tag("p", self._summary()), self._navigation()),
            tag("main", *parts),
            tag("footer", f"greeks {__version__}"),
        )

    def _summary(self) -> str:
        count = len(self.trades)
        failed = sum(page.row.error is not None for page in self.trades)
        missed = sum(page.row.status == "not met" for page in self.trades)
        doubtful = sum(any(one.warning for one in page.row.estimates) for page in self.trades)
        parts = [f"{count:,} {'trade' if count == 1 else 'trades'}", f"{failed:,} failed"]
        parts += [f"{missed:,} missed a tolerance"] if missed else []
        parts += [f"{doubtful:,} with doubtful error bars"] if doubtful else []
        return ", ".join(parts)

    def _navigation(self) -> Markup:
        totals = {"Totals": "totals"}
        first = {**totals, "Trades": "book"} if self.totals else {"Trades": "book", **totals}
        sections = {**first, "How to read it": "reading", "Manifest": "manifest"}
        links = [tag("a", name, href=f"#{anchor}") for name, anchor in sections.items()]
        return tag("nav", *links, aria_label="Sections")

    def _book(self) -> Markup:
        """Sections on the whole book."""
        return tag(
            "div",
            *(tag("p", note, class_="warning") for note in self.notes),
            *([self._summed()] if self.totals else []),
            tag(
                "section",
                tag("h2", "Trades"),
                tag("p", common_fields(self.trades), "Each estimate with its standard error."),
                book_table(self.trades),
                id="book",
            ),
            self._totals_one_by_one() if self.totals else self._no_totals(),
            tag("section", tag("h2", "How to read it"), *self._reading_guide(), id="reading"),
            manifest_section(self.manifest),
            class_="whole",
        )

    def _summed(self) -> Markup:
        """Totals in one table, and as heat maps of pairs of underlyings."""
        note = "Each with the standard error of the sum itself: trades on the same paths are added path by path."
        return tag(
            "section",
            tag("h2", "Totals"),
            tag("p", note),
            totals_table(self.totals),
            *self._pairs(),
            *self._quotes(),
            id="totals",
        )

    def _totals_one_by_one(self) -> Markup:
        parts = (part for total in self.totals for part in self._total(total))
        return tag("section", tag("h2", "Totals one by one"), *parts, id="each-total")

    def _no_totals(self) -> Markup:
        text = "None were asked for. With --total, the Greeks that all trades have are added up path by path."
        return tag("section", tag("h2", "Totals"), tag("p", text), id="totals")

    def _pairs(self) -> list[Markup]:
        """Heat maps of the totals by pairs of underlyings; none where totals are of several currencies."""
        named = {total.by["underlying"]: total for total in self.totals if "underlying" in total.by}
        if len({total.by.get("currency") for total in self.totals}) > 1 or not named:
            return []
        gammas = {
            (name, name): (one.value, one.stderr)
            for name, total in named.items()
            for one in total.estimates
            if one.name == "gamma"
        }
        every = [one for total in named.values() for one in total.estimates]
        return _rendered(pair_maps(every, list(named), self._spots(), gammas))

    def _quotes(self) -> list[Markup]:
        """Heat maps of the totals by the quotes of a surface of vols, for each total that has them."""
        found = ((total, quote_maps(total.estimates)) for total in self.totals)
        return [part for total, maps in found if maps for part in (tag("h3", title_of(total)), *_rendered(maps))]

    def _spots(self) -> dict[str, float]:
        """The spot of each underlying, by the first trade on it."""
        found: dict[str, float] = {}
        for page in self.trades:
            if isinstance(page.request, Request) and page.request.is_joint:
                for name, own in page.request.joint_market.underlying.items():
                    found.setdefault(name, own.spot)
            elif isinstance(page.request, Request) and page.row.position.underlying:
                found.setdefault(page.row.position.underlying, page.request.spot)
        return found

    def _total(self, total: TotalRow) -> list[Markup]:
        heading = tag("h3", f"{title_of(total)}: {total.trades:,} {'trade' if total.trades == 1 else 'trades'}")
        if not total.estimates:
            return [heading, tag("p", f"None: {total.error or 'the trades have no Greek in common'}.", class_="error")]
        titles = ("Greek", "total", "bias", "unit")
        head = [tag("th", title, scope="col", class_="number" if 0 < i < 3 else None) for i, title in enumerate(titles)]
        body = [
            tag(
                "tr",
                tag("th", one.name, scope="row"),
                tag("td", estimate_cell(one.value, one.stderr), class_="number"),
                tag("td", plain(one.bias, 1), class_="number"),
                tag("td", one.unit),
            )
            for one in total.estimates
        ]
        table = tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body))
        return [heading, scroll_box(table, title_of(total))]

    def _reading_guide(self) -> list[Markup]:
        names = dict.fromkeys(one.name for page in self.trades for one in page.row.estimates)
        columns = [
            ("estimate ± number", "an estimate and its standard error"),
            ("interval", "holds the expectation of the estimate so often, for statistical error alone"),
            (
                "bias",
                "how large the bias of smoothing and of time steps may be, measured on the same paths; or what unseen "
                "events may add",
            ),
            ("exact, z", "the closed form where one is known, and the distance from it in standard errors"),
            ("doubtful", "the error bar should not be trusted; the trade's page says why"),
        ]
        return [
            joined(_definitions(columns)),
            tag("h3", "Greeks"),
            _definitions([(name, _meaning_of(name)) for name in names]),
        ]


def _rendered(maps: Sequence[MatrixMap]) -> list[Markup]:
    return [one.render() for one in maps]


def _meaning_of(name: str) -> str:
    if name in GLOSSARY:
        return GLOSSARY[name].meaning
    if among := meaning_among_several(parse_greek(name), {known: one.meaning for known, one in GLOSSARY.items()}):
        return among
    return f"derivative of the price with {name.removeprefix('d(').removesuffix(')').replace(',', ', ')}"


def _definitions(pairs: Sequence[tuple[str, str]]) -> Markup:
    return tag("dl", *(part for name, text in pairs for part in (tag("dt", name), tag("dd", text))))
