"""``greeks doctor``."""

import click


@click.command("doctor")
def command() -> None:
    """Print versions, interpreter, threads, and the GPU or the reason why none is used."""
    from greeks_cli.run.machine.environment import facts
    from greeks_cli.run.machine.executors import described

    for name, value in [*facts(), ("executor", described())]:
        click.echo(f"{name:12} {value}")
