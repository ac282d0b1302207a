"""The JSON Schema of a book: what batch accepts is valid, and what a model refuses in one field is not."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from greeks_cli.book.schema import book_schema
from greeks_cli.book.template import template
from greeks_cli.terms.contracts.catalogue import CONTRACTS, ON_SEVERAL
from greeks_cli.terms.greek import MODEL_PARAMETERS
from greeks_cli.terms.markets.models import models_with
from greeks_cli.terms.sections import SECTION_MODELS

CONFIGS = Path(__file__).parents[2] / "configs"
SCHEMA = book_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
VALUES = [-5, -0.5, 0, 0.5, 3, 1e13, 2e4, True, [0.5, -1]]
"""Values some of which most fields refuse."""


def document(path):
    text = path.read_text()
    return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)


def mistakes(book):
    """The places of a book's mistakes, with dates as texts, as JSON has them."""
    plain = json.loads(json.dumps(book, default=str))
    return [".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(plain)]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_bounds_have_the_words_of_json_schema():
    text = json.dumps(SCHEMA)
    assert not any(f'"{word}":' in text for word in ("ge", "gt", "le", "lt"))
    assert SCHEMA["$defs"]["contract european"]["properties"]["strike"]["minimum"] == 1e-12


@pytest.mark.parametrize(
    "path", sorted(CONFIGS.glob("*.toml")) + sorted(CONFIGS.glob("*.json")), ids=lambda one: one.name
)
def test_every_example_is_valid(path):
    assert mistakes(document(path)) == []


def test_every_line_of_the_example_in_json_lines_is_valid():
    assert mistakes([json.loads(line) for line in (CONFIGS / "book.jsonl").read_text().splitlines()]) == []


def test_the_template_with_every_contract_is_valid():
    book = tomllib.loads(template())
    assert {trade["kind"] for trade in book["trade"]} == set(CONTRACTS)
    assert mistakes(book) == []


@pytest.mark.parametrize(
    "book",
    [
        [{"strike": 100, "vol": 0.2}],
        {"trade": [{"strike": 100, "expiry": "2027-06-18", "tags.desk": "rates", "quantity": -3}]},
        {"trade": [{"strike": 100, "vol": [[0.25, 0.2], [1, 0.22]], "rate": "zero.csv", "dividends": "0.3:1.5"}]},
        {"trade": [{"kind": "asian", "strike": 100, "past_fixings": "98.5,101", "fixings": "monthly"}]},
        {"contract": {"kind": "asian", "strike": 100}, "trade": [{"fixings": 4}]},
        {"grid": {"kind": ["asian", "straddle"]}, "trade": [{"strike": 100}]},
        {"accuracy": {"tol": "gamma=1%"}, "market": {"vol": 0.2}},
        {"accuracy": {"tol": ["gamma=1%", "price=0.001"]}, "simulation": {"paths": 1e6}},
        {"grid": {"spot": "80:120:5", "vol": [0.1, 0.2]}, "trade": [{"strike": 100}]},
        {
            "greeks": [
                "vomma",
                "rho[1]",
                "vega[0.25@90]",
                "d(spot[A], vol)",
                "hessian",
                "all",
                "delta[A]",
                "vega[A:0.5]",
            ]
        },
    ],
    ids=str,
)
def test_good_books_are_valid(book):
    assert mistakes(book) == []


@pytest.mark.parametrize(
    ("book", "place"),
    [
        ({"trade": [{"strike": -5}]}, "trade.0.strike"),
        ([{"strike": 100}, {"kind": "straddle", "strike": -5}], "1.strike"),
        ({"contract": {"kind": "european", "strike": -5}}, "contract.strike"),
        ({"trade": [{"strkie": 100}]}, "trade.0"),
        ({"trade": [{"strike": 100, "fixings": 4}]}, "trade.0"),
        ({"trade": [{"kind": "asain", "strike": 100}]}, "trade.0.kind"),
        ({"trade": [{"strike": 100, "vol": -0.2}]}, "trade.0.vol"),
        ({"trade": [{"strike": 100, "multiplier": 0}]}, "trade.0.multiplier"),
        ({"trade": [{"strike": True}]}, "trade.0.strike"),
        ({"simulation": {"paths": 3}}, "simulation.paths"),
        ({"simulation": {"confidence": 95}}, "simulation.confidence"),
        ({"accuracy": {"tol": "gamma"}}, "accuracy.tol"),
        ({"market": {"spot": 0}}, "market.spot"),
        ({"underlying": {"A": {"spot": -1}}}, "underlying.A.spot"),
        ({"correlation": {"A,B": 2}}, "correlation"),
        ({"trade": [{"strike": 100, "id": " "}]}, "trade.0.id"),
        ({"trade": [{"strike": 100, "greeks": ["delta", "gama"]}]}, "trade.0.greeks"),
        ({"trade": [{"strike": 100, "vol": [[1, 0.2], [2]]}]}, "trade.0.vol"),
        ({"trade": [{"strike": 100, "dividends": [[0.5, 1, 2]]}]}, "trade.0.dividends"),
        ({"trades": []}, ""),
    ],
    ids=str,
)
def test_a_mistake_is_found_at_its_place(book, place):
    assert mistakes(book) == [place]


def is_refused(model: type[BaseModel], fields: dict, name: str) -> bool:
    """True if a model refuses the value of one field, whatever the others."""
    try:
        model.model_validate(fields)
    except ValidationError as error:
        return any(details["loc"][:1] == (name,) for details in error.errors() if details["type"] != "missing")
    return False


OF_BOOKS = ("kind", "underlying", "correlation", "underlyings")
"""Fields that books have in forms of their own."""
FIELDS = [
    *((kind, model, name) for kind, model in CONTRACTS.items() for name in model.model_fields),
    *(
        (section, model, name)
        for section, own in SECTION_MODELS.items()
        for model in own
        for name in model.model_fields
    ),
]


@pytest.mark.parametrize(("where", "model", "name"), [one for one in FIELDS if one[2] not in OF_BOOKS])
def test_a_value_that_a_field_refuses_is_not_valid(where, model, name):
    other = {"model": str(models_with(name)[0])} if name in MODEL_PARAMETERS else {}
    for value in VALUES:
        fields = {**other, name: value}
        if is_refused(model, fields, name):
            book = {"trade": [{"kind": where, **fields}]} if where in CONTRACTS else {where: fields}
            assert mistakes(book), value


def test_what_batch_prices_is_valid(tmp_path, greeks):
    """Each contract's example in every field that it has, and books of the documentation."""
    trades = [
        {"id": kind, "kind": kind, **({"underlyings": ["A", "B"]} if kind in ON_SEVERAL else {}), **dict(model.example)}
        for kind, model in CONTRACTS.items()
    ]
    book = {
        "market": {"vol": 0.2},
        "underlying": {"A": {"spot": 100, "vol": 0.2}, "B": {"spot": 95, "vol": 0.3}},
        "correlation": {"A,B": 0.5},
        "simulation": {"paths": 256},
        "greeks": ["price"],
        "trade": trades,
    }
    assert mistakes(book) == []
    (tmp_path / "book.json").write_text(json.dumps(book))
    assert greeks("batch", str(tmp_path / "book.json"), "--quiet").code == 0
