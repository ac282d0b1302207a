"""Curve, band and crosses are drawn in characters that none of the others has."""

import pytest

from greeks_cli.report.text.braille import Canvas, Ink


@pytest.mark.parametrize("ascii_only", [False, True])
def test_inks_share_no_character(ascii_only):
    canvas = Canvas(12, 5, ascii_only)
    canvas.band([0.1] * canvas.columns, [0.9] * canvas.columns)
    canvas.curve([i / canvas.columns for i in range(canvas.columns)])
    canvas.crosses([0.3 if i < canvas.columns / 2 else None for i in range(canvas.columns)])
    found = {ink: set() for ink in Ink}
    for line in canvas.lines():
        for character, ink in line:
            found[ink].add(character)
    assert all(found[ink] for ink in (Ink.CURVE, Ink.BAND, Ink.CROSS))
    assert len(set().union(*found.values())) == sum(map(len, found.values()))


def test_crosses_stand_where_there_is_a_number():
    canvas = Canvas(12, 5)
    canvas.crosses([0.5] * 12 + [None] * 12)
    crosses = [[at for at, (_, ink) in enumerate(line) if ink is Ink.CROSS] for line in canvas.lines()]
    assert crosses == [[], [], [2], [], []]
