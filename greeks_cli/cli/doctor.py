"""``greeks doctor``."""

import click


@click.command("doctor")
def command() -> None:
    """Print versions, interpreter, threads, and which GPU is seen or why none is."""
    from greeks_cli.run.environment import facts

    for name, value in facts():
        click.echo(f"{name:12} {value}")
