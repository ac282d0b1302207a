"""``greeks init``."""

import sys
from pathlib import Path

import click

from greeks_cli.terms.errors import InvalidInput, Problem


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path), required=False)
def command(file: Path | None) -> None:
    """Write a commented template of a book to FILE or to stdout; an existing file is not overwritten."""
    from greeks_cli.book.template import template

    if file is None:
        sys.stdout.write(template())
        return
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError:
        raise InvalidInput([Problem((str(file),), "is there already; choose another name")]) from None
    except OSError as error:
        raise InvalidInput([Problem((str(file),), f"{error.strerror or error}; choose another place")]) from None
