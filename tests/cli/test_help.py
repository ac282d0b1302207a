"""Pages of help: options in sections, what applies to a contract, and 80 columns."""

import importlib
import re

import click
import pytest

from greeks_cli.cli.field_options import FIELDS, contract_fields
from greeks_cli.cli.main import COMMANDS
from greeks_cli.cli.sections import Section, SectionedOption
from greeks_cli.inputs.source import flag
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.markets.models import OF_MODELS, Model
from greeks_cli.terms.markets.several import Several

ON_CONTRACTS = ("price", "check", "converge", "profile", "graph")
"""Commands with an option for every field of a contract."""


def command(name):
    return importlib.import_module(f"greeks_cli.cli.{name.replace('-', '_')}").command


def shown(page):
    """The options of a page of help."""
    return set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", page, re.MULTILINE))


def section_of(page, option):
    """The heading above an option."""
    heading = None
    for line in page.splitlines():
        heading = line.rstrip(":") if re.fullmatch(r"[A-Z]\w+:", line) else heading
        if line.startswith(f"  {option} "):
            return heading
    raise AssertionError(f"{option} is not shown")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_section(name):
    options = [param for param in command(name).params if isinstance(param, click.Option)]
    assert [param.name for param in options if not isinstance(param, SectionedOption)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns(greeks, name):
    lines = greeks(name, "--help").out.splitlines()
    assert len(lines) > 3
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_sections_of_help_hold_options_alone(greeks, name):
    _, *sections = re.split(r"^[A-Z]\w+:\n", greeks(name, "--help").out, flags=re.MULTILINE)
    assert re.findall(r"^  (?! *-)\S.*", "\n".join(sections), re.MULTILINE) == []


@pytest.mark.parametrize("name", ON_CONTRACTS)
def test_help_shows_an_option_for_every_field(greeks, name):
    assert {flag(path) for path in (*FIELDS, *contract_fields(CONTRACTS))} <= shown(greeks(name, "--help").out)


@pytest.mark.parametrize(
    ("option", "section"),
    [
        ("--strike", "Contract"),
        ("--spot", "Market"),
        ("--vol-of-vol", "Model"),
        ("--valuation-date", "Dates"),
        ("--paths", "Simulation"),
        ("--tol", "Accuracy"),
        ("--greeks", "Output"),
        ("--threads", "Run"),
    ],
)
def test_help_has_sections_in_order(greeks, option, section):
    page = greeks("price", "--help").out
    assert section_of(page, option) == section
    headings = re.findall(r"^(\w+):$", page, re.MULTILINE)
    assert headings == [str(one) for one in Section]


@pytest.mark.parametrize("kind", CONTRACTS)
def test_help_for_a_contract_shows_what_applies(greeks, kind):
    page = greeks("price", "--help", "--contract", kind).out
    own = {flag(("contract", name)) for name in CONTRACTS[kind].model_fields}
    others = {flag(path) for path in contract_fields(CONTRACTS)} - own
    assert own <= shown(page)
    assert not others & shown(page)
    several = {flag(("market", name)) for name in Several.model_fields}
    assert (several & shown(page) != set()) == ("underlyings" in CONTRACTS[kind].model_fields)
    assert greeks("price", "--contract", kind, "-h").out == page
    assert greeks("price", kind, "--help").out == page


@pytest.mark.parametrize("model", Model)
def test_help_for_a_model_shows_its_parameters(greeks, model):
    page = greeks("price", "--help", "--model", str(model)).out
    assert shown(page) & {flag(("market", name)) for name in OF_MODELS} == {
        flag(("market", name)) for name in model.parameters
    }


@pytest.mark.parametrize("name", ON_CONTRACTS)
def test_options_of_other_contracts_are_made_for_a_line_or_a_variable_that_has_one(name):
    made = type(command(name))(name, params=[])
    rights = {"exercise", "exercise_times", "exercise_dates", "basis", "bounds"}
    assert {param.path[1] for param in made.params} == {"kind", "expiry", "type", "strike", *rights}
    context = click.Context(made, info_name=name, auto_envvar_prefix="GREEKS_TEST")
    assert made._suffices(context, ["--strike", "-5", "--type=put"])
    assert not made._suffices(context, ["--barrier", "90"])
    assert not made._suffices(context, ["--contract", "european"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GREEKS_TEST_STRIKE", "100")
        assert made._suffices(context, [])
        patch.setenv("GREEKS_TEST_BARRIER", "90")
        assert not made._suffices(context, [])


def test_help_names_the_contracts_that_require_an_option(greeks):
    page = " ".join(greeks("price", "--help").out.split())
    assert re.search(r"--barrier-type \S+ [^[]*\[required for barrier", page)
    assert re.search(r"--strike NUMBER [^[]*\[required, but for asian, lookback", page)
    assert "[required]" not in page
    assert "variance-swap: number of equally spaced returns" in page
    barrier = " ".join(greeks("price", "--help", "--contract", "barrier").out.split())
    assert "Level that ends or begins the option. [required]" in barrier


@pytest.mark.parametrize(("kind", "shown"), [("european", True), ("barrier", False)])
def test_help_shows_a_market_price_for_europeans_alone(greeks, kind, shown):
    assert ("--market-price" in greeks("price", "--help", "--contract", kind).out) is shown


def test_help_for_a_contract_states_its_own_default(greeks):
    def default(kind):
        page = " ".join(greeks("price", "--help", "--contract", kind).out.split())
        return re.search(r"--fixings [^[]*\[default: (\d+)\]", page)[1]

    assert [default(kind) for kind in ("asian", "phoenix", "variance-swap")] == ["12", "4", "252"]


def test_help_for_an_unknown_contract_names_the_option(greeks):
    outcome = greeks("price", "--help", "--contract", "asain")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert outcome.err.startswith("greeks: --contract: 'asain' is not one of ")


def test_a_contract_without_its_option_gets_the_remedy(greeks):
    outcome = greeks("price", "barrier", "--strike", "100")
    assert (outcome.code, outcome.err) == (2, "greeks: barrier: is no option; write --contract barrier\n")


@pytest.mark.parametrize(
    "form",
    [
        "--knocked in|out",
        "--exercise-times TIMES|RULE",
        "--fixings COUNT|RULE",
        "--past-fixings LIST",
        "--expiry TIME",
        "--steps COUNT",
        "--width VALUE",
        "--vol NUMBER",
        "--valuation-date DATE",
        "--day-count NAME",
    ],
)
def test_help_shows_the_form_of_values(greeks, form):
    assert re.search(rf"^  {re.escape(form)}( |$)", greeks("price", "--help").out, re.MULTILINE)
