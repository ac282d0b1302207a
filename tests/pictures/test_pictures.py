"""README's pictures show what the commands under them draw today."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.pictures import COMMANDS, FOLDER

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def words(picture):
    """All text: titles, labels, numbers of the axes, legend, seed."""
    return [text for element in picture.iter(f"{SVG}text") if (text := "".join(element.itertext()).strip())]


NAMED = re.compile(r" (estimate|exact|standard error, \w+ \w+|estimate of the bias)$")


def lines(picture):
    """The shape of every named line and contour, scaled to its extent."""
    for group in picture.iter(f"{SVG}g"):
        if NAMED.search(group.get("id", "")):
            drawn = " ".join(path.get("d", "") for path in group.findall(f"{SVG}path"))
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", drawn)]
            yield group.get("id"), scaled(numbers[::2]), scaled(numbers[1::2])


def scaled(numbers):
    low, high = min(numbers), max(numbers)
    return [(number - low) / ((high - low) or 1) for number in numbers]


@pytest.mark.parametrize("name", COMMANDS)
def test_picture_shows_what_its_command_draws(greeks, name, tmp_path):
    outcome = greeks(*COMMANDS[name].split(), "-o", str(tmp_path / name))
    assert (outcome.code, outcome.err) == (0, "")
    now, kept = (ElementTree.parse(folder / name).getroot() for folder in (tmp_path, FOLDER))
    assert words(now) == words(kept), "python -m tests.pictures draws it anew"
    drawn = list(lines(kept))
    assert len(drawn) >= 2
    for ours, theirs in zip(lines(now), drawn, strict=True):
        assert ours[0] == theirs[0]
        for now_along, kept_along in zip(ours[1:], theirs[1:], strict=True):
            assert now_along == pytest.approx(kept_along, abs=2e-3)


@pytest.mark.parametrize("name", COMMANDS)
def test_readme_shows_the_picture_and_its_command(name):
    assert f"(tests/pictures/{name})" in README
    assert f"greeks {COMMANDS[name]} -o {name}" in README
    assert (FOLDER / name).stat().st_size < 400_000
