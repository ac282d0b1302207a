"""Keys of a record: the section of each, tags, and misspelt ones."""

from collections.abc import Collection, Mapping
from typing import Any

from greeks_cli.book.fields import FIELDS, SEVERAL, SHARED
from greeks_cli.book.text.synonyms import field_of
from greeks_cli.terms.books.position import TAG
from greeks_cli.terms.errors import Problem, did_you_mean, few, nearest


def by_section(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of a trade by the sections that they belong to, but for its Greeks."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in fields.items():
        if key != "greeks":
            found.setdefault(SHARED.get(key, "contract"), {})[key] = value
    return found


def without_tags(fields: Mapping[str, Any], passthrough: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that are no tags, and the tags: a table, ``tags.NAME``, and columns that are passed through.

    A tag of null is none. What should be a table of tags and is none stays a field, to be refused.
    """
    table = {} if (given := fields.get("tags")) is None else given
    tags = dict(table) if isinstance(table, Mapping) else {}
    rest: dict[str, Any] = {} if isinstance(table, Mapping) else {"tags": table}
    for name, value in fields.items():
        is_tag = name.startswith(TAG) or name in passthrough
        if is_tag:
            tags[name.removeprefix(TAG)] = value
        if name != "tags" and (not is_tag or name in FIELDS):
            rest[name] = value
    return rest, {name: value for name, value in tags.items() if value is not None}


def sorted_out(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Valid fields of a trade, and a problem for every unknown key.

    The value of a misspelt key is kept under the key that it seems to mean, so that this is not missed, too.
    """
    own = {key: _split(key, value) for key, value in fields.items() if key in FIELDS}
    unknown = [key for key in fields if key not in FIELDS]
    problems = few((Problem((key,), f"unknown key; {_remedy(key)}") for key in unknown), len(unknown))
    for key in unknown[: len(problems)]:
        if (meant := meaning_of(key)) and meant not in (*fields, "id", "grid"):
            own[meant] = _split(meant, fields[key])
    return own, problems


def meaning_of(key: str) -> str | None:
    """The field that an unknown key seems to mean, or None."""
    return field_of(key) or nearest(key, FIELDS)


def _remedy(key: str) -> str:
    meant = field_of(key)
    return f"did you mean '{meant}'?" if meant else did_you_mean(key, FIELDS)


def is_guessed(problem: Problem, guessed: Collection[str]) -> bool:
    """True for a problem of a key that the file does not have, or of all keys of its section together."""
    sections = {SHARED.get(key, "contract") for key in guessed}
    return str(problem.path[-1]) in guessed or (len(problem.path) == 1 and problem.path[0] in sections)


def _split(key: str, value: Any) -> Any:
    """Entries of a text that holds several, as a cell of CSV does."""
    if not isinstance(value, str):
        return value
    if key == "greeks":
        return value.replace(";", ",")
    return value.split(";") if key in SEVERAL and (";" in value or "=" in value) else value
