"""Tables and pictures of text: widths, cuts, colours, characters of other scripts."""

import pytest

from greeks_cli.report.text.grid import Grid
from greeks_cli.report.text.screen import BOLD, CYAN, DIM, YELLOW, Screen, fitted, width_of
from greeks_cli.report.text.table import text_of


def grid_of(folds=False):
    grid = Grid(["Greek", "estimate", "unit"], left=("unit",), folds=folds)
    grid.add("price", "4.484", "currency")
    grid.add("d(spot[A],spot[B])", "-0.1", "per spot")
    return grid


def test_names_are_on_the_left_and_numbers_are_aligned():
    assert list(grid_of().lines(Screen())) == [
        " " * 42,
        " Greek                estimate   unit     ",
        " " + "─" * 40 + " ",
        " price                   4.484   currency ",
        " d(spot[A],spot[B])       -0.1   per spot ",
        " " * 42,
    ]


def test_ascii_has_lines_of_ascii_around_the_table():
    assert list(grid_of().lines(Screen(ascii_only=True)))[:4] == [
        "+----------------------------------------+",
        "|Greek              | estimate | unit    |",
        "|-------------------+----------+---------|",
        "|price              |    4.484 | currency|",
    ]


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [38, 30, 24])
def test_a_narrow_screen_folds_names_or_cuts_them(width, ascii_only):
    screen = Screen(width, ascii_only=ascii_only)
    folded, cut = list(grid_of(folds=True).lines(screen)), list(grid_of().lines(screen))
    assert {len(line) for line in (*folded, *cut)} == {width}
    assert "d(spot[A],spot[B])" in "".join(line.strip("| ").split(" ")[0] for line in folded[4:-1])
    assert screen.cut("abc", 2)[-1] in cut[4]
    assert "d(spot[A],spot[B])" not in "".join(cut)


def test_characters_of_two_columns_are_counted_and_cut_as_such():
    assert (width_of("日経"), width_of("e\u0301"), width_of("abc")) == (4, 1, 3)
    assert Screen().cut("日経平均", 5) == "日経…"
    assert Screen(ascii_only=True).cut("abcdef", 4) == "abc~"
    grid = Grid(["id", "price"])
    grid.add("日経", "1")
    assert list(grid.lines(Screen()))[3] == " 日経       1 "


def test_names_in_brackets_are_no_markup():
    grid = Grid(["Greek", "delta[bold]"])
    grid.add("delta[aapl]", "1")
    assert "delta[aapl]" in text_of(Screen(), "", [grid])
    assert "delta[bold]" in text_of(Screen(colour=True), "", [grid])


def test_titles_names_and_notes_have_styles_where_there_is_colour():
    text = text_of(Screen(60, colour=True), "title", [grid_of()], ["one note of words " * 5])
    assert text.startswith(f"\x1b[{BOLD}mtitle\x1b[0m\n")
    assert f"\x1b[{CYAN}mprice" in text
    assert text.count(f"\x1b[{YELLOW}m") == 2
    assert "\x1b" not in text_of(Screen(60), "title", [grid_of()], ["note"])


def test_neighbours_of_one_style_are_one_run():
    screen = Screen(colour=True)
    assert screen.line([("a", DIM), ("b", DIM), ("c", "")]) == f"\x1b[{DIM}mab\x1b[0mc"
    assert "".join(text for text, _ in fitted([("abc", DIM), ("def", BOLD)], 4)) == "abcd"
    assert "".join(text for text, _ in fitted([("abc", DIM)], 5)) == "abc  "


def test_backgrounds_are_the_nearest_of_216_colours_unless_the_screen_has_all():
    assert Screen(true_colour=True).on((107, 174, 214)) == "30;48;2;107;174;214"
    assert Screen().on((107, 174, 214)) == "30;48;5;74"  # 16 + 36 * 1 + 6 * 3 + 4
    assert Screen().on((255, 255, 255)) == "30;48;5;231"
