"""Fields of models in words: what a field means, its default, and which contracts require it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

_WITH_DEFAULT = re.compile(r"(.*?) \[default: (.*)\]", re.DOTALL)
_FEW = 5
"""The number of contracts up to which all are named."""


@dataclass(frozen=True, slots=True)
class Described:
    """A field of one model: its meaning, its default in words (empty where none is worth saying)."""

    meaning: str
    default: str
    is_required: bool


def described(model: type[BaseModel], name: str) -> Described:
    """The description of a field.

    A default that depends on other fields is the end of the description: ``[default: the spot]``. A class variable such
    as ``usual_fixings`` is the number that stands for a field of the same name where the default is None.
    """
    info = model.model_fields[name]
    meaning, default = info.description or "", _default(info.default)
    if stated := _WITH_DEFAULT.fullmatch(meaning):
        meaning, default = stated[1], stated[2]
    usual = getattr(model, f"usual_{name}", None)
    return Described(meaning, default or (f"{usual}" if usual else ""), info.default is PydanticUndefined)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    if value in (None, PydanticUndefined, (), {}):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def all_described(fields: Mapping[str, Described], required: str = "required") -> str:
    """One text for a field that several contracts have, by the contracts' names."""
    meaning = _by_contract((one.meaning, name) for name, one in fields.items())
    return bracketed(meaning, _requirement(fields, required), _defaults(fields))


def bracketed(meaning: str, *notes: str) -> str:
    """A sentence, and notes in brackets; a note that is empty is left out."""
    sentence = f"{meaning[:1].upper()}{meaning[1:]}{'' if meaning.endswith('.') else '.'}"
    shown = "; ".join(filter(None, notes))
    return f"{sentence} [{shown}]" if shown else sentence


def _requirement(fields: Mapping[str, Described], required: str) -> str:
    """The contracts that need the field, or else those that have it, where these are few."""
    needing = [name for name, one in fields.items() if one.is_required]
    others = [name for name in fields if name not in needing]
    if not needing:
        return f"for {', '.join(others)}" if len(others) <= _FEW else ""
    if len(needing) <= _FEW:
        also = f"; also for {', '.join(others)}" if others else ""
        return f"{required} for {', '.join(needing)}{also}"
    return f"{required}, but for {', '.join(others)}" if others else required


def _defaults(fields: Mapping[str, Described]) -> str:
    stated = _by_contract((one.default, name) for name, one in fields.items() if one.default)
    return f"default: {stated}" if stated else ""


def _by_contract(texts: Iterable[tuple[str, str]]) -> str:
    """The first of some texts, then every other one after the names of its contracts."""
    found: dict[str, list[str]] = {}
    for text, name in texts:
        found.setdefault(text, []).append(name)
    first, *others = found or [""]
    return "; ".join([first, *(f"{', '.join(found[text])}: {text.removeprefix(f'{first}; ')}" for text in others)])
