"""Every contract, option, model, Greek, estimator and warning is explained, in 80 columns."""

import ast
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from greeks_cli.explain.conventions import conventions_of
from greeks_cli.explain.methods import ESTIMATORS, METHOD_TOPICS, SYNONYMS, WARNINGS
from greeks_cli.explain.names import PLAIN, all_names, explanation, warning_of
from greeks_cli.explain.numbers import NUMBER_TOPICS
from greeks_cli.explain.page import entries_of, page
from greeks_cli.terms.bridges import n_bridges
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.contracts.fixings import Fixed
from greeks_cli.terms.errors import InvalidInput
from greeks_cli.terms.glossary import TOPICS
from greeks_cli.terms.greek import NAMED
from greeks_cli.terms.markets.models import Model
from greeks_cli.terms.results.result import Unsimulated
from greeks_cli.terms.sections import SECTION_MODELS
from greeks_cli.terms.simulation import Estimator, ExecutorName
from greeks_cli.terms.units import Units

PACKAGE = Path(__file__).parents[2] / "greeks_cli"
PARAMETERS = sorted({name for model in CONTRACTS.values() for name in model.parameters})
OPTIONS = {
    name for models in (CONTRACTS.values(), *SECTION_MODELS.values()) for one in models for name in one.model_fields
}


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("name", [*PLAIN, *CONTRACTS, *(f"d({name})" for name in PARAMETERS)])
def test_every_name_is_explained_in_80_columns(name):
    title, *lines = explanation(name).splitlines()
    assert lines
    assert title == name.lower() or name.startswith("d(")
    assert max(map(len, (title, *lines))) <= 80


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_every_option_is_explained(name):
    text = explanation(name.replace("_", "-"))
    assert max(map(len, text.splitlines())) <= 80
    assert "None" not in text


@pytest.mark.parametrize("kind", CONTRACTS)
def test_a_contract_is_explained_by_its_fields_and_conventions(kind):
    text, model = words(explanation(kind)), CONTRACTS[kind]
    assert words((model.__doc__ or "").replace("``", ""))[:60] in text
    for name, info in model.model_fields.items():
        if name != "kind":
            assert f"--{name.replace('_', '-')} " in text
            assert not info.is_required() or "[required" in text
    assert all(words(meaning) in text for _, meaning in conventions_of(model))
    assert "payment in cash" in text


@pytest.mark.parametrize("kind", CONTRACTS)
def test_the_example_of_a_contract_is_a_command_that_runs(greeks, kind):
    command = explanation(kind).partition("greeks price ")[2]
    outcome = greeks("price", *shlex.split(command), "--paths", "64", "--greeks", "price", "--quiet")
    assert outcome.code == 0, outcome.err


def test_a_new_contract_is_explained_by_the_models_that_it_derives_from():
    class New(Fixed):
        """Pays nothing."""

    assert "fixings" in dict(conventions_of(New))


def test_every_estimator_is_explained():
    assert set(ESTIMATORS) == {*Estimator, *Unsimulated}
    assert all(name in explanation("estimators") for name in ESTIMATORS)


@pytest.mark.parametrize("model", Model)
def test_every_model_is_explained(model):
    assert model in TOPICS
    assert model in explanation("models")


@pytest.mark.parametrize("units", Units)
def test_all_units_are_explained(units):
    assert units in words(explanation("units"))


def test_names_are_listed_once():
    listed = words(all_names())
    for name in (*NAMED, *CONTRACTS, *TOPICS, *METHOD_TOPICS, *ESTIMATORS, *NUMBER_TOPICS):
        assert re.search(rf"(^|[ ,]){re.escape(name)}([ ,]|$)", listed), name
    assert len(PLAIN) == len(set(PLAIN))


def texts_of(path, returning):
    """The texts that functions return; a number in an f-string becomes N."""
    for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
        if returning(function):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value:
                    yield from _texts(node.value)


def _texts(node):
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value if isinstance(part, ast.Constant) else "N" for part in parts)
        case ast.IfExp(body=body, orelse=otherwise):
            yield from _texts(body)
            yield from _texts(otherwise)


def warnings_of_estimates():
    path = PACKAGE / "engine" / "execution" / "warnings.py"
    return list(texts_of(path, lambda one: one.returns is not None and ast.unparse(one.returns) == "str | None"))


def warnings_of_contracts():
    paths = sorted((PACKAGE / "terms").rglob("*.py"))
    return [text for path in paths for text in texts_of(path, lambda one: one.name == "remark")]


@pytest.mark.parametrize("text", [*warnings_of_estimates(), *warnings_of_contracts()])
def test_every_warning_is_explained(text):
    assert warning_of(text) is not None, f"explain.methods.WARNINGS lacks '{text}'"
    assert WARNINGS[warning_of(text)] in words(explanation(text))


def test_every_explained_warning_is_given():
    given = {warning_of(text) for text in (*warnings_of_estimates(), *warnings_of_contracts())}
    assert given == set(WARNINGS)


def test_a_warning_is_found_by_its_text_with_numbers(greeks):
    arguments = (
        "--contract",
        "barrier",
        "--barrier",
        "90",
        "--barrier-type",
        "up-out",
        "--strike",
        "100",
        "--vol",
        "0.2",
    )
    shown = greeks("price", *arguments, "--format", "json", "--greeks", "price").out
    warning = re.search(r'"warning": "(.*)"', shown)[1]
    assert "has touched a barrier" in words(explanation(warning))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("d(barrier)", "level that ends or begins the option"),
        ("d(barrier)", "barrier, accumulator"),
        ("d(K)", "a parameter of a formula, such as --param K=100"),
        ("d(initial_level[A])", "price by which each underlying is divided"),
        ("d(spot,strike)", "derivatives of order 2"),
        ("d(fx_vol)", "volatility per year of the exchange rate"),
        ("d(jump_mean)", "models merton, bates"),
        ("gamma", "d1 (log(S/K) + (r - q + vol**2/2)*T) / (vol*sqrt(T))"),
        ("vega", "raw in QuantLib"),
        ("vega", "as --units market in vollib"),
        ("time", "calendar time"),
        ("--rebate", "[for barrier, double-barrier"),
        ("Heston", "S. Heston (1993)"),
        ("GAMMA", "change of delta with the spot"),
        ("contract", "barrier, double-barrier"),
        ("d(vol_of_vol[A])", "volatility of variance"),
    ],
)
def test_explanations_say(name, said):
    assert said in words(explanation(name))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("hestn", "did you mean 'heston'?"),
        ("barier", "did you mean 'barrier'?"),
        ("d(strkie)", "did you mean 'strike'?"),
        ("d(1x)", "choose from spot"),
        ("d(barrier[1])", "barrier is one number; leave out the brackets"),
        ("d(strike[A])", "strike is one number"),
        ("d(spot,spot,spot,spot,spot)", "the highest order is 4"),
        ("nonsense", "nonsense: unknown; greeks explain lists all names"),
        ("", "unknown Greek"),
    ],
)
def test_a_mistake_gets_a_remedy_in_one_line(name, remedy):
    with pytest.raises(InvalidInput) as caught:
        explanation(name)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_sentence_of_a_topic_is_one_paragraph(topic):
    paragraphs = [(meaning, not term) for term, meaning in entries_of(TOPICS[topic])]
    broken = [
        one for (one, is_text), (_, goes_on) in pairwise(paragraphs) if is_text and goes_on and one[-1] not in ".:;"
    ]
    assert broken == []


def test_lines_of_a_topic_become_entries():
    long = "a sentence that is " + "long " * 18
    lines = (long.strip(), "and goes on", "term      meaning", "          that goes on", "  --flag 1   an example")
    assert entries_of(lines) == [
        ("", f"{long.strip()} and goes on"),
        ("term", "meaning that goes on"),
        ("--flag 1", "an example"),
    ]
    assert page("title", [("term", "meaning")]) == "title\n  term        meaning"


@pytest.mark.parametrize(("name", "topic"), SYNONYMS.items())
def test_other_names_of_a_topic_have_its_page(name, topic):
    assert explanation(name) == explanation(topic)


def test_bridges_are_explained_by_their_numbers():
    text = words(explanation("bridges"))
    assert (n_bridges(1.5, 0, None), n_bridges(0.01, 0, None), n_bridges(99, 0, None)) == (48, 16, 128)
    assert n_bridges(1, 30, None) == 4 * 30
    assert n_bridges(1, 0, 80) == 40
    assert "32 a year, of 16 to 128, and 4 for each jump; half of --steps" in text


def test_executors_are_explained_by_their_names():
    text = explanation("executors")
    assert all(f"\n  {name} " in text for name in ExecutorName)
