"""Texts that are dates, tenors or rules, and names of nodes."""

from datetime import date

import pytest

from greeks_cli.terms.dates.date_fields import is_dated, is_rule, items_of, label_of_date


@pytest.mark.parametrize("value", ["2027-06-18", "18/06/2027", "18.6.2027", "20270618", "6M", "1y", date(2027, 6, 18)])
def test_dates_and_tenors_are_dated(value):
    assert is_dated(value)


@pytest.mark.parametrize("value", ["0.5", "1", "1e3", 0.5, "soon", "", None])
def test_times_and_words_are_not_dated(value):
    assert not is_dated(value)


def test_rules_are_known_by_name():
    assert is_rule(" Monthly ")
    assert not is_rule("0.5")
    assert not is_rule(12)


@pytest.mark.parametrize(
    ("value", "items"), [("0.25; 0.5,6M", ["0.25", "0.5", "6M"]), ([1, 2], [1, 2]), (None, []), (3, [3])]
)
def test_items_of_lists_and_texts(value, items):
    assert list(items_of(value)) == items


def test_a_time_names_its_node_in_shortest_form():
    assert [label_of_date(node) for node in ("0.50", "6M", "2027-06-18")] == ["0.5", "6M", "2027-06-18"]
