"""Options made from the fields of a request's models, so that flags, config keys and help cannot differ."""

import enum
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

import click
from pydantic import BaseModel

from greeks_cli.cli.completion import tolerance
from greeks_cli.cli.sections import Section, SectionedOption, asked_for
from greeks_cli.inputs.source import flag
from greeks_cli.terms.contracts.catalogue import CONTRACTS, DEFAULT_CONTRACT
from greeks_cli.terms.dates.date_fields import DATED, LISTS, RULES
from greeks_cli.terms.markets.models import OF_MODELS, models_with
from greeks_cli.terms.markets.several import Several
from greeks_cli.terms.sections import SECTION_MODELS

Path = tuple[str, str]
"""The section of a request, and the name of a field."""
Models = Mapping[str, type[BaseModel]]
"""The models that have a field: contracts by their names, or one model of a section by the section's."""

_REPEATED = {
    ("contract", "param"): "NAME=VALUE",
    ("market", "underlying"): "NAME:KEY=VALUE,...",
    ("market", "correlation"): "A,B=NUMBER",
    ("accuracy", "tol"): "GREEK=ERROR",
}
"""The options that may be given several times, and the form of their values."""
_WIDEST = 34
"""The length up to which choices are shown in the left column of a page of help."""


FIELDS: Mapping[Path, Models] = {
    (section, name): {section: model}
    for section, models in SECTION_MODELS.items()
    for model in models
    for name in model.model_fields
}
"""The models that have each field, but for contracts."""


def contract_fields(kinds: Iterable[str]) -> Mapping[Path, Models]:
    """The contracts that have each field; contracts with a field of the same name share its option."""
    found: dict[Path, dict[str, type[BaseModel]]] = {}
    for kind in kinds:
        for name in CONTRACTS[kind].model_fields:
            found.setdefault(("contract", name), {})[kind] = CONTRACTS[kind]
    return found


_MARKET_PRICE, _QUOTED = "market_price", "european"
"""The field of a price that implies the vol, and the contract that has one."""


class FieldOption(SectionedOption):
    """The option of a field; its help is made when it is shown."""

    def __init__(self, *args: Any, path: Path, models: Models, required: str, **attributes: Any) -> None:
        super().__init__(*args, section=_section(path), **attributes)
        self.path, self._models, self._required = path, models, required

    def applies(self, contract: str | None, model: str | None) -> bool:
        section, name = self.path
        if section == "contract":
            return contract in (None, *self._models)
        if name in OF_MODELS and model is not None:
            return model in models_with(name)
        if name == _MARKET_PRICE:
            return contract in (None, _QUOTED)
        return contract is None or name not in Several.model_fields or "underlyings" in CONTRACTS[contract].model_fields

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        contract, model = asked_for(ctx)
        self.help = self._kinds(contract) if self.path == ("contract", "kind") else self._text(contract, model)
        return super().get_help_record(ctx)

    def _text(self, contract: str | None, model: str | None) -> str:
        from greeks_cli.terms.described import all_described, bracketed, described  # only help needs it

        section, name = self.path
        if section == "contract" and contract is None:
            return all_described({kind: described(one, name) for kind, one in self._models.items()}, self._required)
        field = described(self._models[contract if contract and section == "contract" else section], name)
        notes = [
            self._requirement(contract, model) if field.is_required else "",
            field.default and f"default: {field.default}",
        ]
        values = _choices(self._models, name)
        meaning = f"{field.meaning}: {', '.join(values)}" if values and _are_long(values) else field.meaning
        return bracketed(meaning, *notes)

    def _requirement(self, contract: str | None, model: str | None) -> str:
        """The models that require the field, and the option that may stand for it."""
        section, name = self.path
        models = models_with(name) if section == "market" and name in OF_MODELS and model is None else []
        is_implied = (section, name) == ("market", "vol") and contract in (None, _QUOTED)
        instead = " without --market-price" if is_implied else ""
        word, _, otherwise = self._required.partition(" ")
        return f"{word}{' for ' if models else ''}{', '.join(models)}{' ' if otherwise else ''}{otherwise or instead}"

    def _kinds(self, contract: str | None) -> str:
        if contract is None:
            return f"Contract to price: {', '.join(CONTRACTS)}. [default: {DEFAULT_CONTRACT}]"
        meaning = (CONTRACTS[contract].__doc__ or "").partition("\n")[0].replace("``", "")
        return f"{contract}: {meaning} (greeks explain {contract} says more.)"


def field_option(path: Path, models: Models, required: str = "required") -> tuple[str, dict[str, Any]]:
    """The name and the attributes of a field's option; ``required`` says so of a field without default."""
    annotation = next(iter(models.values())).model_fields[path[1]].annotation
    made = _attributes(path, models, annotation) | {"path": path, "models": models, "required": required}
    name = flag(path)
    return f"{name}/--no-{name[2:]}" if annotation is bool else name, made


def _attributes(path: Path, models: Models, annotation: object) -> dict[str, Any]:
    """The attributes of a field's option that follow from its type."""
    if path in _REPEATED:
        completed = {"shell_complete": tolerance} if path == ("accuracy", "tol") else {}
        return {"metavar": _REPEATED[path], "multiple": True, **completed}
    if annotation is bool:
        return {"default": None}
    if choices := list(CONTRACTS) if path == ("contract", "kind") else _choices(models, path[1]):
        return {"type": click.Choice(choices), **({"metavar": "NAME"} if _are_long(choices) else {})}
    return {"metavar": _METAVARS.get(path[1]) or _metavar(annotation)}


def _section(path: Path) -> Section:
    if path[0] == "market" and path[1] in ("model", *OF_MODELS) and path[1] != "vol":
        return Section.MODEL
    return Section[path[0].upper()]


def _choices(models: Models, name: str) -> list[str]:
    annotations = (model.model_fields[name].annotation for model in models.values())
    enums = filter(_is_enum, annotations)
    return list(dict.fromkeys(str(member.value) for one in enums for member in one))


def _are_long(choices: list[str]) -> bool:
    return len("|".join(choices)) > _WIDEST


_METAVARS = {
    **dict.fromkeys(DATED, "TIME"),
    **dict.fromkeys(LISTS, "TIMES"),
    **{name: "TIMES|RULE" if name in LISTS else "COUNT|RULE" for name in RULES},
    "vol_surface": "FILE",
    "valuation_date": "DATE",
    "dividends": "TIME:AMOUNT,...",
}
"""The form of values that is not that of the annotation, by field."""


def _metavar(annotation: object) -> str:
    """The values of an enumeration, LIST, VALUE where the annotation allows text, else COUNT or NUMBER."""
    members = list(_members(annotation))
    if values := [str(value.value) for one in members if _is_enum(one) for value in one]:
        return "|".join(values)
    if any(get_origin(one) is tuple for one in members):
        return "LIST"
    if str in members or any(get_origin(one) is Literal for one in members):
        return "VALUE"
    return "COUNT" if int in members else "NUMBER"


def _is_enum(annotation: object) -> TypeGuard[type[enum.Enum]]:
    return isinstance(annotation, type) and issubclass(annotation, enum.Enum)


def _members(annotation: object) -> Iterator[object]:
    """The types of a union, without their annotations."""
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        yield from (member for one in get_args(annotation) for member in _members(one))
    else:
        yield annotation
