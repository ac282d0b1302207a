"""The JSON Schema of a book, from the models that validate it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.books.position import Position
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.dates.date_fields import DATE_FIELDS
from greeks_cli.terms.dates.dating import Dating
from greeks_cli.terms.greek import ALIASES, HESSIAN, NAMED
from greeks_cli.terms.markets.market import Market
from greeks_cli.terms.quote import Quote
from greeks_cli.terms.simulation import Simulation

_NAMES_OF_GREEKS = "|".join((*NAMED, *ALIASES))
_GREEK = rf"^\s*(all|{HESSIAN}|({_NAMES_OF_GREEKS})(\[[^\[\]]+\])*|d\s*\([^()]+\)|)\s*$"
_GREEKS = {
    "description": "Greeks by name, d(spot,vol) for any other, or all",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string", "pattern": _GREEK}}],
}
_ON_ONE_LINE = r"^[^\r\n]*[^\s][^\r\n]*$"
_SECTIONS: dict[str, type[BaseModel]] = {
    "market": Market,
    "simulation": Simulation,
    "accuracy": Accuracy,
    "position": Position,
    "dates": Dating,
}
_CORRELATION = {
    "description": "correlations of underlyings: of each pair, of all, or a file of a matrix",
    "anyOf": [
        {"type": "object", "additionalProperties": {"type": "number", "minimum": -1, "maximum": 1}},
        {"type": "number", "minimum": -1, "maximum": 1},
        {"type": "string"},
    ],
}
_RATES = {
    "description": "rates of exchange: the base currency, and one unit of each other currency in it",
    "type": "object",
    "properties": {"base": {"type": "string"}},
    "additionalProperties": {"type": "number"},
}
_ABOUT = """A table of settings and trades, or a list of trades. A number may not be written as text here. \
What depends on several fields is the command's to refuse, and so are fields that a contract requires, for a \
trade may take them from [contract] or [grid]."""
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_AXIS = {"anyOf": [{"type": "array", "minItems": 1}, {"type": "string", "pattern": "^[^:]+:[^:]+:[0-9]+$"}]}
_NAMES_KIND = {"required": ["kind"]}
_GRID = {
    "description": "fields and their values: a list, or start:stop:count; every trade at every point",
    "type": "object",
    "additionalProperties": _AXIS,
}


def book_schema() -> dict[str, Any]:
    """The JSON Schema of a book in TOML or JSON, as ``greeks batch`` reads it."""
    definitions: dict[str, Any] = {}
    shared = {name: _properties(model, definitions) for name, model in _SECTIONS.items()}
    shared["market"] |= _properties(Quote, definitions)
    inherited = {field: _defined(definitions, field, one) for own in shared.values() for field, one in own.items()}
    contracts = {kind: _fields_of(kind, model, definitions) for kind, model in CONTRACTS.items()}
    for kind, own in contracts.items():
        _defined(definitions, f"contract {kind}", _contract(kind, own, inherited))
    trade = _defined(definitions, "trade", _trade())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A book of trades for greeks batch",
        "description": _ABOUT,
        "type": ["object", "array"],
        "items": {**trade, **_of_usual_kind()},
        "additionalProperties": False,
        "properties": {**_settings(shared, contracts), "trade": {"type": "array", "items": trade}},
        "if": {"properties": {"contract": {"not": _NAMES_KIND}, "grid": {"not": _NAMES_KIND}}},
        "then": {"properties": {"trade": {"items": _of_usual_kind()}}},
        "$defs": definitions,
    }


def _settings(shared: Mapping[str, dict[str, Any]], contracts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Settings that trades have in common, by the names of tables and of single settings."""
    of_underlying = {**shared["market"], "currency": shared["position"]["currency"]}
    return {
        "greeks": _GREEKS,
        **{name: _table(properties) for name, properties in shared.items()},
        "contract": _common(contracts),
        "grid": _GRID,
        "underlying": {
            "description": "the market of each underlying, by its name",
            "type": "object",
            "additionalProperties": _table(of_underlying),
        },
        "correlation": _CORRELATION,
        "fx": _RATES,
        "passthrough": {
            "description": "columns that describe a trade, and are tags",
            "type": "array",
            "items": {"type": "string"},
        },
        "valuation_date": shared["dates"]["valuation_date"],
    }


def _trade() -> dict[str, Any]:
    """A trade: its kind chooses the fields; one without a kind may take that of [contract]."""
    return {"type": "object", "properties": {"kind": {"enum": list(CONTRACTS)}}, "allOf": _by_kind()}


def _by_kind() -> list[dict[str, Any]]:
    """The rule of each kind: a table that names it has its fields."""
    return [
        {"if": {"properties": {"kind": {"const": kind}}, **_NAMES_KIND}, "then": _reference(f"contract {kind}")}
        for kind in CONTRACTS
    ]


def _of_usual_kind() -> dict[str, Any]:
    """A trade without a kind is of the first one."""
    unnamed = {"not": _NAMES_KIND, "properties": {"grid": {"not": _NAMES_KIND}}}
    return {"if": unnamed, "then": _reference(f"contract {next(iter(CONTRACTS))}")}


def _fields_of(kind: str, model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    own = _properties(model, definitions) | {"kind": {"const": kind}}
    own = {name: _or_listed(schema) for name, schema in own.items()}
    own |= {name: _or_text(own[name]) for name in (*DATE_FIELDS, "underlyings") if name in own}
    return own | ({"correlation": _CORRELATION} if "underlyings" in own else {})


def _contract(kind: str, own: dict[str, Any], inherited: dict[str, Any]) -> dict[str, Any]:
    identity = {
        "id": {
            "description": "the name of the result",
            "anyOf": [{"type": "string", "pattern": _ON_ONE_LINE}, {"type": "integer"}],
        }
    }
    return {
        "title": kind,
        **_table({**identity, "greeks": _GREEKS, "grid": _GRID, **own, **inherited}),
        "patternProperties": {r"^tags\.": {"type": ["string", "number"]}},
    }


def _common(contracts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Fields that trades have in common: each as one of the contracts has it."""
    found: dict[str, list[Any]] = {}
    for name, schema in (field for own in contracts.values() for field in own.items()):
        if schema not in found.setdefault(name, []):
            found[name].append(schema)
    properties = {name: one[0] if len(one) == 1 else {"anyOf": one} for name, one in found.items()}
    properties["kind"] = {"enum": list(contracts)}
    return {
        "description": "fields that trades of the same kind have in common",
        **_table(properties),
        "allOf": _by_kind(),
    }


def _or_text(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that may be written as a date, a tenor or a rule as well."""
    texts = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    return {"description": schema.get("description", ""), "anyOf": [schema, *texts]}


def _or_listed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list of numbers, which may be written as one number or as a text with commas as well."""
    lists = [one for one in (schema, *schema.get("anyOf", ())) if one.get("type") == "array"]
    if not any({"number", "integer"} & {one.get("items", {}).get("type")} for one in lists):
        return schema
    one = {**lists[0]["items"], "description": "one number"}
    return {"description": schema.get("description", ""), "anyOf": [schema, one, {"type": "string"}]}


def _properties(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _standard(model.model_json_schema())
    definitions |= schema.pop("$defs", {})
    return dict(schema["properties"])


def _standard(schema: Any) -> Any:
    """A schema with the words of JSON Schema for bounds, where Pydantic leaves its own, and rows of a whole length."""
    if isinstance(schema, list):
        return [_standard(one) for one in schema]
    if isinstance(schema, dict):
        lengths = {"minItems": n, "maxItems": n} if (n := len(schema.get("prefixItems", ()))) else {}
        return {_BOUNDS.get(name, name): _standard(one) for name, one in schema.items()} | lengths
    return schema


def _defined(definitions: dict[str, Any], name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A reference to a schema that is defined once."""
    definitions[name] = schema
    return _reference(name)


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}


def _table(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}
