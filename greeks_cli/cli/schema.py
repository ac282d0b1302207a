"""``greeks schema``."""

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a book, for editors that check and complete TOML and JSON."""
    from greeks_cli.book.schema import book_schema

    click.echo(json.dumps(book_schema(), indent=2))
