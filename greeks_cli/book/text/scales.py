"""Scales of the numbers in a column: fractions, per cent, basis points, and amounts of money."""

from collections.abc import Sequence

from greeks_cli.book.text.numerals import Cell
from greeks_cli.book.text.synonyms import MODELS
from greeks_cli.terms.fields import numeric_fields

UNITS = {name: unit for model in MODELS for name, unit in numeric_fields(model).items()}
"""The unit of every numeric field."""
_SHARES = {"confidence", "moneyness", *(name for name, unit in UNITS.items() if unit.startswith("fraction"))}
"""Fields of numbers that may be written in per cent."""
_VOLS = {"vol", "strike_vol"}
_LARGEST_RATE, _LARGEST_VOL = 0.5, 3.0
_LARGEST = dict.fromkeys(_VOLS, _LARGEST_VOL)
_LARGEST |= dict.fromkeys(("initial_variance", "long_run_variance", "vol_of_vol"), _LARGEST_VOL**2)
"""The largest numbers that are read as fractions, of fields that are no rates."""


def check_scales(name: str, sign: str, cells: Sequence[Cell], mark: str) -> None:
    """Raises ValueError with a remedy where the numbers have two scales, or signs that the field does not have.

    ``sign`` is the sign in the column's name.
    """
    signed = [cell for cell in cells if _sign(cell)]
    _check_money(name, cells)
    if name not in _SHARES:
        if signed or sign:
            named = str(signed[0]) if signed else f"'{sign}' in the column's name"
            raise ValueError(f"{named} is for fractions such as vol, and {name} is none; leave the sign out")
        return
    bare = [(cell, abs(_number(cell, mark))) for cell in cells if not _sign(cell) and _number(cell, mark)]
    if sign:
        _check_named_sign(name, bare)
    elif signed and bare and any(_number(cell, mark) for cell in signed):
        one = next(cell for cell in signed if _number(cell, mark))
        raise ValueError(f"{one} has a sign, and {bare[0][0]} has none; write all cells alike, as 20% or as 0.2")
    elif UNITS[name] == "fraction per year":
        _check_fractions(bare, _LARGEST.get(name, _LARGEST_RATE))


def _sign(cell: Cell) -> str:
    return cell.numeral.sign if cell.numeral else ""


def _number(cell: Cell, mark: str) -> float:
    return float(cell.numeral.readings[mark]) if cell.numeral else 0.0


def _check_money(name: str, cells: Sequence[Cell]) -> None:
    currencies = {cell.numeral.currency: cell for cell in reversed(cells) if cell.numeral and cell.numeral.currency}
    if currencies and UNITS[name] != "currency":
        raise ValueError(f"{[*currencies.values()][-1]} is an amount of money, and {name} is none")
    if len(currencies) > 1:
        *_, other, one = currencies.values()
        raise ValueError(f"{one} and {other} are of two currencies; give the trades of each a file")


def _check_named_sign(name: str, bare: Sequence[tuple[Cell, float]]) -> None:
    """Raises ValueError for vols of less than 1%, which are fractions under a wrong name more often than vols."""
    if name in _VOLS and bare and all(size < 1 for _, size in bare):
        raise ValueError(f"{bare[0][0]} is less than 1% by the column's name; write 20%, or 0.2 under a name without %")


def _check_fractions(bare: Sequence[tuple[Cell, float]], largest: float) -> None:
    above = next((cell for cell, size in bare if size > largest), None)
    below = next((cell for cell, size in bare if size <= largest), None)
    if above and below:
        raise ValueError(f"{above} looks like per cent, and {below} like a fraction; write all cells as 20% or as 0.2")
    if above:
        raise ValueError(f"{above} looks like per cent; write the column with % signs, or as fractions such as 0.2")
