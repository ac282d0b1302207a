"""Numbers as people write them: ``1,000.5``, ``1.000,5``, ``20%``, ``5bp``, ``$100``, ``EUR 100``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

_LONGEST = 40
_CODES = "USD EUR GBP JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK CNY HKD SGD KRW INR BRL MXN ZAR"
_MONEY = rf"US\$|[$€£¥]|{'|'.join(_CODES.split())}"
_GROUP = "['\u2019 _\xa0\u2009\u202f]"
_NUMERAL = re.compile(
    rf"(?P<minus>[+\-\u2212]?)\s*(?P<before>{_MONEY})?\s*(?P<digits>[0-9.,](?:[0-9.,]|{_GROUP}(?=[0-9]))*)"
    rf"(?P<power>[eE][+-]?[0-9]{{1,3}})?\s*(?P<after>%|bps?|{_MONEY})?"
)
_FRACTION = "(?:{mark}(?P<fraction>[0-9]*))?"
_WHOLE = "(?P<whole>[0-9]*|[1-9][0-9]{{0,2}}(?:(?P<group>{groups})[0-9]{{3}})(?:(?P=group)[0-9]{{3}})*)"
_READINGS = {
    mark: re.compile(_WHOLE.format(groups=rf"{re.escape(other)}|{_GROUP}") + _FRACTION.format(mark=re.escape(mark)))
    for mark, other in ((".", ","), (",", "."))
}
_SHIFTS = {"%": -2, "bp": -4}


@dataclass(frozen=True)
class Numeral:
    """A number as written; ``readings`` holds its plain text by the decimal mark, for every mark that it can have."""

    readings: Mapping[str, str]
    sign: str
    """``%`` or ``bp``, or empty."""
    currency: str

    def plain(self, mark: str, sign: str) -> str:
        """The number in digits and a point, divided by what the sign says."""
        text = self.readings[mark]
        return str(Decimal(text).scaleb(_SHIFTS[sign])) if sign else text


@lru_cache(10_000)  # the cells of a column repeat
def numeral_of(text: str) -> Numeral | None:
    """The number that a text holds, or None."""
    found = _NUMERAL.fullmatch(text)
    if found is None or (found["before"] and found["after"]):
        return None
    minus = "-" if found["minus"] in ("-", "\u2212") else ""
    plain = {mark: digits for mark in _READINGS if (digits := _plain(found["digits"], mark))}
    readings = {mark: f"{minus}{digits}{found['power'] or ''}" for mark, digits in plain.items()}
    after = found["after"] or ""
    sign = "bp" if after.startswith("bp") else "%" if after == "%" else ""
    return Numeral(readings, sign, found["before"] or ("" if sign else after)) if readings else None


@dataclass  # frozen ones take twice as long to make, and a book has one for every cell
class Cell:
    """A cell that is not empty, and its line."""

    line: int
    text: str

    @cached_property
    def numeral(self) -> Numeral | None:
        """The number in the cell, or None."""
        return numeral_of(self.text) if len(self.text) <= _LONGEST else None

    def __str__(self) -> str:
        return f"'{self.text}' in line {self.line}"


def _plain(digits: str, mark: str) -> str:
    """The digits with a point where ``mark`` is; empty where this is no number."""
    found = _READINGS[mark].fullmatch(digits)
    if found is None or not (found["whole"] or found["fraction"]):
        return ""
    whole = found["whole"] if found["whole"].isdigit() else re.sub("[^0-9]", "", found["whole"])
    return f"{whole}.{found['fraction']}" if found["fraction"] else whole
