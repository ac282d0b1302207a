"""The words of docstrings, texts and names: the field's terms, the thing first."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "greeks_cli").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
NO_NOUN = re.compile(r"(What|Whether|Which|Those|These|This|That|It|They|Same|The same|How many)\b")
"""First words of a docstring that name no thing."""
RETIRED = (
    *("party", "flown", "team", "doubts", "verdict", "verdicts", "opinion", "heard", "suspects", "gathering", "cohort"),
    *("tally", "surprise", "hats", "family", "recording", "recordings", "sketch", "mend", "proof"),
)
"""Private words for which the field has its own."""
_FONT = "font.family"


def nodes(path, *kinds):
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))


def retired_in(text):
    return [word for word in RETIRED if re.search(rf"\b{word}\b", text.replace("_", " ").lower())]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_begin_with_the_thing(path):
    documented = nodes(path, ast.Module, ast.ClassDef, ast.FunctionDef)
    texts = filter(None, map(ast.get_docstring, documented))
    assert [text.partition("\n")[0] for text in texts if NO_NOUN.match(text)] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_and_names_have_the_words_of_the_field(path):
    texts = [node.value for node in nodes(path, ast.Constant) if isinstance(node.value, str) and node.value != _FONT]
    names = [node.name for node in nodes(path, ast.ClassDef, ast.FunctionDef)]
    assert {text[:80]: found for text in (*texts, *names, path.stem) if (found := retired_in(text))} == {}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_of_tests_can_be_read_alone(path):
    names = [node.name for node in nodes(path, ast.FunctionDef) if node.name.startswith("test_")]
    assert [name for name in names if re.match(r"test_(nor|and|but|so|it|they|also|otherwise)_", name)] == []
    assert {name: found for name in names if (found := retired_in(name))} == {}


def test_a_wrong_word_is_found():
    assert NO_NOUN.match("Whether it is so.")
    assert not NO_NOUN.match("Whatever the number.")
    assert retired_in("the tally_of_trades") == ["tally"]
