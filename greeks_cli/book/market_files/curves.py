"""Curves in CSV files, in place of the nodes of a market's parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greeks_cli.terms.greek import CURVES
from greeks_cli.terms.markets.several import UNDERLYING, tables_of
from greeks_cli.terms.underlyings import CORRELATION

_IN_FILES = (*CURVES, "vol_surface", CORRELATION)
"""Parameters that a file may hold."""
FILES_READ: set[Path] = set()
"""The files that markets of this process named and that were read: none of them may be overwritten."""


def with_curves(fields: Mapping[str, Any], beside: str) -> dict[str, Any]:
    """The fields of a market, with nodes in place of the names of CSV files, which are relative to the file ``beside``.

    Raises InvalidInput with one problem where a file cannot be read.
    """
    found = {name: _nodes(name, value, beside) if name in _IN_FILES else value for name, value in fields.items()}
    tables = _tables(found.get(UNDERLYING))
    if isinstance(tables, Mapping):
        found[UNDERLYING] = {
            name: with_curves(own, beside) if isinstance(own, Mapping) else own for name, own in tables.items()
        }
    return found


def _tables(given: object) -> object:
    """The table of each underlying, of texts too; what is none is left for the validation of the market."""
    try:
        return tables_of(given)
    except ValueError:
        return given


def with_curves_in_grid(grid: Mapping[str, Any], beside: str) -> dict[str, Any]:
    """The fields of a grid, with nodes in place of the names of files among the values. Raises InvalidInput."""
    return {
        name: [_nodes(name, value, beside) for value in values]
        if name in _IN_FILES and isinstance(values, list)
        else values
        for name, values in grid.items()
    }


def _nodes(name: str, value: object, beside: str) -> object:
    if isinstance(value, list | tuple) and len(value) == 1:  # of an option that may be repeated
        return _nodes(name, value[0], beside) if name == CORRELATION else value
    if not isinstance(value, str) or not value.strip().lower().endswith(".csv"):
        return value
    from greeks_cli.book.market_files.curve_tables import (
        nodes_in_file,  # the readers of tables, which most requests need not load
    )

    path = (Path(beside).parent / value.strip()).resolve()
    FILES_READ.add(path)
    return nodes_in_file(name, value.strip(), path)
