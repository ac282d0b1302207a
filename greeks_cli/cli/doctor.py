"""``greeks doctor``."""

import click


@click.command("doctor")
def command() -> None:
    """Print versions, interpreter, threads, and the GPU or the reason why none is used."""
    from greeks_cli.run.machine.environment import facts

    for name, value in facts():
        click.echo(f"{name:12} {value}")
