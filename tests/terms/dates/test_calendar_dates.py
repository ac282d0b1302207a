from datetime import date, datetime, timedelta

import pytest

from greeks_cli.terms.dates.calendar_dates import Tenor, later, months_later, read_date, read_tenor, refusal


def test_a_date_is_iso_text_or_a_date():
    assert read_date("2027-06-18") == date(2027, 6, 18)
    assert read_date("2028-02-29") == date(2028, 2, 29)
    assert read_date(date(2027, 6, 18)) == date(2027, 6, 18)


@pytest.mark.parametrize(
    "value",
    [
        "18/06/2027",
        "06-18-27",
        "2027-6-18",
        "2027-06-18 ",
        " 2027-06-18",
        "2027-06-18\n",
        "2027-06-18T00:00",
        "2027-W24-5",
        "2027/06/18",
        "20270229",
        "٢٠٢٧-٠٦-١٨",
        "２０２７-０６-１８",  # noqa: RUF001
        "-2027-06-18",
        "18 June 2027",
        "",
        2027,
        2027.5,
        None,
        True,
    ],
)
def test_other_values_are_refused_with_the_form_wanted(value):
    with pytest.raises(
        ValueError, match=r": not a date of the form YEAR-MONTH-DAY; write (one such as )?2027-06-18\Z"
    ) as caught:
        read_date(value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("value", ["20281231", 20281231])
def test_eight_digits_are_refused_with_their_date(value):
    with pytest.raises(ValueError, match=r"^20281231: .*; write 2028-12-31\Z"):
        read_date(value)


@pytest.mark.parametrize("value", ["2027-02-30", "2027-02-29", "2027-13-01", "2027-00-10", "2027-06-31", "0000-01-01"])
def test_dates_that_do_not_exist_are_refused(value):
    with pytest.raises(ValueError, match=rf"^{value}: no such date \(.*\); write a date such as 2027-06-18\Z"):
        read_date(value)


def test_a_date_with_a_time_of_day_is_refused():
    with pytest.raises(ValueError, match=r"^2027-06-18 17:30:00: a date has no time of day; write 2027-06-18\Z"):
        read_date(datetime(2027, 6, 18, 17, 30))


def test_a_refusal_is_one_short_line():
    assert str(refusal("a\nb\x1b", "no")) == r"a\nb\x1b: no"
    assert str(refusal("x" * 1000, "no")) == "x" * 80 + "...: no"
    assert str(refusal("", "no")) == "'': no"


@pytest.mark.parametrize(
    ("text", "tenor"),
    [
        ("10D", Tenor(0, 10)),
        ("2W", Tenor(0, 14)),
        ("6M", Tenor(6, 0)),
        ("6m", Tenor(6, 0)),
        ("1Y", Tenor(12, 0)),
        ("1Y6M", Tenor(18, 0)),
        ("1y2m3w4d", Tenor(14, 25)),
        ("1Y0M1D", Tenor(12, 1)),
        ("90000D", Tenor(0, 90_000)),
    ],
)
def test_a_tenor_is_counts_of_units_from_the_largest_down(text, tenor):
    assert read_tenor(text) == tenor


@pytest.mark.parametrize(
    "text", ["", "6", "M", "6M1Y", "1Y1Y", "-6M", "+6M", "1.5Y", "6 M", "6M ", "6M\n", "٦M", "1B", "6MONTHS", "100000D"]
)
def test_text_that_is_no_tenor_is_refused(text):
    with pytest.raises(ValueError, match=r": not a tenor; write .* such as 6M, the largest unit first as in 1Y6M\Z"):
        read_tenor(text)


@pytest.mark.parametrize("text", ["0D", "0Y0M"])
def test_a_tenor_of_length_zero_is_refused(text):
    with pytest.raises(ValueError, match=rf"^{text}: a tenor is longer than nothing; write one such as 6M\Z"):
        read_tenor(text)


@pytest.mark.parametrize(
    ("day", "tenor", "result"),
    [
        ("2027-01-31", "1M", "2027-02-28"),
        ("2028-01-31", "1M", "2028-02-29"),
        ("2028-02-29", "1Y", "2029-02-28"),
        ("2028-02-29", "4Y", "2032-02-29"),
        ("2027-02-28", "1M", "2027-03-28"),
        ("2027-11-30", "3M", "2028-02-29"),
        ("2027-06-18", "1Y6M", "2028-12-18"),
        ("2027-12-31", "1D", "2028-01-01"),
        ("2027-06-18", "2W", "2027-07-02"),
        ("2027-01-31", "1M1D", "2027-03-01"),
        ("2027-12-15", "12M", "2028-12-15"),
        ("2099-12-31", "2M", "2100-02-28"),
    ],
)
def test_a_later_date_has_the_same_day_or_the_last_of_its_month(day, tenor, result):
    assert str(later(date.fromisoformat(day), read_tenor(tenor))) == result


@pytest.mark.parametrize("tenor", ["8000Y", "99999Y", "99999D", "9Y7M"])
def test_a_later_date_beyond_year_9999_is_refused(tenor):
    with pytest.raises(ValueError, match=r"^9990-06-18: no calendar reaches .* further; write a shorter tenor\Z"):
        later(date(9990, 6, 18), read_tenor(tenor))


@pytest.mark.parametrize("months", [-24313, 95676])
def test_months_outside_the_calendar_are_refused(months):
    edge = months_later(date(2027, 1, 31), months + (1 if months < 0 else -1))
    assert edge in (date(1, 1, 31), date(9999, 12, 31))
    with pytest.raises(ValueError, match="no year from 1 to 9999"):
        months_later(date(2027, 1, 31), months)


def test_months_back_and_forth_keep_every_day_up_to_the_28th():
    start = date(2024, 1, 1)
    for day in (start + timedelta(days=count) for count in range(1500)):
        for months in (1, 11, 12, 13, 25):
            there = months_later(day, months)
            assert (there.year * 12 + there.month) - (day.year * 12 + day.month) == months
            assert there.day == day.day or (there.day < day.day and (there + timedelta(days=1)).day == 1)
            if day.day <= 28:
                assert months_later(there, -months) == day
