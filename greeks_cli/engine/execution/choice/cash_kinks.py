"""Dividends in cash as a reason against a method: they move kinks while paths are held fixed, of each underlying."""

from collections.abc import Iterator

from greeks_cli.engine.autodiff.mixed_partials import MultiIndex
from greeks_cli.terms.greek import TIME
from greeks_cli.terms.markets.dividends import CashDividends
from greeks_cli.terms.nodes import curve_of
from greeks_cli.terms.request import Request
from greeks_cli.terms.underlyings import is_correlation, local, underlying_of


def pays_cash(request: Request) -> bool:
    """True if an underlying pays a dividend in cash before the contract's last date."""
    return any(part.cash_dividends for part in request.parts)


def cash_moves_kinks(request: Request, index: MultiIndex) -> bool:
    """True if a derivative moves what dividends are worth at a date of the contract, and kinks with it.

    A dividend does, and so does what the value of escrowed dividends at a date depends on.
    """
    return any(_moves_kinks(cash, own) for cash, own in _each(request, index))


def _moves_kinks(cash: CashDividends, index: MultiIndex) -> bool:
    if any(name in cash.names for name in index):
        return True
    still = ("vol", TIME)
    moving = [name for name in index if name != "spot" and not is_correlation(name) and curve_of(name) not in still]
    return cash.moves_dates and bool(moving)


def starts_by(request: Request, parameter: str) -> bool:
    """True if a parameter moves the start of an escrowed price alone, or with its path: rates move it beside."""
    escrowed = [own for cash, own in _each(request, (parameter,)) if not cash.jumps]
    return not any(escrowed) or is_correlation(parameter) or curve_of(local(parameter)) in ("spot", "vol")


def _each(request: Request, index: MultiIndex) -> Iterator[tuple[CashDividends, MultiIndex]]:
    """The dividends of each underlying that pays some, and the parameters that it depends on, by its own names."""
    names = request.joint_market.names if request.is_joint else (None,)
    for name, part in zip(names, request.parts, strict=True):
        if part.cash_dividends:
            yield part.cash_dividends, tuple(local(one) for one in index if underlying_of(one) in (None, name))
