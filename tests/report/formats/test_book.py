"""Tables of books: no number is cut, and what does not fit is named; rows in CSV are one level of cells."""

import pytest

from greeks_cli.report.formats.book import BookFormat, rendered
from greeks_cli.report.text.screen import Screen

NAMES = ("price", "delta", "gamma", "vega", "theta", "rho")


def row(number, **changes):
    estimates = [
        {"name": name, "value": 262_000.0 + i, "stderr": 37.0, "bias": 0.0, "warning": None} | changes
        for i, name in enumerate(NAMES)
    ]
    return {"id": f"T{number}", "status": "ok", "estimates": estimates}


@pytest.mark.parametrize("width", [40, 60, 80])
def test_narrow_screens_leave_out_greeks_by_name_and_cut_no_number(width):
    text = rendered([row(1), row(2)], BookFormat.TABLE, False, Screen(width))
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    (heading,) = (line for line in lines if line.lstrip().startswith("id"))
    shown = heading.split()[1:]
    assert shown == list(NAMES[: len(shown)])
    assert 1 <= len(shown) < len(NAMES)
    left_out = " ".join(text[text.index("left out for width: ") :].split())
    assert left_out.startswith(f"left out for width: {', '.join(NAMES[len(shown) :])};")
    assert text.count("262,000 ± 40") == 2


def test_a_wide_screen_and_a_pipe_show_all():
    for width in (200, None):
        text = rendered([row(1)], BookFormat.TABLE, False, Screen(width))
        assert "left out" not in text
        assert "262,005 ± 40" in text


def test_a_pipe_shows_many_greeks_whole():
    estimates = [{**one, "name": f"{one['name']}{i}"} for i in range(10) for one in row(1)["estimates"]]
    text = rendered([{"id": "T", "status": "ok", "estimates": estimates}], BookFormat.TABLE, False, Screen())
    assert text.count("262,003 ± 40") == 10


POSITION = {"quantity": -1_500.0, "tags": {"desk": "north [/] desk", "[/b]": "x"}}
HELD = [
    row(1, value=-1.5e6, stderr=37.0) | {"position": POSITION},
    row(2),
    {"id": "x", "status": "error", "error": "no"},
    row(3) | {"id": "total[tags.desk=a]", "status": "total", "trades": 2, "by": {"tags.desk": "a"}},
]


def test_quantities_and_tags_are_shown_beside_the_ids():
    lines = rendered(HELD, BookFormat.TABLE, False, Screen()).splitlines()
    assert lines[2].split()[:5] == ["id", "quantity", "tags.desk", "tags.[/b]", "price"]
    assert lines[4].split()[:7] == ["T1", "-1,500", "north", "[/]", "desk", "x", "-1,500,000"]
    assert lines[5].split()[:3] == ["T2", "1", "262,000"]
    assert lines[6].split()[:2] == ["x", "-"]
    assert lines[7].split()[:3] == ["total[tags.desk=a]", "a", "262,000"]


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (110, "tags.desk, tags.[/b], theta, rho"),
        (60, "tags.desk, tags.[/b], delta, gamma, vega, theta, rho"),
        (40, "quantity, tags.desk, tags.[/b], delta, gamma, vega, theta, rho"),
    ],
)
def test_narrow_screens_leave_out_tags_first_then_greeks_and_quantities_last(width, left_out):
    text = rendered(HELD, BookFormat.TABLE, False, Screen(width))
    assert f"left out for width: {left_out};" in " ".join(text.split())
    assert text.count("-1,500,000 ± 40") == len(NAMES) - sum(name in left_out for name in NAMES)


def test_a_long_id_is_cut_before_a_number():
    long = row(1) | {"id": "T" * 90}
    text = rendered([long, row(2)], BookFormat.TABLE, False, Screen(60))
    assert text.count("262,000 ± 40") == 2
    assert "TTT\N{HORIZONTAL ELLIPSIS} " in text


def test_bias_and_warnings_are_shown():
    text = rendered([row(1, bias=12.0), row(2, warning="heavy tails")], BookFormat.TABLE, False, Screen())
    assert "262,000 ± 40 (10)" in text
    assert "262,000 ± 40 !" in text
    assert "T2: rho: heavy tails" in text


def test_many_warnings_are_counted():
    text = rendered([row(i, warning="heavy tails") for i in range(9)], BookFormat.TABLE, False, Screen())
    assert text.count(": heavy tails") == 20
    assert "and 34 more warnings; --format csv has all" in text


def test_dates_have_columns_of_their_own_beside_years():
    dated = row(1) | {
        "contract": {"kind": "asian", "expiry": 0.5, "fixing_times": [0.25, 0.5]},
        "dates": {"expiry": "2027-05-30", "fixing_times": ["2027-02-28", "2027-05-30"]},
        "position": {"quantity": -2.0, "tags": {"desk": "north"}},
    }
    header, first, *_ = rendered([dated], BookFormat.CSV, False, Screen()).splitlines()
    cells = dict(zip(header.split(","), first.split(","), strict=True))
    assert (cells["expiry"], cells["expiry_date"]) == ("0.5", "2027-05-30")
    assert (cells["fixing_times"], cells["fixing_dates"]) == ("0.25;0.5", "2027-02-28;2027-05-30")
    assert (cells["quantity"], cells["tags.desk"]) == ("-2.0", "north")
