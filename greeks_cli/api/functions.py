"""Functions that price one request: its price, a profile, a check."""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any

from greeks_cli.api.answers import CheckResult, PriceResult, ProfileResult
from greeks_cli.api.asking import Terms, asked, plain, threads_of, units_of
from greeks_cli.inputs.axes import parsed_axes, request_over
from greeks_cli.terms.axis import Axis
from greeks_cli.terms.books.position import currency_of
from greeks_cli.terms.errors import InvalidInput, Problem
from greeks_cli.terms.results.result import Progress

Config = str | PathLike[str] | None
"""A TOML file with [contract] [market] [simulation] [accuracy] [dates]."""
Over = str | Mapping[str, str | Iterable[float]] | Iterable[str]
"""Texts such as ``spot=60:140:41``, or the values of each parameter."""


def price(
    contract: Terms = None,
    market: Terms = None,
    *,
    greeks: object = None,
    units: str = "raw",
    currency: str | None = None,
    config: Config = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> PriceResult:
    """The price of a contract and its Greeks by Monte Carlo, each with its error bar.

    ``contract`` is a kind such as ``"barrier"``, a typed term such as ``European(strike=100)``, or a mapping of fields;
    ``market`` is a ``Market`` or a mapping. ``fields`` are the options of ``greeks price`` with underscores:
    ``strike=100, vol=0.2, paths=1e6``; they win over both, and these over ``config``. ``greeks`` is a text or a list,
    ``units`` is one of ``greeks price --units``, and ``currency`` the name of their money. ``progress`` is called with
    (blocks done, blocks in all).

    Raises InvalidInput with every mistake, a line each, and the other subclasses of GreeksError.
    """
    shown, threads, money = units_of(units), threads_of(threads), currency_of(currency, "currency")
    request = asked(contract, market, greeks, config, fields).request()
    from greeks_cli.run.price import run

    return PriceResult(run(request, threads, progress), shown, money)


def profile(
    over: Over,
    contract: Terms = None,
    market: Terms = None,
    *,
    greeks: object = None,
    units: str = "raw",
    config: Config = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> ProfileResult:
    """The Greeks along one parameter, or over two, on the same random numbers.

    ``over`` is ``"spot=60:140:41"``, a list of two such texts, or a mapping of names to values. The other arguments are
    those of ``price``. Raises InvalidInput with every mistake.
    """
    shown, threads, axes = units_of(units), threads_of(threads), _axes(over)
    found = asked(contract, market, greeks, config, fields)
    with found.collected():
        request = request_over(found.source, axes, "over")
    from greeks_cli.run.profile import profile as profiled

    return ProfileResult(profiled(request, axes, threads, progress), shown)


def _axes(over: Over) -> list[Axis]:
    """The axes. Raises InvalidInput."""
    if isinstance(over, str):
        return parsed_axes([over], "over")
    if not isinstance(over, Iterable):
        raise InvalidInput(
            [Problem(("over",), "a text such as spot=60:140:41 is wanted, or values by name", repr(over))]
        )
    if not isinstance(over, Mapping):
        return parsed_axes([str(one) for one in over], "over")
    texts = []
    for name, values in over.items():
        numbers = values if isinstance(values, str) else plain(values)
        if not isinstance(numbers, str | list):
            raise InvalidInput([Problem((f"over {name}",), "a list of values is wanted, or start:stop:count", values)])
        texts.append(f"{name}={numbers if isinstance(numbers, str) else ','.join(map(repr, numbers))}")
    return parsed_axes(texts, "over")


def check(
    contract: Terms = None,
    market: Terms = None,
    *,
    z: float = 4.0,
    greeks: object = None,
    config: Config = None,
    threads: int | None = None,
    **fields: Any,
) -> CheckResult:
    """Every Greek by every method that applies, compared with the most accurate one.

    ``z`` is the largest distance at which methods agree, in standard errors. The other arguments are those of
    ``price``. Raises InvalidInput with every mistake.
    """
    if not isinstance(z, int | float) or not z > 0:
        raise InvalidInput([Problem(("z",), "a number above 0 is wanted", z)])
    threads = threads_of(threads)
    request = asked(contract, market, greeks, config, fields).request()
    from greeks_cli.run.checking import check as checked

    return CheckResult(request, checked(request, threads), z)
