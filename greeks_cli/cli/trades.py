"""Trades of a book from files and flags, and messages about rejected trades."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from greeks_cli.cli.messages import say
from greeks_cli.cli.source import Source
from greeks_cli.terms.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from greeks_cli.book.records import Reading
    from greeks_cli.terms.totals import Rates, Total
    from greeks_cli.terms.trade import ReadLine, Rejected, Trade

_SHOWN = 20

Found = TypeVar("Found")


class BookRead(NamedTuple):
    """Trades of a book, the SHA-256 of every file that they were read from, and rates of exchange."""

    trades: "list[Trade | Rejected]"
    digests: dict[str, str]
    rates: "Rates | None"


def read_trades(
    files: Sequence[str], market: Path | None, flags: Source, reading: "Reading", content: bytes | None = None
) -> "BookRead":
    """The trades of files.

    ``content`` is the content of the one file, where that is read already. Raises InvalidInput where a file is not a
    book, or a setting of all trades is wrong; the error then holds the problems of each trade, too, unless the market
    cannot be read.
    """
    from greeks_cli.book.book import Settings, trades_of
    from greeks_cli.book.records import Sheet, read_sheet, sheet_of
    from greeks_cli.book.underlyings import market_sheet, rates_of
    from greeks_cli.terms.request import DEFAULT_GREEKS
    from greeks_cli.terms.trade import problems_of

    problems: list[Problem] = []
    settings = _unless_wrong(problems, lambda: market_sheet(str(market), reading, files) if market else Sheet(""))
    common = settings or Sheet("")
    if common.records or common.grid:
        problems.append(Problem(("--market",), "is for settings; give trades and grids as FILE", str(market)))
    _unless_wrong(problems, flags.validate)
    if files.count("-") > 1:
        problems.append(Problem(("-",), "standard input can be read once only"))
    _unless_wrong(problems, partial(reading.check, [*files, *([str(market)] if market else [])]))
    reading = reading.beside(settings)
    read = read_sheet if content is None else partial(sheet_of, content)
    found = [_unless_wrong(problems, partial(read, name, reading)) for name in files]
    sheets = [sheet for sheet in found if sheet]
    overrides = Settings(flags.sections, None if flags.greeks is DEFAULT_GREEKS else flags.greeks)
    lines = _unless_wrong(problems, partial(trades_of, sheets, common, overrides)) if sheets else []
    rates = _unless_wrong(problems, lambda: rates_of([common, *sheets]))
    if problems:
        # Without its market, a trade has problems that are none.
        raise InvalidInput([*problems, *problems_of(lines or [] if settings else [])])
    digests = {sheet.file: sheet.digest for sheet in (common, *sheets) if sheet.digest}
    return BookRead(_solved(lines or []), digests, rates)


def _solved(lines: "Sequence[ReadLine]") -> "list[Trade | Rejected]":
    """The trades of a book, those with quotes solved; without quotes no solver is imported."""
    from greeks_cli.terms.trade import UnsolvedTrade

    if any(isinstance(line, UnsolvedTrade) for line in lines):
        from greeks_cli.run.quotes import solved

        return solved(lines)
    return [line for line in lines if not isinstance(line, UnsolvedTrade)]


def _unless_wrong(problems: list[Problem], work: Callable[[], Found]) -> Found | None:
    """The result of ``work``; where it raises InvalidInput, None, and the error's problems go to ``problems``."""
    try:
        return work()
    except InvalidInput as error:
        problems += error.problems
        return None


def refuse_rejected(trades: "Sequence[Trade | Rejected]") -> None:
    """Raise InvalidInput with the problems of all rejected trades, where there are any."""
    from greeks_cli.terms.trade import problems_of

    if problems := problems_of(trades):
        raise InvalidInput(problems)


def tell(trades: "Sequence[Trade | Rejected]") -> None:
    """Report the problems of rejected trades, and the Greeks left out of valid trades, on stderr."""
    from greeks_cli.terms.trade import Rejected, Trade

    rejected = [trade for trade in trades if isinstance(trade, Rejected)]
    for trade in rejected[:_SHOWN]:
        for problem in trade.problems:
            say(problem.line(str(problem.path[0])))
    if len(rejected) > _SHOWN:
        say(f"and {len(rejected) - _SHOWN:,} more trades that are not valid")
    left_out = (problem for trade in trades if isinstance(trade, Trade) for problem in trade.request.left_out)
    remarks = {remark for trade in trades if isinstance(trade, Trade) for remark in trade.request.remarks}
    for remark in sorted(remarks):
        say(f"note: {remark}")
    for greek, why in sorted({(str(problem.value), problem.message) for problem in left_out}):
        say(f"note: where nobody asks for it, {greek} is left out: {why}")


def tell_defaults(trades: "Sequence[Trade | Rejected]", are_added: bool) -> None:
    """Report on stderr how many trades take a default spot or rate, and spots without the names of underlyings.

    ``are_added`` is true where totals are asked for.
    """
    from greeks_cli.terms.position import UNIT_POSITION
    from greeks_cli.terms.trade import Trade

    valid = [trade for trade in trades if isinstance(trade, Trade)]
    for name in ("spot", "rate"):
        taken = [trade for trade in valid if name in trade.defaults]
        if taken:
            value = getattr(taken[0].request.parts[0].market, name)
            say(f"note: {_counted(taken)} no {name}, and {'take' if len(taken) > 1 else 'takes'} {value:g}")
    spots: dict[str, set[float]] = {}
    for trade in valid:
        if trade.position.underlying and not trade.request.is_joint:
            spots.setdefault(trade.position.underlying, set()).add(trade.request.spot)
    for name, own in spots.items():
        if len(own) > 1:
            say(f"note: underlying '{name}' has {len(own)} spots; its totals add Greeks at different spots")
    single = [trade for trade in valid if not trade.request.is_joint]
    unnamed = {trade.request.spot for trade in single if trade.position.underlying is None}
    if len(unnamed) > 1 and (are_added or any(trade.position != UNIT_POSITION for trade in valid)):
        say(f"note: trades without an underlying have {len(unnamed)} spots; name the underlying of each")


def asked_totals(
    trades: "Sequence[Trade | Rejected]", rates: "Rates | None", total: bool, by: str | None
) -> "list[Total]":
    """The totals that are asked for. Raises InvalidInput where a field or a rate is missing."""
    from greeks_cli.terms.totals import totals_of

    if by is not None and not by.strip(" ,"):
        raise InvalidInput([Problem(("--total-by",), "names no field; write one such as underlying or tags.desk", by)])
    if not total and not by:
        return []
    return totals_of(trades, [name.strip() for name in (by or "").split(",") if name.strip()], rates)


def _counted(trades: "Sequence[Trade]") -> str:
    return f"{len(trades):,} trades have" if len(trades) > 1 else f"trade '{trades[0].id}' has"
