"""Answers to one request: a price, a profile, a check."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from greeks_cli.api.shown import HtmlTable, Shown
from greeks_cli.report.formats.estimates import Format, document, render
from greeks_cli.report.formats.profile import profile_lines
from greeks_cli.report.formats.profile import render as render_profile
from greeks_cli.report.headline import headline, profile_headline
from greeks_cli.report.rows import Row, rows
from greeks_cli.report.text.check_table import check_table
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import COLUMNS, cells_of, estimate_cell
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.markets.joint_market import JointMarket
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.request import Request
from greeks_cli.terms.results.profile import Profile
from greeks_cli.terms.results.result import Result
from greeks_cli.terms.results.studies import MethodResult
from greeks_cli.terms.units import Units


def notes_of(request: Request) -> tuple[str, ...]:
    """Greeks of a request that are left out, with the reason, and remarks on its dates."""
    left_out = (f"{problem.value} is left out: {problem.message}" for problem in request.left_out)
    return (*left_out, *request.remarks)


@dataclass(frozen=True)
class PriceResult(Shown):
    """The price and the Greeks of a contract, in the units asked for.

    ``result["delta"]`` is an estimate with ``value``, ``stderr``, ``low``, ``high``, ``bias``, ``exact``, ``unit``,
    ``estimator`` and ``warning``; ``result.price`` is that of the price.
    """

    result: Result
    units: Units
    currency: str | None = None
    """The name of the unit of money."""

    @cached_property
    def estimates(self) -> tuple[Row, ...]:
        """The estimates, that of the price first."""
        return tuple(rows(self.result, self.units, self.currency))

    @property
    def price(self) -> Row:
        """The estimate of the price."""
        return self.estimates[0]

    def __getitem__(self, name: str) -> Row:
        try:
            return next(estimate for estimate in self.estimates if estimate.name == name)
        except StopIteration:
            raise KeyError(f"{name}: not among {', '.join(self.greeks)}") from None

    def __iter__(self) -> Iterator[Row]:
        return iter(self.estimates)

    @property
    def greeks(self) -> tuple[str, ...]:
        """The names of the estimates."""
        return tuple(estimate.name for estimate in self.estimates)

    @property
    def contract(self) -> Contract:
        return self.result.request.contract

    @property
    def market(self) -> Market | JointMarket:
        """The market, with the vol or the dividend yield that a quote has given."""
        return self.result.request.market

    @property
    def paths(self) -> int:
        """The number of paths; 0 where nothing is simulated."""
        return self.result.paths

    @property
    def elapsed_seconds(self) -> float:
        return self.result.elapsed_seconds

    @property
    def warnings(self) -> dict[str, str]:
        """The reason not to trust an error bar, by the name of the estimate."""
        return {estimate.name: estimate.warning for estimate in self.estimates if estimate.warning}

    @property
    def unmet(self) -> tuple[str, ...]:
        """The tolerances that are not met."""
        return tuple(map(str, self.result.unmet))

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # a field of other answers
        """Greeks left out, remarks on dates, and tolerances that are not met."""
        return (*notes_of(self.result.request), *(f"tol {target}: not met" for target in self.unmet))

    def text(self, screen: Screen) -> str:
        return render(self.result, Format.TABLE, self.units, screen, self.currency)

    def rows(self) -> list[dict[str, Any]]:
        return list(self.to_dict()["estimates"])

    def to_dict(self) -> dict[str, Any]:
        """The answer with the keys of ``greeks price --format json``."""
        return document(self.result, self.units, self.currency)

    def __repr__(self) -> str:
        shown = ", ".join(f"{one.name} {estimate_cell(one.value, one.stderr)}" for one in self.estimates)
        return f"<PriceResult: {shown}>"

    def _html(self) -> HtmlTable:
        found, result = [cells_of(one) for one in self.estimates], self.result
        title = headline(result.request, result.paths, result.shift, result.steps).line
        notes = [f"{name}: {why}" for name, why in self.warnings.items()]
        body = [[cells["name"], *(cells[column] for column in COLUMNS)] for cells in found]
        return HtmlTable(title, ["Greek", *COLUMNS], body, [*notes, *self.notes])


@dataclass(frozen=True)
class ProfileResult(Shown):
    """The price and the Greeks at every point of one parameter or two, the last one fastest."""

    profile: Profile
    units: Units

    @property
    def points(self) -> list[tuple[dict[str, float], PriceResult]]:
        """The values of the parameters at each point, and the answer there."""
        return [(place, PriceResult(result, self.units)) for place, result in self.profile.points()]

    def __getitem__(self, name: str) -> list[Row]:
        """One Greek at every point."""
        return [result[name] for _, result in self.points]

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # a field of other answers
        return notes_of(self.profile.results[0].request)

    def text(self, screen: Screen) -> str:
        text = render_profile(self.profile, "table", self.units, self.profile.greeks, screen)
        assert isinstance(text, str)  # a table is no picture
        return text

    def rows(self) -> list[dict[str, Any]]:
        return list(profile_lines(self.profile, self.units))

    def __repr__(self) -> str:
        axes = " and ".join(f"{len(axis.values)} values of {axis.name}" for axis in self.profile.axes)
        return f"<ProfileResult: {', '.join(greek.name for greek in self.profile.greeks)} at {axes}>"

    def _html(self) -> HtmlTable:
        axes = [axis.name for axis in self.profile.axes]
        body = [
            [*(f"{value:g}" for value in place.values()), *(estimate_cell(one.value, one.stderr) for one in result)]
            for place, result in self.points
        ]
        columns = [*axes, *(greek.name for greek in self.profile.greeks)]
        return HtmlTable(profile_headline(self.profile).line, columns, body, self.notes)


@dataclass(frozen=True)
class CheckResult(Shown):
    """Every Greek by every method that applies, compared with the most accurate one."""

    request: Request
    methods: Sequence[MethodResult]
    limit: float
    """The largest distance at which methods agree, in standard errors."""

    @property
    def agrees(self) -> bool:
        """True if every method agrees with the most accurate one."""
        return not self.disagreeing

    @property
    def disagreeing(self) -> list[MethodResult]:
        """The methods beyond the limit."""
        return [one for one in self.methods if one.z is not None and abs(one.z) > self.limit]

    @property
    def notes(self) -> tuple[str, ...]:  # type: ignore[override]  # a field of other answers
        return notes_of(self.request)

    @property
    def _title(self) -> str:
        return f"{self.request.contract.describe()} | {self.request.market.describe()}"

    def text(self, screen: Screen) -> str:
        return check_table(self._title, self.methods, self.limit, screen)

    def rows(self) -> list[dict[str, Any]]:
        return [{field.name: getattr(one, field.name) for field in fields(one)} for one in self.methods]

    def __repr__(self) -> str:
        return f"<CheckResult: {len(self.disagreeing)} of {len(self.methods)} results disagree>"

    def _html(self) -> HtmlTable:
        from greeks_cli.api.shown import cells

        own = self.rows()
        return HtmlTable(self._title, list(own[0]), [cells(row) for row in own], self.notes)
