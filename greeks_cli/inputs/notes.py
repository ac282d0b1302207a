"""Notes on a book: problems of rejected trades, Greeks left out, and defaults that trades take."""

from collections.abc import Iterator, Sequence

from greeks_cli.terms.books.position import UNIT_POSITION
from greeks_cli.terms.books.trade import Rejected, Trade, problems_by_trade

_SHOWN = 20


def told_problems(trades: Sequence[Trade | Rejected]) -> Iterator[tuple[str | None, str]]:
    """The ids of rejected trades with the lines of the first problems, and a line without an id that counts the rest.

    A problem that several trades share is told once.
    """
    found = problems_by_trade(trades)
    for name, problem in found[:_SHOWN]:
        yield name, problem.line(str(problem.path[0]))
    if len(found) > _SHOWN:
        yield None, f"and {len(found) - _SHOWN:,} more mistakes; each is in the row of its trade"


def notes_on(trades: Sequence[Trade | Rejected]) -> Iterator[str]:
    """Remarks on valid trades, and the reasons of Greeks that nobody asks for and that are left out."""
    valid = [trade for trade in trades if isinstance(trade, Trade)]
    yield from sorted({remark for trade in valid for remark in trade.request.remarks})
    left_out = {(str(problem.value), problem.message) for trade in valid for problem in trade.request.left_out}
    for greek, why in sorted(left_out):
        yield f"where nobody asks for it, {greek} is left out: {why}"


def notes_on_defaults(trades: Sequence[Trade | Rejected], are_added: bool) -> Iterator[str]:
    """The number of trades that take a default spot or rate, and spots without the names of underlyings.

    ``are_added`` is true where totals are asked for.
    """
    valid = [trade for trade in trades if isinstance(trade, Trade)]
    for name in ("spot", "rate"):
        taken = [trade for trade in valid if name in trade.defaults]
        if taken:
            value = getattr(taken[0].request.parts[0].market, name)
            yield f"{_counted(taken)} no {name}, and {'take' if len(taken) > 1 else 'takes'} {value:g}"
    spots: dict[str, set[float]] = {}
    for trade in valid:
        if trade.position.underlying and not trade.request.is_joint:
            spots.setdefault(trade.position.underlying, set()).add(trade.request.spot)
    for name, own in spots.items():
        if len(own) > 1:
            yield f"underlying '{name}' has {len(own)} spots; its totals add Greeks at different spots"
    single = [trade for trade in valid if not trade.request.is_joint]
    unnamed = {trade.request.spot for trade in single if trade.position.underlying is None}
    if len(unnamed) > 1 and (are_added or any(trade.position != UNIT_POSITION for trade in valid)):
        yield f"trades without an underlying have {len(unnamed)} spots; name the underlying of each"


def _counted(trades: Sequence[Trade]) -> str:
    return f"{len(trades):,} trades have" if len(trades) > 1 else f"trade '{trades[0].id}' has"
