from importlib.metadata import version

import pytest

from greeks_cli import __version__
from greeks_cli.cli.main import COMMANDS
from greeks_cli.explain.names import all_names
from greeks_cli.terms.building import build_request
from greeks_cli.terms.contracts.catalogue import CONTRACTS
from greeks_cli.terms.glossary import TOPICS
from greeks_cli.terms.greek import NAMED
from greeks_cli.terms.markets.models import Model, with_samples
from greeks_cli.terms.quote import Quote


def test_version_is_printed(greeks):
    assert greeks("--version").out == f"greeks, version {__version__}\n"


def test_help_lists_every_command(greeks):
    outcome = greeks("--help")
    assert outcome.code == 0
    for name, text in COMMANDS.items():
        assert f"{name} " in outcome.out
        assert greeks(name, "--help").code == 0, text


def test_unknown_command_gets_a_suggestion(greeks):
    assert greeks("prise").err == "greeks: prise: unknown command; did you mean 'price'?\n"


@pytest.mark.parametrize("name", NAMED)
def test_explain_knows_every_named_greek(greeks, name):
    outcome = greeks("explain", name)
    assert outcome.code == 0
    for part in ("derivative", "meaning", "usual sign", "unit", "estimate", "reference"):
        assert part in outcome.out


def test_explain_a_formula_and_a_mistake(greeks):
    assert "per spot^3 per 1.00 vol" in greeks("explain", "d(spot,spot,spot,vol)").out
    outcome = greeks("explain", "gama")
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)


def test_explain_without_a_name_lists_all(greeks):
    outcome = greeks("explain")
    assert outcome.out == f"{all_names()}\n"
    assert max(map(len, outcome.out.splitlines())) <= 80


@pytest.mark.parametrize("name", ["market-price", "market_price", "forward"])
def test_explain_a_quote(greeks, name):
    assert ("exp(-rT)" in greeks("explain", name).out) == (name != "forward")
    assert set(TOPICS) >= {name.replace("_", "-") for name in Quote.model_fields}


@pytest.mark.parametrize("kind", CONTRACTS)
def test_explain_a_contract_lists_its_own_options(greeks, kind):
    text = greeks("explain", kind).out
    for field in CONTRACTS[kind].model_fields:
        assert field == "kind" or f"--{field.replace('_', '-')} " in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("underlyings", "--underlying A:spot=100,vol=0.2"),
        ("correlation", "positive semidefinite"),
        ("hessian", "all second derivatives in the spots"),
        ("gamma[A]", "of underlying A alone"),
        ("vega[A:0.5]", "of underlying A at the node 0.5 alone"),
        ("d(spot[A],spot[B])", "cross gamma"),
        ("d(correlation[A,B])", "the correlation of A and B"),
        ("d(correlation)", "the correlation of each pair"),
    ],
)
def test_explain_several_underlyings(greeks, name, said):
    assert said in " ".join(greeks("explain", name).out.split())


@pytest.mark.parametrize("name", ["vol_of_vol", "jump_vol", "initial_variance"])
def test_explain_knows_the_parameters_of_models(greeks, name):
    assert f"derivative d({name})" in " ".join(greeks("explain", f"d({name})").out.split())


@pytest.mark.parametrize("model", Model)
def test_explain_has_every_model_and_the_graph_is_drawn(greeks, model):
    assert greeks("explain", model).out.startswith(f"{model}\n")
    own = {name: value for name, value in with_samples({"model": model}).items() if name != "vol_surface"}
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in own.items()]
    if model is Model.LOCAL_VOL:
        flags += ["--vol-surface", "configs/surface.csv", "--valuation-date", "2026-11-30"]
    outcome = greeks("graph", "--strike", "100", *flags, "--of", "gamma")
    assert outcome.out.startswith("digraph"), outcome.err
    assert outcome.err == ""
    assert "spot: " in outcome.out
    assert (
        f"paths x {'16 steps' if model.has_variance or not model.is_conditional else '1 step'}, seed 0" in outcome.out
    )


@pytest.mark.parametrize("name", ["vol_of_vol[1]", "spot[0.5]"])
def test_explain_refuses_nodes_of_a_number(greeks, name):
    outcome = greeks("explain", f"d({name})")
    assert outcome.code == 2
    assert f"'{name.partition('[')[0]}' has no nodes; they are of vol, rate" in outcome.err


def test_explain_tells_quotes_from_nodes_and_finds_topics(greeks):
    text = " ".join(greeks("explain", "vega[0.25@90]").out.split())
    assert "of the surface vol at its quote 0.25@90 alone" in text
    assert "over all quotes of the surface it is vega" in text
    assert greeks("explain", "Heston").out.startswith("heston\n")
    assert "hestn: unknown; did you mean 'heston'?" in greeks("explain", "hestn").err


def test_explain_knows_dividends_by_their_dates(greeks):
    assert "unit        per 1.00 of dividend[0.5]" in greeks("explain", "d(dividend[0.5])").out


@pytest.mark.parametrize("name", ["price", "delta", "gamma"])
def test_graph_is_dot_with_named_leaves(greeks, name):
    text = greeks("graph", "--strike", "100", "--vol", "0.2", "--of", name).out
    assert text.startswith("digraph")
    assert "spot: " in text
    assert f'label="{name}: ' in text
    assert "softplus" in text


def test_bench_times_the_workloads_beside_their_floor(greeks, monkeypatch):
    small = build_request({"strike": 100}, {"vol": 0.1}, {"paths": 5000}, "delta")
    monkeypatch.setattr("greeks_cli.run.workloads.WORKLOADS", {"A": ("a small one", small)})
    heading, line = greeks("bench", "--threads", "2").out.splitlines()
    assert heading.split() == ["workload", "seconds", "floor", "times", "the", "floor"]
    letter, seconds, floor, ratio, *what = line.split()
    assert (letter, " ".join(what)) == ("A", "a small one")
    assert float(seconds) > 0
    assert float(floor) >= 0
    assert float(ratio) > 0


def test_doctor_names_versions_and_the_gpu(greeks):
    facts = dict(line.split(maxsplit=1) for line in greeks("doctor").out.splitlines())
    assert facts["chainer"] == version("chainer")
    assert facts["numpy"] == version("numpy")
    assert int(facts["threads"]) >= 1
    assert facts["gpu"]
