"""Page of one trade in the report of a book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from greeks_cli.report.headline import headline
from greeks_cli.report.pages.markup import Markup, joined, tag
from greeks_cli.report.pages.pair_map import pair_maps
from greeks_cli.report.pages.panel import panel
from greeks_cli.report.pages.quote_map import quote_maps
from greeks_cli.report.rows import Row
from greeks_cli.report.text.table import COLUMNS, cells_of
from greeks_cli.terms.books.book_row import Estimated, TradeRow
from greeks_cli.terms.books.position import UNIT_POSITION, Position
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.result import Unsimulated
from greeks_cli.terms.results.spot_curves import SpotCurves
from greeks_cli.terms.simulation import Estimator, Smoothing

_NO_SMOOTHING = "no smoothing bias; what bias there is bounds unseen events and time steps."
_METHODS = {
    "likelihood": f"The path stays and its probability moves; {_NO_SMOOTHING}",
    "mixed": f"The first derivative pathwise, the others by likelihood; {_NO_SMOOTHING}",
    Unsimulated.CLOSED_FORM: "An exact formula; nothing is simulated.",
    Unsimulated.EXPIRED: "The contract has expired: its payoff at the spot, and no Greeks.",
    "conditional": f"A smooth part of the payoff pathwise, the rest by likelihood or mixed; {_NO_SMOOTHING}",
}
"""Descriptions of the estimators without smoothing."""
_LEFT_ALIGNED = ("estimator", "unit")


@dataclass(frozen=True, slots=True)
class TradePage:
    """Result row, request and curves of a trade; text in place of a request or of curves is the reason for none."""

    row: TradeRow
    request: Request | str
    curves: Sequence[SpotCurves] | str

    @property
    def anchor(self) -> str:
        """Address of the trade and id of the trade's element. Both are quoted: browsers compare the two as written."""
        return f"trade-{quote(self.row.id, safe='')}"

    @property
    def described(self) -> str:
        """Contract in words."""
        if isinstance(self.request, Request):
            return self.request.contract.describe()
        return ", ".join(f"{name} {value}" for name, value in self.row.contract.items() if value is not None)

    @property
    def interval(self) -> str:
        """Name of the interval, with the confidence level if there is a request."""
        if not isinstance(self.request, Request):
            return "interval"
        return f"{100 * self.request.simulation.confidence:g}% interval"

    def render(self, before: "TradePage | None", after: "TradePage | None") -> Markup:
        """Page with links to the previous trade, the next trade and the book; a single trade is always visible."""
        alone = before is after is None
        links = [
            tag("a", "All trades", href="#book"),
            tag("a", f"← {before.row.id}", href=f"#{before.anchor}", rel="prev") if before else None,
            tag("a", f"{after.row.id} →", href=f"#{after.anchor}", rel="next") if after else None,
        ]
        body = self._error() if self.row.error is not None else self._sections()
        return tag(
            "article",
            None if alone else tag("nav", *links, aria_label="Trades"),
            self._heading(alone),
            *body,
            tag("p", f"Key {self.row.key}, version {self.row.version}", class_="small"),
            class_="trade alone" if alone else "trade",
            id=self.anchor,
        )

    def _heading(self, alone: bool) -> Markup:
        """Id over the request. A single trade is headed by the contract: an id such as 1 says less."""
        name, lines = self.row.id, self._request_lines() if self.row.error is None else []
        if alone and len(lines) > 1:
            name, *lines = lines
        return joined(tag("h2", name), *(tag("p", line, class_="asked") for line in lines))

    def _request_lines(self) -> list[str]:
        """Contract, market and simulation; without a request, the fields of the row in one line."""
        if not isinstance(self.request, Request):
            facts = {**self.row.contract, **self.row.market}
            return [", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)]
        paths = self.request.simulation.paths if self.row.paths is None else self.row.paths
        heading = headline(self.request, paths, steps=self.row.steps)
        return [heading.contract, *_position_line(self.row.position), heading.market, heading.simulation]

    def _error(self) -> list[Markup]:
        return [tag("p", tag("b", "No result: "), self.row.error, class_="error")]

    def _sections(self) -> list[Markup]:
        unmet = ", ".join(self.row.unmet)
        return [
            *([tag("p", tag("b", "Not met: "), f"the tolerance {unmet}", class_="warning")] if unmet else []),
            _estimates(self.row, self.interval),
            *_warnings(self.row.estimates),
            *self._pairs(),
            *self._quotes(),
            tag("h3", "Along the spot"),
            *self._panels(),
            tag("h3", "How each Greek was estimated"),
            self._estimators(),
        ]

    def _panels(self) -> list[Markup]:
        if isinstance(self.curves, str) or not isinstance(self.request, Request):
            return [tag("p", self.curves if isinstance(self.curves, str) else "")]
        along = [part for curves in self.curves for part in self._along(curves, self.request.values[curves.parameter])]
        drawn = {curve.greek.name for curves in self.curves for curve in curves.curves}
        left_out = [estimate.name for estimate in self.row.estimates if estimate.name not in drawn]
        return [*along, *([tag("p", f"Not drawn: {', '.join(left_out)}.", class_="small")] if left_out else [])]

    def _along(self, curves: SpotCurves, today: float) -> list[Markup]:
        """The panels of curves along one spot, and how they were made."""
        by_name = {estimate.name: estimate for estimate in self.row.per_unit}
        drawn = [(curve, by_name[curve.greek.name]) for curve in curves.curves if curve.greek.name in by_name]
        name, units = curves.parameter, self.row.units
        panels = [panel(curves.spots, curve, units, today, estimate, name) for curve, estimate in drawn]
        return [tag("div", *panels, class_="panels"), tag("p", self._caption(curves), class_="small")]

    def _caption(self, curves: SpotCurves) -> str:
        of_unit = " of one unit" if self.row.position.scale != 1 else ""
        sentences = [
            f"{len(curves.spots)} spots from {curves.spots[0]:g} to {curves.spots[-1]:g}; "
            f"the dot is the estimate at today's spot{of_unit}, with its {self.interval} and bias bound.",
            f"Monte Carlo: {curves.paths:,} paths at every spot, the same random numbers and one method for each Greek "
            f"at all of them; the band is the {self.interval} and the bias bound, an open dot a doubtful error bar."
            if curves.paths
            else None,
        ]
        return " ".join(part for part in sentences if part)

    def _pairs(self) -> list[Markup]:
        """Heat maps of the Greeks in pairs of underlyings; none where there is one underlying."""
        if not isinstance(self.request, Request) or not isinstance(self.request.market, JointMarket):
            return []
        market = self.request.market
        spots = {name: own.spot for name, own in market.underlying.items()}
        maps = pair_maps(self.row.estimates, market.names, spots)
        return [tag("h3", "By pairs of underlyings"), *(one.render() for one in maps)] if maps else []

    def _quotes(self) -> list[Markup]:
        """Heat maps of the Greeks at the quotes of a surface of vols."""
        maps = quote_maps(self.row.estimates)
        return [tag("h3", "By quotes of the surface"), *(one.render() for one in maps)] if maps else []

    def _estimators(self) -> Markup:
        lines = []
        for name in dict.fromkeys(one.estimator for one in self.row.estimates):
            greeks = ", ".join(one.name for one in self.row.estimates if one.estimator == name)
            description = self._pathwise_description() if name == Estimator.PATHWISE else _METHODS.get(name, "")
            lines.append(tag("li", tag("b", f"{greeks}: "), f"{name}. {description}"))
        return tag("ul", *lines)

    def _pathwise_description(self) -> str:
        start = "The path moves with the parameters"
        if not isinstance(self.request, Request):
            return f"{start}."
        simulation = self.request.simulation
        if simulation.smoothing is Smoothing.NONE:
            return f"{start}; kinks stay sharp."
        if simulation.fixed_width is not None:
            return (
                f"{start}; every kink is a softplus of width {simulation.fixed_width:g}, and bias bounds what it adds."
            )
        return f"{start}; kinks are smoothed from the second derivative on, and bias bounds what that adds."


def _position_line(position: Position) -> list[str]:
    """The position in words; nothing where none is stated."""
    if position == UNIT_POSITION:
        return []
    on = f" on {position.underlying}" if position.underlying else ""
    times = f" x {position.multiplier:,g}" if position.multiplier != 1 else ""
    currency = [position.currency] if position.currency else []
    tags = [f"{name} {value}" for name, value in position.tags.items()]
    return [", ".join([f"Position of {position.quantity:,g}{times}{on}", *currency, *tags])]


def _estimates(row: TradeRow, interval: str) -> Markup:
    """Table of ``greeks price``."""
    titles = ["Greek", *(interval if column == "interval" else column for column in COLUMNS)]
    styles = ["", *("" if column in _LEFT_ALIGNED else "number" for column in COLUMNS)]
    head = [tag("th", title, scope="col", class_=style or None) for title, style in zip(titles, styles, strict=True)]
    body = [_line(cells_of(_row(estimate)), styles) for estimate in row.estimates]
    return scroll_box(tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body)), f"Estimates of {row.id}")


def scroll_box(table: Markup, label: str) -> Markup:
    """Table that scrolls where wider than the screen, also from the keyboard."""
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label=label)


def _line(cells: Mapping[str, str], styles: Sequence[str]) -> Markup:
    first, *others = cells.values()
    rest = [tag("td", text, class_=style or None) for text, style in zip(others, styles[1:], strict=True)]
    return tag("tr", tag("th", first, scope="row"), *rest)


def _row(estimate: Estimated) -> Row:
    return Row(
        estimate.name,
        estimate.value,
        estimate.stderr,
        estimate.low,
        estimate.high,
        estimate.bias,
        estimate.exact,
        estimate.unit,
        estimate.estimator,
        estimate.warning,
    )


def _warnings(estimates: Sequence[Estimated]) -> list[Markup]:
    items = [tag("li", tag("b", f"{one.name}: "), one.warning) for one in estimates if one.warning]
    return [tag("ul", *items, class_="warning")] if items else []
