"""Settings that trades have in common: those of files, of flags and of underlyings' markets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from greeks_cli.book.fields import FIELDS, SHARED
from greeks_cli.book.grid import Axes, axes_of, few_enough
from greeks_cli.book.joint_trades import Markets, of_one
from greeks_cli.book.keys import meaning_of
from greeks_cli.book.records import Sheet
from greeks_cli.book.underlyings import markets_of
from greeks_cli.terms.books.settings import check_shared, overridden
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.request import SECTIONS


@dataclass(frozen=True)
class Settings:
    """Settings that trades inherit unless they override them."""

    sections: Mapping[str, Mapping[str, Any]]
    greeks: object = None

    def under(self, other: "Settings") -> "Settings":
        """Settings overridden by ``other``."""
        names = (*SECTIONS, "position")
        sections = {n: overridden(self.sections.get(n, {}), other.sections.get(n, {})) for n in names}
        return Settings(sections, self.greeks if other.greeks is None else other.greeks)


@dataclass(frozen=True)
class Common:
    """Settings and grid of all trades of a sheet; the settings common to all sheets are merged in."""

    settings: Settings
    """The settings of the files."""
    overrides: Settings
    """Flags, which win over files."""
    grid: Axes
    wrong: frozenset[tuple[str | int, ...]]
    """Paths of settings that are wrong for every trade; each is reported once."""
    underlyings: Markets
    passthrough: frozenset[str]
    _merged: dict[str, Settings] = field(default_factory=dict)

    def market_of(self, market: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields of the market of an underlying under the settings of all trades."""
        return self.of_market(market).sections.get("market", {})

    def of_market(self, market: Mapping[str, Any]) -> Settings:
        """The settings with the market of an underlying, and with flags."""
        key = repr(market)
        if key not in self._merged:
            self._merged[key] = self.settings.under(Settings({"market": market})).under(self.overrides)
        return self._merged[key]


def common_of(common: Sheet, overrides: Settings) -> Common:
    """Settings that trades have in common that come one by one. Raises InvalidInput with every problem."""
    problems = [*common.problems, *in_sections(common)]
    underlyings = markets_together([common], overrides, problems)
    shared = shared_of(common, Sheet(common.file), overrides, underlyings, problems)
    if problems:
        raise InvalidInput(problems)
    return shared


def markets_together(sheets: Sequence[Sheet], overrides: Settings, problems: Sequence[Problem]) -> Markets:
    """The markets of underlyings. Raises InvalidInput, also with ``problems``, where one is wrong."""
    wrong: list[Problem] = []
    found = markets_of(sheets, overrides.sections.get("market", {}), wrong)
    if wrong:
        raise InvalidInput([*problems, *wrong])
    return found


def shared_of(
    common: Sheet, sheet: Sheet, overrides: Settings, underlyings: Markets, problems: list[Problem]
) -> Common:
    """Settings that the trades of a sheet have in common."""
    layers = (_settings(common), _settings(sheet), overrides)
    wrong = frozenset(path for layer in layers for problem in _shared_problems(layer) for path in _concerned(problem))
    flags = replace(overrides, sections={**overrides.sections, "market": of_one(overrides.sections.get("market", {}))})
    axes = axes_of(sheet.grid, partial(sheet.place, "grid"), problems)
    axes = few_enough(axes, sheet.file, problems)
    tags = frozenset((*common.passthrough, *sheet.passthrough))
    return Common(_settings(common).under(_settings(sheet)), flags, axes, wrong, underlyings, tags)


def _settings(sheet: Sheet) -> Settings:
    return Settings(sheet.settings, sheet.greeks)


def _shared_problems(settings: Settings) -> Sequence[Problem]:
    """Problems of settings that are wrong for every trade."""
    try:
        check_shared(settings.sections, settings.greeks or "delta")
    except InvalidInput as error:
        return error.problems
    return ()


def _concerned(problem: Problem) -> Iterator[tuple[str | int, ...]]:
    """The path of a problem of settings, and that of the field which a misspelt key seems to mean."""
    yield problem.path
    key = str(problem.path[-1])
    if key not in FIELDS and (meant := meaning_of(key)):
        yield SHARED.get(meant, "contract"), meant


def in_sections(sheet: Sheet) -> Iterator[Problem]:
    """Problems of a sheet's settings, each with its place in the file."""
    for problem in _shared_problems(_settings(sheet)):
        path = tuple(map(str, problem.path))
        place = " ".join([f"{sheet.place(*path)}: [{path[0]}]", *path[1:]])
        yield Problem((place,), problem.message, problem.value, problem.detail)
