"""The JSON Schema of a book, from the models that validate it."""

from typing import Any

from pydantic import BaseModel

from greeks_cli.terms.accuracy import Accuracy
from greeks_cli.terms.contracts import CONTRACTS
from greeks_cli.terms.date_fields import DATE_FIELDS
from greeks_cli.terms.dating import Dating
from greeks_cli.terms.market import Market
from greeks_cli.terms.position import Position
from greeks_cli.terms.quote import Quote
from greeks_cli.terms.simulation import Simulation

_GREEKS = {
    "description": "Greeks by name, d(spot,vol) for any other, or all",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
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
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_AXIS = {"anyOf": [{"type": "array", "minItems": 1}, {"type": "string", "pattern": "^[^:]+:[^:]+:[0-9]+$"}]}
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
    sections = {name: _table(properties) for name, properties in shared.items()}
    inherited = {field: schema for properties in shared.values() for field, schema in properties.items()}
    contracts = [_contract(kind, model, inherited, definitions) for kind, model in CONTRACTS.items()]
    of_underlying = {**shared["market"], "currency": shared["position"]["currency"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A book of trades for greeks batch",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "greeks": _GREEKS,
            **sections,
            "contract": {"description": "fields that trades of the same kind have in common", "type": "object"},
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
            "trade": {"type": "array", "items": {"anyOf": contracts}},
        },
        "$defs": definitions,
    }


def _contract(
    kind: str, model: type[BaseModel], inherited: dict[str, Any], definitions: dict[str, Any]
) -> dict[str, Any]:
    own = _properties(model, definitions) | {"kind": {"const": kind}}
    own |= {name: _or_text(own[name]) for name in (*DATE_FIELDS, "underlyings") if name in own}
    own |= {"correlation": _CORRELATION} if "underlyings" in own else {}
    # Only the first contract may leave out its kind.
    needed = [] if kind == next(iter(CONTRACTS)) else ["kind"]
    identity = {"id": {"type": ["string", "integer"], "description": "the name of the result"}}
    return {
        "title": kind,
        **_table({**identity, "greeks": _GREEKS, "grid": _GRID, **own, **inherited}),
        "patternProperties": {r"^tags\\.": {"type": ["string", "number"]}},
        "required": needed,
    }


def _or_text(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field that may be written as a date, a tenor or a rule as well."""
    texts = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    return {"description": schema.get("description", ""), "anyOf": [schema, *texts]}


def _properties(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _standard(model.model_json_schema())
    definitions |= schema.pop("$defs", {})
    return dict(schema["properties"])


def _standard(schema: Any) -> Any:
    """A schema with the words of JSON Schema for bounds, where Pydantic leaves its own."""
    if isinstance(schema, list):
        return [_standard(one) for one in schema]
    if isinstance(schema, dict):
        return {_BOUNDS.get(name, name): _standard(one) for name, one in schema.items()}
    return schema


def _table(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}
