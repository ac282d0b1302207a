import csv
import io

import pytest

from greeks_cli.engine.simulation import gbm as laws

ATM = ("--strike", "100", "--vol", "0.2")


def test_check_agrees_and_names_every_method(greeks):
    outcome = greeks("check", *ATM, "--greeks", "gamma,vanna", "--paths", "50000")
    assert outcome.code == 0, outcome.out
    for method in (
        "closed form",
        "chainer.grad",
        "Variable.backward",
        "likelihood",
        "mixed",
        "bumps",
        "pricing equation",
    ):
        assert method in outcome.out
    assert "DISAGREES" not in outcome.out


def test_check_exits_4_when_two_methods_disagree(greeks):
    outcome = greeks("check", *ATM, "--greeks", "gamma", "--z", "0.001", "--paths", "5000")
    assert outcome.code == 4
    assert "DISAGREES" in outcome.out


def test_a_wrong_derivative_is_caught(greeks, monkeypatch):
    found_again = (laws.path_law, laws.density_law, laws.shift_law)
    true_drift = laws.drift
    for law in found_again:
        law.cache_clear()
    monkeypatch.setattr(laws, "drift", lambda leaves: true_drift(leaves) + 0.1 * leaves["vol"])
    assert greeks("check", *ATM, "--greeks", "vega").code == 4
    for law in found_again:
        law.cache_clear()  # what was made of the wrong drift


def test_tolerance_not_met_exits_4_with_the_best_result(greeks):
    outcome = greeks("price", *ATM, "--tol", "gamma=0.01%", "--max-paths", "150000", "--format", "csv")
    assert outcome.code == 4
    assert len(list(csv.DictReader(io.StringIO(outcome.out)))) == 6
    forecast, verdict = outcome.err.splitlines()
    assert forecast.startswith("about ")
    assert verdict.startswith("greeks: --tol gamma=0.01%: not met, standard error")


def test_converge_falls_with_the_square_root(greeks):
    outcome = greeks("converge", *ATM, "--greeks", "gamma", "--format", "csv", "--paths", "256000")
    rows = [row for row in csv.DictReader(io.StringIO(outcome.out)) if row["greek"] == "gamma"]
    by_paths = {int(row["paths"]): float(row["stderr"]) for row in rows if row["study"] == "paths"}
    assert by_paths[256_000] == pytest.approx(by_paths[4_000] / 8, rel=0.25)
    widths = [(float(row["width"]), float(row["error"])) for row in rows if row["study"] == "width"]
    assert len(widths) == 5
    assert widths[-1][1] > 10 * widths[1][1]
    assert "Bias of a plain softplus" in greeks("converge", *ATM, "--greeks", "gamma", "--paths", "20000").out
