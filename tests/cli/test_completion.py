"""Templates, schemas and completion in shells."""

import json
import tomllib

import pytest

from greeks_cli.terms.contracts.catalogue import CONTRACTS
from tests.cli.batches import CONFIGS, lines


def test_the_template_is_a_book(greeks, tmp_path):
    path = tmp_path / "new.toml"
    assert greeks("init", str(path)).code == 0
    assert greeks("init").out == path.read_text()
    assert "is there already" in greeks("init", str(path)).err
    records = lines(greeks("batch", str(path), "--paths", "2000").out)
    assert {record["contract"]["kind"] for record in records} == set(CONTRACTS)
    assert {record["status"] for record in records} == {"ok"}


def test_the_schema_knows_every_field_of_the_configs(greeks):
    schema = json.loads(greeks("schema").out)
    kinds = {one["title"]: one["properties"] for one in schema["$defs"].values() if one.get("title") in CONTRACTS}
    assert set(kinds) == set(CONTRACTS)
    book = tomllib.loads((CONFIGS / "book.toml").read_text())
    assert set(book) <= set(schema["properties"])
    for trade in book["trade"]:
        assert set(trade) <= set(kinds[trade.get("kind", "european")])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("greeks ba", "batch"),
        ("greeks price --greeks delta,van", "delta,vanna"),
        ("greeks price --sampler s", "sobol"),
        ("greeks batch --for", "--format"),
        ("greeks explain va", "vanna"),
        ("greeks explain var", "variance-swap"),
        ("greeks explain rain", "rainbow"),
        ("greeks explain correl", "correlation"),
        ("greeks price --greeks delta,hes", "delta,hessian"),
        ("greeks graph --of ga", "gamma"),
        ("greeks price --tol ga", "gamma="),
        ("greeks profile --over sp", "spot="),
        ("greeks profile --over fi", "fixings="),
    ],
)
def test_shells_complete_commands_options_values_and_greeks(greeks, monkeypatch, words, expected):
    monkeypatch.setenv("_GREEKS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert f"plain,{expected}" in greeks().out.splitlines()


@pytest.mark.parametrize("words", ["greeks batch bo", "greeks report bo"])
def test_shells_complete_files(greeks, monkeypatch, words):
    monkeypatch.setenv("_GREEKS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "2")
    assert greeks().out == "file,bo\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_function_for_the_shell(greeks, shell):
    printed = greeks("completion", shell).out
    assert f"_GREEKS_COMPLETE={shell}_complete" in printed
    assert "_greeks_completion" in printed
