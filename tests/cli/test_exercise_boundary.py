"""``greeks profile --boundary``: the law of early exercise in every format."""

import csv
import io
import json
import re

import pytest

PUT = ("--type", "put", "--strike", "100", "--vol", "0.2", "--rate", "0.05")
AMERICAN = (*PUT, "--exercise", "american", "--exercise-dates", "8")
PROFILE = ("profile", *AMERICAN, "--boundary")


def test_the_boundary_is_that_of_price_in_all_formats(greeks):
    price = json.loads(greeks("price", *AMERICAN, "--paths", "1000", "--greeks", "price", "--format", "json").out)
    found = json.loads(greeks(*PROFILE, "--format", "json").out)
    assert found["exercise"] == price["exercise"]
    lines = list(csv.DictReader(io.StringIO(greeks(*PROFILE, "--format", "csv").out)))
    assert [{name: float(cell) for name, cell in line.items()} for line in lines] == price["exercise"]["dates"]
    table = greeks(*PROFILE).out
    for date in price["exercise"]["dates"]:
        assert re.search(rf"^ {date['time']:g} +{date['boundary']:.5g} ", table, re.MULTILINE)


def test_the_boundary_of_a_put_rises_to_its_strike(greeks):
    law = json.loads(greeks(*PROFILE, "--format", "json").out)["exercise"]
    boundary = [date["boundary"] for date in law["dates"]]
    assert boundary == sorted(boundary)
    assert boundary[-1] == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("form", ["svg", "html"])
def test_a_picture_shows_boundary_and_probability(greeks, tmp_path, form):
    pytest.importorskip("matplotlib")
    file = tmp_path / f"boundary.{form}"
    assert greeks(*PROFILE, "-o", str(file)).code == 0
    assert {"exercise boundary", "probability of exercise"} <= set(re.findall(r">([^<>]+)</text>", file.read_text()))


def test_a_put_that_is_exercised_now_has_a_probability_of_1(greeks):
    outcome = greeks(*PROFILE, "--spot", "50")
    assert re.search(r"^ 0 +- +1 ± 0", outcome.out, re.MULTILINE)


REFUSED = {
    "a european": (("profile", *PUT, "--boundary"), "wants early exercise; give --exercise american"),
    "an axis": ((*PROFILE, "--over", "spot=90:110:3"), "varies nothing beside --boundary"),
    "a plot": ((*PROFILE, "--format", "plot"), "is no format of --boundary; use one of table, csv"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_boundary_is_refused_with_a_remedy(greeks, name):
    arguments, said = REFUSED[name]
    outcome = greeks(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
