"""Markets of underlyings, rates of exchange, and seeds: what the trades of a book share by the names they give."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from greeks_cli.book.joint_trades import Markets
from greeks_cli.book.records import Reading, Sheet, read_sheet
from greeks_cli.terms.books.settings import check_shared
from greeks_cli.terms.books.totals import Rates
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, few
from greeks_cli.terms.markets.joint_building import problems_of_pairs
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.markets.several import Several, correlations_of
from greeks_cli.terms.underlyings import CORRELATION
from greeks_cli.terms.validation import validated

_OF_MARKET = (*Market.model_fields, "forward")
_OWN = (*_OF_MARKET, "currency")


def market_sheet(name: str, reading: Reading, files: Sequence[str]) -> Sheet:
    """Settings for all trades from a file: TOML or JSON, or CSV with a row for each underlying.

    ``files`` are those of the book, whose columns the reading names, too. Raises InvalidInput.
    """
    sheet = read_sheet(name, reading.of_market(files, ("underlying", *_OWN)))
    if reading.suffix(name) != ".csv":
        return sheet
    if not sheet.records:
        message = "has no rows; write one for each underlying: underlying,spot,vol"
        raise InvalidInput([Problem((sheet.file,), message)])
    problems = list(sheet.problems)
    found: dict[str, dict[str, Any]] = {}
    for record in sheet.records:
        fields = dict(record.fields)
        underlying = str(fields.pop("underlying", "")).strip()
        if not underlying or underlying in found:
            message = "is there twice; keep one row" if underlying else "each row of a market file names its underlying"
            problems.append(Problem((f"{record.place()}: underlying",), message, underlying or None))
        found[underlying] = fields
    return Sheet(sheet.file, digest=sheet.digest, problems=tuple(problems), underlyings=found, columns=sheet.columns)


def markets_of(sheets: Sequence[Sheet], flags: Mapping[str, Any], problems: list[Problem]) -> Markets:
    """The markets of underlyings, a later sheet's in place of an earlier one's; ``flags`` are fields of the market.

    Mistakes go to ``problems``.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for sheet in sheets:
        problems += _mistakes(sheet)
        found |= {name: own for name, own in sheet.underlyings.items() if isinstance(own, Mapping)}
    given = validated(Several, "market", {name: flags[name] for name in Several.model_fields if name in flags}, [])
    flagged = given.underlying if given else {}
    correlations = [sheet.correlation for sheet in sheets if sheet.correlation is not None]
    correlations += [given.correlation] if given and given.correlation is not None else []
    known = {**found, **flagged}
    for sheet in sheets:
        problems += _mistaken_correlations(sheet, known)
    return Markets(found, flagged, tuple(correlations))


def _mistaken_correlations(sheet: Sheet, known: Collection[str]) -> Iterator[Problem]:
    if sheet.correlation is None:
        return
    place = f"{sheet.file}: [{CORRELATION}]"
    try:
        numbers = correlations_of(sheet.correlation, sorted(known))
    except ValueError as error:
        yield Problem((place,), str(error))
        return
    wrong = list(problems_of_pairs(sheet.correlation, numbers, known))
    yield from (Problem((place,), problem.message, problem.value) for problem in few(wrong, len(wrong)))


def _mistakes(sheet: Sheet) -> Iterator[Problem]:
    for name, own in sheet.underlyings.items():
        place = f"{sheet.file}: [underlying.{name}]"
        if not isinstance(own, Mapping):
            yield Problem((place,), "a table is wanted, such as spot = 100", own)
            continue
        for key in own:
            if key not in _OWN:
                yield Problem((f"{place} {key}",), f"unknown key; {did_you_mean(key, _OWN)}")
        try:
            check_shared({"market": {key: value for key, value in own.items() if key in _OF_MARKET}}, "delta")
        except InvalidInput as error:
            for problem in error.problems:
                yield Problem((f"{place} {problem.path[-1]}",), problem.message, problem.value)


def rates_of(sheets: Sequence[Sheet]) -> Rates | None:
    """The rates of exchange of the sheets, a later one's in place of an earlier one's. Raises InvalidInput."""
    found: dict[str, Any] = {}
    place = "[fx]"
    for sheet in sheets:
        if sheet.rates:
            place = f"{sheet.file}: [fx]"
        found |= sheet.rates
    if not found:
        return None
    base = found.pop("base", None)
    if not isinstance(base, str):
        raise InvalidInput([Problem((f"{place} base",), 'the currency of the rates is wanted, such as base = "EUR"')])
    if base in found:
        raise InvalidInput([Problem((f"{place} {base}",), "is the base, and worth 1; leave it out", found[base])])
    for currency, rate in found.items():
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e12:
            message = f"a positive number is wanted: one {currency} in {base}"
            raise InvalidInput([Problem((f"{place} {currency}",), message, rate)])
    return Rates(base, found)


def seed_of(seed: int, underlying: str, dates: Sequence[float]) -> int:
    """The seed of the paths of an underlying at some dates: other underlyings and other dates are independent.

    JSON readers that hold numbers in double precision read the seed exactly.
    """
    text = f"{seed} {underlying} {' '.join(map(repr, dates))}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 11
