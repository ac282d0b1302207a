"""Fields of a contract and names of nodes that may be dates, tenors or rules."""

import re
from collections.abc import Sequence
from datetime import date

from greeks_cli.terms.dates.schedules import Rule
from greeks_cli.terms.nodes import label_of

DATED = ("expiry", "start", "elapsed", "window_start", "window_end")
"""Fields of a contract that may be a date or a tenor."""
LISTS = ("fixing_times", "monitoring_times", "knock_in_times", "exercise_times")
"""Fields of a contract that may be a list of dates."""
RULES = {
    "fixings": "fixing_times",
    "monitoring": "monitoring_times",
    "knock_in_monitoring": "knock_in_times",
    "exercise_times": "exercise_times",
}
"""Fields of a contract that may be a rule, and the field of the dates of the rule."""
DATE_FIELDS = (*DATED, *LISTS, *RULES)
"""All fields of a contract that may be a text about dates."""
_LOOKS_DATED = re.compile(r"\d{4}-|\d{1,2}[-/]\d|\d{1,2}\.\d{1,2}\.\d|\d{8}$|\d+[DWMYdwmy]")


def items_of(value: object) -> Sequence[object]:
    """The entries of a list, of a text with commas or semicolons between, or of a single value."""
    if isinstance(value, str):
        return [item.strip() for item in re.split("[,;]", value) if item.strip()]
    return value if isinstance(value, list | tuple) else [] if value is None else [value]


def is_dated(value: object) -> bool:
    """True for a date, and for a text that is no number but begins as a date or a tenor does."""
    if isinstance(value, date):
        return True
    return isinstance(value, str) and bool(_LOOKS_DATED.match(value.strip())) and not _is_number(value)


def _is_number(text: str) -> bool:
    try:
        return float(text) < 1e5
    except ValueError:
        return False


def label_of_date(node: str) -> str:
    """The name of a node: a date or a tenor as it is, a time as a number."""
    return label_of(float(node)) if _is_number(node) else node


def is_rule(value: object) -> bool:
    """True for the name of a rule, such as monthly."""
    return isinstance(value, str) and value.strip().lower() in list(Rule)
