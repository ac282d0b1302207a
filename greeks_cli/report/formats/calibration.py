"""Formats of a calibration: tables, JSON, and a market file in TOML."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from greeks_cli import __version__
from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import Screen
from greeks_cli.report.text.table import plain, rounded, text_of
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.errors import printable
from greeks_cli.terms.results.smile import Calibration, FittedParameter, FittedQuote

_SMALL = 1e-6
"""The standard error over its value below which a value has six digits."""


def calibration_table(found: Calibration, screen: Screen) -> str:
    """Table of the parameters and of the quotes, with the remarks below."""
    parameters = Grid(["parameter", "value", "stderr", ""], left=("",))
    for one in found.parameters:
        parameters.add(one.name, _value(one), _stderr(one), "held" if one.is_held else "")
    quotes = Grid(["line", "expiry", "strike", "type", "vol", "model vol", "error"], left=("type",))
    for quote in found.quotes:
        quotes.add(*_cells(quote))
    notes = [*found.remarks, *(f"NOT MET: {reason}" for reason in found.failures)]
    return text_of(screen, headline(found), [parameters, quotes], notes)


def headline(found: Calibration) -> str:
    """The model, the quotes, and the errors in one line."""
    n_quotes, expiries = len(found.quotes), len({one.quote.expiry for one in found.quotes})
    counted = f"{n_quotes} quotes of {expiries} {'expiry' if expiries == 1 else 'expiries'}"
    errors = f"error {found.rms:.2g} vol points in the mean, {found.worst:.2g} at most"
    return f"{found.market.model} | {counted} | {errors} | {found.n_alike} of {found.n_starts} starting points end here"


def _value(one: FittedParameter) -> str:
    is_plain = one.stderr is None or not _SMALL * abs(one.value) < one.stderr < abs(one.value)
    return f"{one.value:z.6g}" if is_plain else rounded(one.value, one.stderr or 0.0)


def _stderr(one: FittedParameter) -> str:
    return "-" if one.stderr is None else plain(one.stderr, 2)


def _cells(one: FittedQuote) -> Iterator[str]:
    quote = one.quote
    yield quote.place.rpartition(":")[2]
    yield f"{quote.expiry:.6g}"
    yield f"{quote.strike:g}"
    yield str(quote.type or "")
    yield f"{one.vol:.6f}"
    yield "-" if one.model_vol is None else f"{one.model_vol:.6f}"
    yield "-" if one.error is None else f"{one.error:+z.4f}"


def calibration_json(found: Calibration) -> str:
    """JSON object with numbers in full precision, and null where there is none."""
    document = {
        "market": found.market.model_dump(mode="json"),
        "parameters": [
            {"name": one.name, "value": one.value, "stderr": one.stderr, "held": one.is_held}
            for one in found.parameters
        ],
        "quotes": fitted_rows(found),
        "rms_vol_points": found.rms if found.quotes and found.rms < float("inf") else None,
        "worst_vol_points": found.worst if found.worst < float("inf") else None,
        "starting_points": found.n_starts,
        "starting_points_alike": found.n_alike,
        "remarks": list(found.remarks),
        "failures": list(found.failures),
        "version": __version__,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def fitted_rows(found: Calibration) -> list[dict[str, Any]]:
    """A row of plain values for each quote."""
    return [_document(one) for one in found.quotes]


def _document(one: FittedQuote) -> dict[str, Any]:
    quote = one.quote
    return {
        "place": quote.place,
        "expiry": quote.expiry,
        "strike": quote.strike,
        "type": quote.type,
        "price": quote.price,
        "vol": one.vol,
        "weight": one.weight,
        "model_vol": one.model_vol,
        "model_price": one.model_price,
        "error_vol_points": one.error,
    }


def smile_picture(found: Calibration, kind: str) -> bytes:
    """A picture of the smiles as the content of a file."""
    from greeks_cli.report.figures.drawing import image
    from greeks_cli.report.figures.smile import smile_figure

    return image(smile_figure(found), kind)


def market_file(found: Calibration, source: str, dating: Dating) -> str:
    """A file with [market] for ``greeks price --config`` and ``greeks batch --market``, in TOML."""
    held = [one.name for one in found.parameters if one.is_held]
    lines = [
        f"# {found.market.model} fitted by greeks {__version__} to {len(found.quotes)} quotes of {printable(source)}:",
        f"# error {found.rms:.2g} vol points in the mean, {found.worst:.2g} at most",
        *([f"# held: {', '.join(held)}"] if held else []),
        "",
    ]
    if dating.valuation_date:
        conventions = dating.model_dump(mode="json", exclude={"valuation_date"}, exclude_none=True)
        lines += [f"valuation_date = {dating.valuation_date}", "", "[dates]", *_settings(conventions), ""]
    return "\n".join([*lines, "[market]", *_settings(found.market.model_dump(mode="json"))]) + "\n"


def _settings(fields: Mapping[str, object]) -> list[str]:
    return [f"{name} = {_toml(value)}" for name, value in fields.items()]


def _toml(value: object) -> str:
    """A number, a text, or nodes; JSON writes them as TOML does."""
    return json.dumps(value)
