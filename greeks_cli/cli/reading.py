"""Options for reading the files of a book."""

import functools
from collections.abc import Callable
from typing import Any

import click

from greeks_cli.cli.sections import Section, option

Command = Callable[..., Any]
_FORMATS = ("toml", "json", "csv", "jsonl")


def reading_options(function: Command) -> Command:
    """Adds the options for reading a book; the function receives them as its argument ``reading``."""

    @functools.wraps(function)
    def with_reading(*args: Any, columns: str, ignore_columns: str, input_format: str | None, **own: Any) -> Any:
        from greeks_cli.book.records import Reading
        from greeks_cli.book.text.columns import parse_columns

        return function(*args, reading=Reading(parse_columns(columns, ignore_columns), input_format), **own)

    options = (
        option(
            "--columns",
            section=Section.INPUT,
            metavar="FIELD=COLUMN,...",
            default="",
            help="Columns of CSV files (of --market too) by field: spot='Last Price',vol=IV. Usual names are known.",
        ),
        option(
            "--ignore-columns",
            section=Section.INPUT,
            metavar="COLUMN,...",
            default="",
            help="Columns of CSV files to leave out: Bid,Ask.",
        ),
        option(
            "--input-format",
            section=Section.INPUT,
            type=click.Choice(_FORMATS),
            help="Format of standard input (-) and of files whose extension says none. [default: jsonl for -]",
        ),
    )
    for decorator in reversed(options):
        with_reading = decorator(with_reading)
    return with_reading
