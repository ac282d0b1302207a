import csv
import io
import os
import re

import pytest

GAMMA = ("--strike", "100", "--vol", "0.2", "--paths", "4096", "--greeks", "gamma")


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_picture_has_errors_their_guide_sobol_points_and_biases(greeks, tmp_path):
    file = tmp_path / "out.svg"
    outcome = greeks("converge", *GAMMA, "-o", str(file))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    text = file.read_text(encoding="utf-8")
    for part in (
        "gamma: standard error",
        "gamma: bias",
        "slope -1/2",
        "standard error, Sobol points",
        "estimate of the bias",
        "width of the automatic rule",
    ):
        assert f">{part}</text>" in text


def test_sobol_study_draws_sobol_points_alone(greeks, tmp_path):
    file = tmp_path / "out.svg"
    assert greeks("converge", *GAMMA, "--sampler", "sobol", "--study", "paths", "-o", str(file)).code == 0
    text = file.read_text(encoding="utf-8")
    assert ">standard error, Sobol points</text>" in text
    assert "random paths" not in text
    assert "bias" not in text


@pytest.mark.parametrize(("study", "found"), [("paths", {"paths"}), ("widths", {"width"})])
def test_study_flag_selects_one_study(greeks, study, found):
    assert {row["study"] for row in rows(greeks("converge", *GAMMA, "--study", study, "--format", "csv").out)} == found


@pytest.mark.parametrize(
    ("paths", "rungs"), [(32, [32]), (100, [24, 100]), (4096, [16, 64, 256, 1024, 4096]), (33, [33])], ids=str
)
def test_rungs_end_at_the_paths_asked_for_and_grow_fourfold(greeks, tmp_path, paths, rungs):
    asked = (*GAMMA, "--paths", str(paths), "--study", "paths", "--quiet")
    found = rows(greeks("converge", *asked, "--format", "csv").out)
    assert list(dict.fromkeys(int(row["paths"]) for row in found)) == rungs
    file = tmp_path / "out.svg"
    assert greeks("converge", *asked, "-o", str(file)).code == 0
    assert ("Sobol" in file.read_text(encoding="utf-8")) == (paths >= 2048)


def test_a_page_has_the_picture_and_the_numbers(greeks, tmp_path):
    file = tmp_path / "out.html"
    assert greeks("converge", *GAMMA, "--study", "widths", "-o", str(file)).code == 0
    assert file.read_text(encoding="utf-8").count("<tr>") == 1 + 5


def fake_graphviz(folder, script):
    program = folder / "dot"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_a_graph_is_drawn_by_graphviz(greeks, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", fake_graphviz(tmp_path, 'echo "drawn as $1"; cat'))
    file = tmp_path / "g.svg"
    assert greeks("graph", *GAMMA, "--of", "gamma", "-o", str(file)).code == 0
    first, rest = file.read_text().split("\n", 1)
    assert first == "drawn as -Tsvg"
    assert rest.startswith("digraph")
    assert 'label="gamma: European call, strike 100, expiry 1y | spot 100' in rest


def test_a_failure_of_graphviz_is_one_line(greeks, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", fake_graphviz(tmp_path, "echo no fonts >&2; exit 3"))
    outcome = greeks("graph", *GAMMA, "-o", str(tmp_path / "g.svg"))
    assert (outcome.code, outcome.err) == (1, "greeks: Graphviz failed: no fonts\n")
    assert not (tmp_path / "g.svg").exists()


def test_without_graphviz_dot_is_written_and_nothing_is_overwritten(greeks, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "g.svg"
    outcome = greeks("graph", *GAMMA, "-o", str(file))
    assert outcome.code == 1
    assert f"dot -Tsvg {tmp_path}/g.dot -o {file}" in outcome.err
    assert (tmp_path / "g.dot").read_text().startswith("digraph")
    assert greeks("graph", *GAMMA, "-o", str(file)) == outcome
    another = greeks("graph", *GAMMA, "--seed", "1", "-o", str(file))
    assert another.code == 2
    assert "is there already" in another.err
    (tmp_path / "g.dot").write_text("mine")
    assert greeks("graph", *GAMMA, "-o", str(file)).code == 2
    assert (tmp_path / "g.dot").read_text() == "mine"


@pytest.mark.parametrize("of", ["price", "gamma", "charm"])
def test_a_graph_says_how_it_was_simulated_names_its_leaves_and_has_short_constants(greeks, of):
    text = greeks("graph", *GAMMA, "--of", of).out
    assert "4,096 paths x 1 step, seed 0, softplus width auto, float64" in text
    assert not re.search(r"\d\.\d{7}", text)
    targets = set(re.findall(r"-> (\d+)", text))
    labels = dict(re.findall(r'(\d+) \[label="([^"]*)"', text))
    leaves = {label for node, label in labels.items() if node not in targets}
    assert leaves
    assert all(re.fullmatch(r"[\w ]+: \(4\), float64", label) for label in leaves), leaves
