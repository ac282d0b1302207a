import csv
import io
import re

import pytest

from greeks_cli.engine.execution import traced
from greeks_cli.engine.simulation import gbm, laws

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
        "conditional",
        "bumps",
        "pricing equation",
    ):
        assert method in outcome.out
    assert "DISAGREES" not in outcome.out
    assert outcome.out.endswith("results agree within 4 standard errors\n")


def test_check_says_which_method_took_the_place_of_one_that_does_not_apply(greeks):
    outcome = greeks("check", "--contract", "lookback", "--strike", "105", "--vol", "0.2", "--greeks", "gamma")
    assert "likelihood (here pathwise)" in outcome.out


def test_check_exits_4_when_two_methods_disagree(greeks):
    outcome = greeks("check", *ATM, "--greeks", "gamma", "--z", "0.001", "--paths", "5000")
    assert outcome.code == 4
    assert "DISAGREES" in outcome.out
    assert re.search(r"^[1-9]\d* of \d+ results disagree within 0.001 standard errors$", outcome.out, re.MULTILINE)


def test_check_exits_4_when_the_drift_is_wrong(greeks, monkeypatch):
    true_drift = gbm.drift
    laws.law_of.cache_clear()
    traced._kept.cache_clear()
    monkeypatch.setattr(gbm, "drift", lambda leaves: true_drift(leaves) + 0.1 * leaves["vol"])
    try:
        assert greeks("check", *ATM, "--greeks", "vega").code == 4
    finally:
        laws.law_of.cache_clear()  # of the wrong drift
        traced._kept.cache_clear()


def test_tolerance_not_met_exits_4_with_the_best_result(greeks):
    outcome = greeks("price", *ATM, "--tol", "gamma=0.01%", "--max-paths", "150000", "--format", "csv")
    assert outcome.code == 4
    assert len(list(csv.DictReader(io.StringIO(outcome.out)))) == 6
    forecast, unmet = outcome.err.splitlines()
    assert forecast.startswith("about ")
    assert unmet.startswith("greeks: --tol gamma=0.01%: not met, standard error")


def test_converge_shows_standard_errors_falling_with_the_square_root_of_paths(greeks):
    outcome = greeks("converge", *ATM, "--greeks", "gamma", "--format", "csv", "--paths", "256000")
    rows = [row for row in csv.DictReader(io.StringIO(outcome.out)) if row["greek"] == "gamma"]
    by_paths = {int(row["paths"]): float(row["stderr"]) for row in rows if row["study"] == "paths"}
    assert by_paths[256_000] == pytest.approx(by_paths[4_000] / 8, rel=0.25)
    widths = [(float(row["width"]), float(row["error"])) for row in rows if row["study"] == "width"]
    assert len(widths) == 5
    assert widths[-1][1] > 10 * widths[1][1]
    assert "Bias of a plain softplus" in greeks("converge", *ATM, "--greeks", "gamma", "--paths", "20000").out
