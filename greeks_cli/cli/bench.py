"""``greeks bench``."""

import click

from greeks_cli.cli.bounded import Whole
from greeks_cli.cli.sections import Command, Section, option


@click.command("bench", cls=Command)
@option("--threads", section=Section.RUN, type=Whole(1, 1024), help="Threads. [default: the cores available]")
def command(threads: int | None) -> None:
    """Time three workloads on this machine, beside a floor: the time NumPy takes to draw as many normals.

    A time below the floor is possible, because greeks draws normals faster than NumPy. Times are
    medians of five runs and include all standard errors. Takes about ten seconds on two cores.
    """
    from greeks_cli.run.workloads import measured

    click.echo("workload   seconds     floor   times the floor")
    for speed in measured(threads):
        ratio = speed.seconds / speed.floor_seconds
        click.echo(f"{speed.letter:8} {speed.seconds:9.3f} {speed.floor_seconds:9.3f} {ratio:9.1f}   {speed.what}")
