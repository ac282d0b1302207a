"""Trades of a book from files and flags, and messages about rejected trades."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from greeks_cli.cli.messages import say
from greeks_cli.cli.source import Source
from greeks_cli.terms.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from greeks_cli.book.records import Reading
    from greeks_cli.terms.trade import Rejected, Trade

_SHOWN = 20

Found = TypeVar("Found")


def read_trades(
    files: Sequence[str], market: Path | None, flags: Source, reading: "Reading", content: bytes | None = None
) -> "tuple[list[Trade | Rejected], dict[str, str]]":
    """The trades, and the SHA-256 of every file that they were read from.

    ``content`` is the content of the one file, where that is read already. Raises InvalidInput where a file is not a
    book, or a setting of all trades is wrong; the error then holds the problems of each trade, too.
    """
    from greeks_cli.book.book import Settings, problems_of, trades_of
    from greeks_cli.book.records import Sheet, read_sheet, sheet_of
    from greeks_cli.terms.request import DEFAULT_GREEKS

    problems: list[Problem] = []
    common = _unless_wrong(problems, lambda: read_sheet(str(market)) if market else None) or Sheet("")
    if common.records or common.grid:
        problems.append(Problem(("--market",), "is for settings; give trades and grids as FILE", str(market)))
    _unless_wrong(problems, flags.validate)
    if files.count("-") > 1:
        problems.append(Problem(("-",), "standard input can be read once only"))
    _unless_wrong(problems, partial(reading.check, files))
    read = read_sheet if content is None else partial(sheet_of, content)
    found = [_unless_wrong(problems, partial(read, name, reading)) for name in files]
    sheets = [sheet for sheet in found if sheet]
    overrides = Settings(flags.sections, None if flags.greeks is DEFAULT_GREEKS else flags.greeks)
    trades = _unless_wrong(problems, partial(trades_of, sheets, common, overrides)) if sheets else []
    if problems:
        raise InvalidInput([*problems, *problems_of(trades or [])])
    digests = {sheet.file: sheet.digest for sheet in (common, *sheets) if sheet.digest}
    return trades or [], digests


def _unless_wrong(problems: list[Problem], work: Callable[[], Found]) -> Found | None:
    """The result of ``work``; where it raises InvalidInput, None, and the error's problems go to ``problems``."""
    try:
        return work()
    except InvalidInput as error:
        problems += error.problems
        return None


def refuse_rejected(trades: "Sequence[Trade | Rejected]") -> None:
    """Raise InvalidInput with the problems of all rejected trades, where there are any."""
    from greeks_cli.book.book import problems_of

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
    for greek, why in sorted({(str(problem.value), problem.message) for problem in left_out}):
        say(f"note: where nobody asks for it, {greek} is left out: {why}")
