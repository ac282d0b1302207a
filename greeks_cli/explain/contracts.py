"""Explanations of contracts and of their fields, from the models that validate them."""

import enum
from collections.abc import Iterator

from greeks_cli.explain.conventions import conventions_of
from greeks_cli.explain.page import BREAK, Entry, page
from greeks_cli.terms.contracts.catalogue import CONTRACTS, ON_SEVERAL
from greeks_cli.terms.contracts.contract import Contract
from greeks_cli.terms.described import all_described, bracketed, described
from greeks_cli.terms.fields import Term
from greeks_cli.terms.greek import KNOWN_PARAMETERS, NAMED
from greeks_cli.terms.sections import SECTION_MODELS

_ONE = ("spot", "vol", "rate", "dividend_yield", "time")
_SEVERAL = ("spot[A]", "vol[A]", "rate", "dividend_yield[A]", "correlation[A,B]", "time")


def flag_of(field: str) -> str:
    """The option of a contract's field."""
    return f"--{field.replace('_', '-')}"


def contract_page(name: str) -> str:
    """The page of a contract: its payment, its options, its conventions and its Greeks."""
    model = CONTRACTS[name]
    blocks = (_options(model), conventions_of(model), _market(model), _example(model))
    return page(name, [*_meaning(model), *(entry for block in blocks for entry in (BREAK, *block))])


def _meaning(model: type[Contract]) -> Iterator[Entry]:
    paragraphs = (model.__doc__ or "").replace("``", "").split("\n\n")
    yield from (("", " ".join(text.split())) for text in paragraphs)


def _options(model: type[Contract]) -> Iterator[Entry]:
    """The options of a contract, those that it requires first."""
    fields = [(name, described(model, name)) for name in model.model_fields if name != "kind"]
    for name, field in sorted(fields, key=lambda one: not one[1].is_required):
        values = _values(model.model_fields[name].annotation)
        notes = ["required" if field.is_required else "", field.default and f"default: {field.default}"]
        yield flag_of(name), bracketed(field.meaning, *notes, f"values: {values}" if values else "")


def _values(annotation: object) -> str:
    """The values of an enumeration in words; empty for another annotation."""
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return ", ".join(str(member.value) for member in annotation)
    return ""


def _market(model: type[Contract]) -> Iterator[Entry]:
    is_on_several = model in ON_SEVERAL.values()
    if is_on_several:
        yield "market", "--underlying A:spot=100,vol=0.2 for each, and --correlation A,B=0.5 for each pair"
    elif "underlyings" in model.model_fields:
        yield "market", "of one underlying, or of several as for basket, whose Greeks are such as delta[A]"
    own = [*model.parameters, *(["every --param"] if "param" in model.model_fields else [])]
    yield "Greeks in", ", ".join([*(_SEVERAL if is_on_several else _ONE), *own])


def _example(model: type[Contract]) -> Iterator[Entry]:
    """A command that prices the example of a contract."""
    flags = [f"{flag_of(name)} {_shown(value)}" for name, value in model.example.items()]
    kind = str(model.model_fields["kind"].default)
    contract = [] if kind == "european" else [f"--contract {kind}"]
    market = "--underlying A:spot=100,vol=0.2 --underlying B:spot=95,vol=0.3 --correlation 0.5"
    yield (
        "example",
        " ".join(["greeks price", *contract, *flags, market if model in ON_SEVERAL.values() else "--vol 0.2"]),
    )


def _shown(value: object) -> str:
    """A value as a shell takes it, a formula without spaces: a line may end at a space of a page."""
    if isinstance(value, dict):
        value = " ".join(f"{name}={number}" for name, number in value.items())
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = text.replace(" ", "") if "(" in text else text
    return f"'{text}'" if set(text) & set(" ()*[];") else text


def contracts_with(parameter: str) -> list[str]:
    """The contracts that have a parameter in which Greeks are derivatives, one number or one of a list."""
    return [
        name for name, one in CONTRACTS.items() if parameter in one.parameters or f"{parameter}s" in one.model_fields
    ]


def meaning_of_parameter(parameter: str) -> str:
    """The meaning of a contract's parameter, from the description of its field."""
    fields = (parameter, f"{parameter}s")
    return next(
        described(one, name).meaning for one in CONTRACTS.values() for name in fields if name in one.model_fields
    )


def field_page(field: str) -> str | None:
    """The page of an option by its name, with the contracts or the section that have it; None where none has."""
    models: dict[str, type[Term]] = {name: one for name, one in CONTRACTS.items() if field in one.model_fields}
    if field in ("kind", "contract"):
        return page("--contract", [("", "Contract to price; kind in files."), ("values", ", ".join(CONTRACTS))])
    if models:
        meaning = all_described({name: described(model, field) for name, model in models.items()})
        return page(flag_of(field), [("", meaning), ("contracts", ", ".join(models)), *_greek_in(field)])
    sections = ((name, one) for name, own in SECTION_MODELS.items() for one in own if field in one.model_fields)
    section, owner = next(sections, ("", Term))
    if not section:
        return None
    found = described(owner, field)
    values = _values(owner.model_fields[field].annotation)
    meaning = bracketed(found.meaning, found.default and f"default: {found.default}", values and f"values: {values}")
    return page(flag_of(field), [("", meaning), ("section", f"[{section}] in files"), *_greek_in(field)])


def _greek_in(parameter: str) -> Iterator[Entry]:
    """The Greek that is the first derivative in a parameter, where there is one."""
    is_own = any(parameter in model.parameters for model in CONTRACTS.values())
    named = next((name for name, greek in NAMED.items() if greek.parameters == (parameter,)), None)
    if named or is_own or parameter in KNOWN_PARAMETERS:
        yield "Greek", f"{named}, which is d({parameter})" if named else f"d({parameter})"
