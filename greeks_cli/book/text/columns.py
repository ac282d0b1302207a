"""Columns of a table and the fields of a trade that they hold."""

import csv
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from greeks_cli.book.fields import FIELDS
from greeks_cli.book.text.synonyms import field_of, normalised
from greeks_cli.terms.books.position import TAG
from greeks_cli.terms.errors import InvalidInput, Problem, did_you_mean, printable

COLUMN_FIELDS = tuple(name for name in FIELDS if name not in ("grid", "tags"))
"""Fields that a cell can hold, besides tags."""
_NEAR = 0.82
"""The least similarity of a misspelt field: a volume is no vol, a bid no id."""
_UNIT = re.compile(r"(?:[\s_(\[]+|(?=%))(?P<sign>%|pct|per ?cent|bps?)[)\]]?$", re.IGNORECASE)
_LONGEST_UNIT, _LONGEST_HINT = 16, 1_000
_MOST_NAMED = 10


@dataclass(frozen=True)
class Columns:
    """The user's names of columns: the column of each field, and columns to leave out."""

    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    ignored: Sequence[str] = ()
    passthrough: Sequence[str] = ()
    """Columns that are tags."""
    elsewhere: Collection[str] = ()
    """Columns that another file has or may have, and that this one may lack."""
    fields: Sequence[str] = COLUMN_FIELDS
    """Fields that a column may hold."""

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that the user names."""
        return (*self.columns.values(), *self.ignored)


@dataclass(frozen=True)
class Heading:
    """A column's name and position, its field, and the sign that the name gives to all numbers (%, bp)."""

    name: str
    position: int
    field: str
    sign: str = ""


def parse_columns(columns: str, ignored: str) -> Columns:
    """Names of columns from ``market_price=last,strike=Strike`` and ``Bid,Ask``. Raises InvalidInput."""
    found, problems = dict[str, str](), list[Problem]()
    for text in _listed(columns, "--columns"):
        name, equals, column = (part.strip() for part in text.partition("="))
        key = _tag_of(name) or normalised(name)
        if not equals or not column:
            problems.append(_wrong("--columns", "write FIELD=COLUMN, such as strike=Strike", text))
        elif key not in COLUMN_FIELDS and not _tag_of(name):
            problems.append(_wrong("--columns", f"no field of a trade; {did_you_mean(key, COLUMN_FIELDS)}", name))
        elif key in found:
            problems.append(_wrong("--columns", "this field is there twice; give it one column", name))
        else:
            found[key] = column
    if problems:
        raise InvalidInput(problems)
    return Columns(found, tuple(_listed(ignored, "--ignore-columns")))


def _listed(text: str, option: str) -> list[str]:
    try:
        cells = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error as error:
        raise InvalidInput([_wrong(option, f"not a list of names with commas between: {error}", text)]) from None
    return [cell.strip() for cell in cells if cell.strip()]


def _wrong(option: str, message: str, value: str) -> Problem:
    return Problem((option,), message, value)


def headings_of(names: Sequence[str], columns: Columns, place: str) -> list[Heading]:
    """The columns that hold a field. Columns without a name are left to the reader of the cells.

    Raises InvalidInput with a problem for every column that is unknown, or of a field that another column has.
    """
    problems = [
        _wrong(
            option, f"{place.rpartition(':')[0]} has no such column; {did_you_mean(name, filter(None, names))}", name
        )
        for option, wanted in (("--columns", columns.columns.values()), ("--ignore-columns", columns.ignored))
        for name in wanted
        if not _named(name, names) and not _named(name, columns.elsewhere)
    ]
    ignored = {name for one in columns.ignored for name in _named(one, names)}
    described = (name for one in columns.passthrough for name in _named(one, names))
    chosen = {name: f"{TAG}{name}" for name in described if field_of(without_unit(name)[0]) is None}
    chosen |= {name: key for key, column in columns.columns.items() for name in _named(column, names)}
    headings, unknown = list[Heading](), list[str]()
    for position, name in enumerate(names):
        if name and name not in ignored:
            heading = _heading(name, position, chosen)
            headings.append(heading) if heading else unknown.append(name)
    problems += _unknown(unknown, sum(map(bool, names)), place, columns.fields)
    problems += _misplaced(headings, place, columns.fields)
    problems += _twice(headings, place)
    if problems:
        raise InvalidInput(problems)
    return headings


def _named(wanted: str, names: Collection[str]) -> set[str]:
    """The name that is wanted; where there is none, names that differ from it in case and separators only."""
    return {wanted} if wanted in names else {name for name in names if name and normalised(name) == normalised(wanted)}


def _heading(name: str, position: int, chosen: Mapping[str, str]) -> Heading | None:
    bare, sign = without_unit(name)
    found = chosen.get(name) or _tag_of(name) or field_of(bare)
    if found is None or not (found in COLUMN_FIELDS or found.startswith(TAG)):
        return None
    return Heading(name, position, found, sign)


def _tag_of(name: str) -> str | None:
    """The tag that a column is by its name, ``tags.book``, or None."""
    prefix, dot, rest = name.strip().partition(".")
    return f"{TAG}{rest.strip()}" if dot and rest.strip() and f"{prefix.casefold()}." == TAG else None


def without_unit(name: str) -> tuple[str, str]:
    """The name without a sign at its end, and the sign: ``Vol (%)`` is ``Vol`` in per cent."""
    start, end = name[:-_LONGEST_UNIT], name[-_LONGEST_UNIT:]  # a search of a long name takes the square of its length
    if unit := _UNIT.search(end):
        return start + end[: unit.start()], "bp" if unit["sign"].lower().startswith("bp") else "%"
    return name, ""


def _unknown(unknown: Sequence[str], n_columns: int, place: str, fields: Sequence[str]) -> Iterator[Problem]:
    """The one problem of a header with unknown columns, which tells how to leave them out; none where all are known."""
    near = {name: get_close_matches(normalised(name), fields, n=1, cutoff=_NEAR) for name in unknown[:_MOST_NAMED]}
    far = [name for name in unknown if not near.get(name)]
    name_them = "name {} with --columns FIELD=COLUMN, or leave {} out with --ignore-columns"
    if len(unknown) == 1:
        remedy = name_them.format("its field", "it") if far else f"did you mean '{near[unknown[0]][0]}'?"
        yield Problem((f"{place}: column '{unknown[0]}'",), f"unknown; {remedy}")
    elif unknown:
        shown = [f"'{name}'" + (f" (did you mean '{own[0]}'?)" if own else "") for name, own in near.items()]
        shown += [f"{len(unknown) - len(shown):,} more"] if len(unknown) > len(shown) else []
        remedy = name_them.format("their fields", "them") if far else "correct the header"
        if len(unknown) == n_columns == len(far):
            remedy = "write the names of columns in the first line, such as id,strike,vol"
        option = printable(shlex.quote(_joined(far)))
        has_hint = 1 < len(far) < n_columns and len(option) < _LONGEST_HINT
        detail = (f"  leave them out with --ignore-columns {option}",) if has_hint else ()
        yield Problem((f"{place}: columns {', '.join(shown)}",), f"unknown; {remedy}", detail=detail)


def _misplaced(headings: Sequence[Heading], place: str, fields: Sequence[str]) -> Iterator[Problem]:
    """A problem for every column of a field that the table may not have."""
    for heading in headings:
        is_tag = heading.field.startswith(TAG) and fields is COLUMN_FIELDS
        if heading.field not in fields and not is_tag:
            message = f"means {heading.field}, and the fields here are {', '.join(fields)}; "
            message += "name its field with --columns FIELD=COLUMN, or leave it out with --ignore-columns"
            yield Problem((f"{place}: column '{heading.name}'",), message)


def _joined(names: Sequence[str]) -> str:
    """Names as ``--ignore-columns`` reads them."""
    return ",".join('"' + name.replace('"', '""') + '"' if set(name) & {",", '"'} else name for name in names)


def _twice(headings: Sequence[Heading], place: str) -> Iterator[Problem]:
    """A problem for every field that several columns mean."""
    names: dict[str, list[str]] = {}
    for heading in headings:
        names.setdefault(heading.field, []).append(heading.name)
    for field_name, same in names.items():
        if len(same) > 1 and len(set(same)) == 1:
            yield Problem((place,), f"the column '{same[0]}' is there twice; keep one")
        elif len(same) > 1:
            named = " and ".join(f"'{name}'" for name in same[:3])
            message = f"the columns {named} all mean {field_name}; keep one, and leave out the others with "
            yield Problem((place,), message + "--ignore-columns")
