"""From files and flags to the trades of a book, and what is said about those that are none."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from greeks_cli.cli.book_run import say
from greeks_cli.cli.source import Source
from greeks_cli.terms.errors import InvalidInput, Problem

_SHOWN = 20


def read_trades(
    files: Sequence[str], market: Path | None, flags: Source, read: Callable[[str], Any] | None = None
) -> tuple[list[Any], dict[str, str]]:
    """The trades, and the SHA-256 of every file that they were read from.

    ``read`` makes a sheet of a file's name. Raises InvalidInput where a file is no book at all.
    """
    from greeks_cli.book.book import Settings, check_settings, trades_of
    from greeks_cli.book.records import Sheet, read_sheet
    from greeks_cli.terms.request import DEFAULT_GREEKS

    common = read_sheet(str(market)) if market else Sheet("")
    if common.records or common.grid:
        raise InvalidInput([Problem(("--market",), "is for settings; give trades and grids as FILE", str(market))])
    defaults = Settings(common.settings, common.greeks)
    check_settings(defaults, common.file)
    flags.validate()
    overrides = Settings(flags.sections, None if flags.greeks is DEFAULT_GREEKS else flags.greeks)
    sheets = []
    problems: list[Problem] = []
    for name in files:
        try:
            sheets.append((read or read_sheet)(name))
        except InvalidInput as error:
            problems += error.problems
    if files.count("-") > 1:
        problems.append(Problem(("-",), "standard input can be read once only"))
    if problems:
        raise InvalidInput(problems)
    digests = {sheet.file: sheet.digest for sheet in (common, *sheets) if sheet.digest}
    return trades_of(sheets, defaults, overrides), digests


def refuse_rejected(trades: Sequence[Any]) -> None:
    """Raise InvalidInput, with all that is wrong, where a trade is not valid."""
    from greeks_cli.terms.trade import Rejected

    if problems := [problem for trade in trades if isinstance(trade, Rejected) for problem in trade.problems]:
        raise InvalidInput(problems)


def tell(trades: Sequence[Any]) -> None:
    """Say what is wrong with the trades that are not valid, and what is left out of those that are."""
    from greeks_cli.terms.trade import Rejected, Trade

    rejected = [trade for trade in trades if isinstance(trade, Rejected)]
    for trade in rejected[:_SHOWN]:
        for problem in trade.problems:
            say(problem.line(str(problem.path[0])))
    if len(rejected) > _SHOWN:
        say(f"and {len(rejected) - _SHOWN:,} more trades that are not valid")
    left_out = (problem for trade in trades if isinstance(trade, Trade) for problem in trade.request.left_out)
    for greek, why in sorted({(str(problem.value), problem.message) for problem in left_out}):
        say(f"note: where nobody asks for it, {greek} is left out: {why}")
